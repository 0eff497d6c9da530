#!/usr/bin/env bash
# What inspectors/ holds: both networks at full width on real images, then, at a
# quarter of the width and with three seeds, with a generator's images.
#   bash results/inspectors.sh DATA GENERATED
# Goes on where it stopped; leaves the reports in runs/inspectors/.
set -euo pipefail
study() {
  "${PYTHON:-python}" -m pegan_jax.main --mode study --config.data_dir="$data" "$@"
}
data=$1
for network in mobilenetv2 resnet18; do
  study --workdir "runs/inspectors/$network" --config.network="$network" --config.width=1
done
study --workdir runs/inspectors/generated --config.generated="$2" --config.width=0.25 \
  --config.seeds=3
