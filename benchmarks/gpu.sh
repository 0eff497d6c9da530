#!/usr/bin/env bash
# Measures and trains on a machine with a GPU, in pieces of less than nine minutes.
#
#   benchmarks/gpu.sh PIECE DATA OUT
#
# DATA is a built data set of 64x64 crops, its matches found (--mode match). OUT gets a
# log and small files of each piece. A piece that is stopped goes on when it is run again
# where runs/gpu is still there. The pieces:
#
#   check     training, resume, generate and evaluate; losses beside the CPU's
#   step      an iteration against PyTorch, eager and compiled, 64 and 128
#   profile   its operators, and what other ways to compile it would bring
#   train     runs of $RUNS (name=config:seed), side by side, to $STEPS updates or for
#             $SECONDS_EACH seconds
#   finish    evaluates them, generates, and packs what is small
#   compare   all methods, 1,000 updates
#   study     do the images of these runs help?
#
# WIDTH, STEPS, FLAGS (of pegan_jax.main) and SECONDS_EACH change the size: WIDTH=0.125
# STEPS=4 FLAGS='--config.image_size=32' rehearses on a CPU.
set -uo pipefail
piece=$1 data=$(realpath "$2") out=$3
width=${WIDTH:-1} steps=${STEPS:-20000} seconds=${SECONDS_EACH:-480} python=${PYTHON:-python3}
read -ra flags <<< "${FLAGS:-}"
runs=${RUNS:-plus0=pegan_plus:0 plus1=pegan_plus:1 plus2=pegan_plus:2} pids=()
mkdir -p "$out" runs/gpu
export XLA_PYTHON_CLIENT_MEM_FRACTION=${XLA_PYTHON_CLIENT_MEM_FRACTION:-.2}  # Several share it.
export TF_CPP_MIN_LOG_LEVEL=${TF_CPP_MIN_LOG_LEVEL:-2}  # XLA warns of its own timers.
export JAX_COMPILATION_CACHE_DIR=${JAX_COMPILATION_CACHE_DIR:-$PWD/runs/gpu/compiled}
failures=$(mktemp)  # Also of what runs aside.

say() { echo "== $(date +%T) $*"; }
run() {  # Runs a command; what fails is said, and the others go on.
  say "$*"
  "$@" || [ $? = 143 ] || echo "$*" >> "$failures"  # 143: stopped, as `train` does.
}
main() {  # CONFIG WORKDIR [FLAG...]
  run "$python" -m pegan_jax.main --config "$1" --workdir "runs/gpu/$2" \
    --config.data_dir="$data" --config.width="$width" "${flags[@]}" "${@:3}"
}

check() {
  check_method pegan &
  check_method pegan_plus
  wait
}

check_method() {
  local config=$1 few=(
    --config.log_every=1 --config.checkpoint_every=3 --config.sample_every=3
    --config.eval_every=0 --config.num_samples=2 --config.generate.per_class=16
    --config.evaluate.count=16 --config.evaluate.repeats=2)
  JAX_PLATFORMS=cpu main "$config" "$config-cpu" "${few[@]}" --config.num_steps=3 &
  JAX_DEFAULT_MATMUL_PRECISION=highest \
    main "$config" "$config-highest" "${few[@]}" --config.num_steps=3 &
  main "$config" "$config-bfloat16" "${few[@]}" --config.num_steps=3 --config.dtype=bfloat16 &
  main "$config" "$config-whole" "${few[@]}" --config.num_steps=6 &
  main "$config" "$config" "${few[@]}" --config.num_steps=3
  main "$config" "$config" "${few[@]}" --config.num_steps=6
  main "$config" "$config" "${few[@]}" --config.num_steps=6 --mode generate
  main "$config" "$config" "${few[@]}" --config.num_steps=6 --mode evaluate
  wait
  for other in cpu highest bfloat16 whole; do
    run "$python" -m benchmarks.same_losses "runs/gpu/$config-$other" "runs/gpu/$config"
  done
  run "$python" -m benchmarks.same_losses "runs/gpu/$config-cpu" "runs/gpu/$config-highest"
}

step() {
  for size in ${SIZES:-64 128}; do
    run "$python" -m benchmarks.train_step --image_size "$size" --width "$width" \
      --dtypes float32 bfloat16 --rounds 3 ${COMPILE---compile}
  done
}

profile() {
  for size in ${SIZES:-64 128}; do
    for dtype in ${DTYPES:-float32 bfloat16}; do
      local same=(--image_size "$size" --width "$width" --dtype $dtype)
      run "$python" -m benchmarks.iteration "${same[@]}" --rounds 3 --variants \
        'permuted dimensions' 'unrolled loop' 'ten a dispatch'
      run "$python" -m benchmarks.profile "${same[@]}"
      XLA_FLAGS="${XLA_FLAGS:-} --xla_gpu_force_conv_nhwc=true" \
        run "$python" -m benchmarks.iteration "${same[@]}" --variants
    done
  done
  run "$python" -m benchmarks.iteration --method pegan_plus --width "$width" --variants \
    'permuted dimensions' 'ten a dispatch'
  run "$python" -m benchmarks.profile --method pegan_plus --width "$width"
}

train() {
  for spec in $runs; do
    local name=${spec%%=*} config=${spec#*=}
    main "${config%:*}" "$name" --config.seed="${config##*:}" --config.num_steps="$steps" \
      --config.max_to_keep=6 &> "$out/$name.train.log" &
    pids+=($!)
    # The next run finds the first one's step compiled.
    until grep -q 'first step after' "$out/$name.train.log" || ! kill -0 $!; do sleep 1; done
  done
  (sleep $((seconds - SECONDS)); pkill -TERM -f 'pegan_jax.main --config') &
  wait "${pids[@]}"
  tail -n 2 "$out"/*.train.log
}

finish() {
  local names=() step  # The newest that all have, so that no result chooses it.
  for spec in $runs; do names+=("${spec%%=*}"); done
  step=$(for name in "${names[@]}"; do ls "runs/gpu/$name/checkpoints"; done | grep -xE '[0-9]+' \
         | sort -n | uniq -c | awk -v all=${#names[@]} '$1 == all {print $2}' | tail -n 1)
  [ "$step" ] || { run false "no step of which all runs have a checkpoint"; return; }
  say "all have a checkpoint of step $step"
  for spec in $runs; do
    local name=${spec%%=*} config=${spec#*=}
    for mode in evaluate generate; do
      main "${config%:*}" "$name" --config.seed="${config##*:}" --config.num_steps="$steps" \
        --config.max_to_keep=6 --config.generate.per_class="${PER_CLASS:-200}" \
        --config.generate.checkpoint="$step" --config.evaluate.checkpoint="$step" \
        --mode $mode &>> "$out/$name.$mode.log" &
      pids+=($!)
    done
  done
  wait "${pids[@]}"
  for name in "${names[@]}"; do pack "$name"; done
}

pack() {  # Keeps what is small of a run.
  grep -v 'seconds' "$out/$1.evaluate.log" | tail -n 3
  tail -n 2 "$out/$1.generate.log"
  grep -o '"step": [0-9]*\|"eval/kid": [0-9.e-]*' "runs/gpu/$1/metrics.jsonl" | grep -B1 kid | paste -sd' '
  tar -C runs/gpu -czf "$out/$1.tar.gz" --exclude=checkpoints --exclude=best \
    --exclude=tensorboard "$1"
  ls -l "$out/$1.tar.gz"
}

compare() {
  main compare compare --mode compare --config.updates="${STEPS:-1000}" --config.seeds=0,
  cp runs/gpu/compare/table.* runs/gpu/compare/sheet.png "$out"
}

study() {
  main study study --mode study \
    --config.generated="$(for spec in $runs; do echo "runs/gpu/${spec%%=*}/generated"; done | paste -sd,)"
  cp runs/gpu/study/study.* "$out"
}

{
  say "$piece: $(nvidia-smi -L 2>/dev/null || echo no GPU), commit ${COMMIT:-$(git rev-parse --short HEAD)}"
  run "$python" -c 'import jax, flax, sys; print(sys.version, jax.__version__, flax.__version__, jax.devices())'
  "$piece"
  say "$piece ends, $([ -s "$failures" ] && echo "FAILED: $(cat "$failures")" || echo all went well)"
} 2>&1 | tee -a "$out/$piece.log"
exit "$(wc -l < "$failures")"
