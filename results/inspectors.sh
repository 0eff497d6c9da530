#!/usr/bin/env bash
# What inspectors/ holds: both networks at full width on real images, then, at a
# quarter of the width and with three seeds, with a generator's images.
#   bash results/inspectors.sh DATA GENERATED
# Goes on where it stopped; leaves the reports in runs/inspectors/.
set -euo pipefail
study() { "${PYTHON:-python}" -m pegan_jax.inspection study --data "$data" "$@"; }
data=$1
for network in mobilenetv2 resnet18; do
  study --out "runs/inspectors/$network" --network "$network" --width 1
done
study --out runs/inspectors/generated --generated "$2" --width 0.25 --seeds 3
