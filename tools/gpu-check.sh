#!/usr/bin/env bash
# What only a GPU can tell: goldens, invariances, compute-sanitizer and speed of plans for it.
#   tools/gpu-check.sh [--bin DIR] [--work DIR] [--out DIR] [--models main,swa,csa,hca]
# --bin   folder of v4-compile, v4-run, v4-bench (default: built into build/release)
# --work  folder for checkpoints and plans (default: build/gpu-check)
# --out   folder that keeps the results (default: test/bench/gpu), one <device>.json per kind of GPU
# --models  whose goldens are compared; invariances are those of the first
# Exit codes: 0 all that ran passed, 1 bad flags, 2 a check failed, 3 no GPU here that plans are made for.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin='' work=build/gpu-check out=test/bench/gpu models=main,swa,csa,hca
while [ $# -gt 0 ]; do
  case $1 in
    --bin | --work | --out | --models)
      [ $# -gt 1 ] || { echo "tools/gpu-check.sh: $1 needs a value; see --help" >&2; exit 1; }
      value=$2
      # Folders are the caller's.
      case $1,$value in --models,* | *,/*) ;; *) value=$caller/$value ;; esac
      printf -v "${1#--}" %s "$value"
      shift 2 ;;
    -h | --help)
      sed -n '2,8s/^# \{0,1\}//p' tools/gpu-check.sh
      exit 0 ;;
    *)
      echo "tools/gpu-check.sh: unknown argument '$1', expected --bin, --work, --out or --models; see --help" >&2
      exit 1 ;;
  esac
done

# Of the first GPU, the one that the runtime takes.
query() { nvidia-smi --query-gpu="$1" --format=csv,noheader -i 0 2>/dev/null; }
if ! device=$(query name) || ! capability=$(query compute_cap) || ! driver=$(query driver_version) || [ -z "$device" ]; then
  echo "tools/gpu-check.sh: nvidia-smi shows no GPU, expected one with its driver; run this on a machine that has one" >&2
  exit 3
fi
target=cuda:sm_${capability/./}a
case $target in
  cuda:sm_90a | cuda:sm_100a | cuda:sm_120a) ;;
  *)
    echo "tools/gpu-check.sh: $device has compute capability $capability, expected 9.0, 10.0 or 12.0" >&2
    exit 3 ;;
esac

mkdir -p "$work/cache" "$work/kernels" "$out"
export V4_TEST_KERNEL_CACHE=$work/kernels
if [ -z "$bin" ]; then
  bin=build/release/bin
  cmake --preset release >"$work/build.log"
  cmake --build --preset release -j "$(nproc)" --target v4-compile v4-run v4-bench v4-inspect v4-verify >>"$work/build.log"
fi

names=() verdicts=() seconds=()
# check NAME COMMAND...: its output goes to a log of that name; 77 is "not run". Within COMMAND `set -e` is off: what it
# is made of is joined by &&.
check() {
  local name=$1 begin=$SECONDS code=0
  shift
  "$@" >"$work/$name.log" 2>&1 || code=$?
  names+=("$name") seconds+=($((SECONDS - begin)))
  case $code in
    0) verdicts+=(passed) ;;
    77) verdicts+=('not run') ;;
    *) verdicts+=("failed ($code)") ;;
  esac
  printf '%-18s %-14s %4d s  %s\n' "$name" "${verdicts[-1]}" "${seconds[-1]}" "$work/$name.log"
}

python=${PYTHON:-python3}
e2e=(--bin "$bin" --cache "$work/cache" "--compile-flag=--target=$target")
plan=$work/tiny.v4plan

sanitize() {
  command -v compute-sanitizer >/dev/null || return 77
  compute-sanitizer --tool "$1" --error-exitcode 2 "$bin/v4-run" "$plan" --tokens=0,17,301,44,5,260 -n 4 --ignore-eos
}

make_plan() {
  rm -f "$plan" &&
    { [ -f "$work/tiny/MANIFEST.json" ] || tools/make-checkpoint --preset tiny --seed 1 --out "$work/tiny"; } &&
    "$bin/v4-compile" "$work/tiny" -o "$plan" "--target=$target" "--kernel-cache=$work/kernels" &&
    "$bin/v4-verify" "$plan" --closed-world
}

measure() {
  "$bin/v4-bench" "$plan" -p 128 -n 32 -b 1,8 -r 3 -o json >"$work/bench.part" &&
    mv "$work/bench.part" "$work/bench.json"
}

echo "$device, driver $driver, $target"
check compile make_plan
check goldens "$python" test/e2e/goldens.py "${e2e[@]}" --models "$models"
check invariance "$python" test/e2e/invariance.py "${e2e[@]}" --model "${models%%,*}"
check tiles "$python" test/e2e/cuda_tiles.py --bin "$bin" --cache "$work/cache" --target "$target"
check memcheck sanitize memcheck
check racecheck sanitize racecheck
rm -f "$work/bench.json"
check bench measure

# Text of a JSON string.
quoted() {
  local text
  text=$(tr -d '[:cntrl:]' <<<"$1")
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

file=$out/$(tr -cs 'A-Za-z0-9' '-' <<<"$device" | sed 's/^-*//; s/-*$//').json
{
  printf '{"date": "%s", "device": %s, "driver": %s, "target": "%s", "commit": "%s", "checks": [' "$(date -u +%F)" \
    "$(quoted "$device")" "$(quoted "$driver")" "$target" "$(git rev-parse HEAD 2>/dev/null || echo unknown)"
  for i in "${!names[@]}"; do
    printf '%s{"name": "%s", "verdict": "%s", "seconds": %d}' "$([ "$i" = 0 ] || echo ', ')" "${names[$i]}" \
      "${verdicts[$i]}" "${seconds[$i]}"
  done
  printf '], "bench": '
  if [ -s "$work/bench.json" ]; then cat "$work/bench.json"; else printf null; fi
  printf '}\n'
} >"$file"
echo "kept in $file"
for verdict in "${verdicts[@]}"; do
  case $verdict in failed*) exit 2 ;; esac
done
