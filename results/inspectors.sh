#!/usr/bin/env bash
# The inspectors at full width on real images, and with a generator's if a folder
# is given:
#   bash results/inspectors.sh DATA [GENERATED...]
# Both networks, five seeds; goes on where it stopped. Leaves the reports in
# runs/inspectors/<network>/.
set -euo pipefail
data=$1; shift
flags=()
for folder in "$@"; do flags+=(--generated "$folder"); done
for network in resnet18 mobilenetv2; do
  "${PYTHON:-python}" -m pegan_jax.inspection study --data "$data" \
    --out "runs/inspectors/$network" --network "$network" --width 1 "${flags[@]}"
done
