#!/usr/bin/env bash
# Fuzzes what reads foreign bytes, with AddressSanitizer and UBSan.
#   test/fuzz/run.sh SECONDS [TARGET]...   all targets, or these, each for that long, two at a time (0: only builds them)
# The build, what a target has learned and its findings are in build/fuzz (or $V4_FUZZ_BUILD). An input that was found
# belongs into test/fuzz/corpus/TARGET, together with the fix. Exit code 1: a finding, a target that hangs, or no build.
# V4_FUZZ_SEED=N repeats what it tries from a given corpus, for a gate that must not turn red by chance.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${V4_FUZZ_BUILD:-$root/build/fuzz}
all=(plan state weights requests certificate machine safetensors index config module)

[[ ${1:-} =~ ^[0-9]{1,6}$ ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 1; }
seconds=$1
shift
for target in "$@"; do
  [[ " ${all[*]} " == *" $target "* ]] || { echo "run.sh: '$target' is no target, expected: ${all[*]}" >&2; exit 1; }
done
targets=("${@:-${all[@]}}")

# Good inputs: those that the target makes, those that the repository has for other reasons, those that were found here.
gather_seeds() {
  local target=$1 to=$2 file
  V4_FUZZ_SEEDS=$to timeout --kill-after=10 120 "$build/bin/fuzz-$target" && [ -f "$to/made-0" ] || return 1
  for file in "$here/corpus/$target"/*; do
    [ ! -f "$file" ] || cp "$file" "$to/found-$(basename "$file")" || return 1
  done
  case $target in
    config) cp "$root"/test/configs/*.json "$to" || return 1 ;;
    module) # A file holds many modules, most of them wrong on purpose.
      for file in "$root"/test/dialects/*/*.mlir; do
        awk -v to="$to/$(basename "$(dirname "$file")")-$(basename "$file" .mlir)" \
          '/^\/\/ -----/ { ++part; next } { print > (to "-" part + 0) }' "$file" || return 1
      done ;;
  esac
}

# At most 64 MiB at once: what a reader allocates before it believes a size. A target that neither ends nor finds
# anything in time is ended from outside: libFuzzer's own clock needs an input that returns.
fuzz() {
  local target=$1 learned=$build/corpus/$1 log=$build/$1.log code=0
  mkdir -p "$learned" "$build/findings"
  if ! gather_seeds "$target" "$learned" </dev/null >"$log" 2>&1; then
    tail -20 "$log" >&2
    echo "run.sh: $target made no seeds" >&2
    return 1
  fi
  nice -n 3 timeout --kill-after=10 $((seconds + 120)) "$build/bin/fuzz-$target" -max_len=65536 -timeout=20 \
    -malloc_limit_mb=64 -rss_limit_mb=2048 -max_total_time="$seconds" -seed="${V4_FUZZ_SEED:-0}" -print_final_stats=1 \
    -artifact_prefix="$build/findings/$target-" "$learned" </dev/null >"$log" 2>&1 || code=$?
  case $code in
    0) echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs," \
         "$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$log") edges, $(ls "$learned" | wc -l) inputs kept"
       return ;;
    124 | 137) echo "run.sh: $target was still running after $((seconds + 120)) s and was ended; see $log" >&2 ;;
    *) tail -60 "$log" >&2
       echo "run.sh: $target failed with exit code $code, its input is in $build/findings" >&2 ;;
  esac
  return 1
}

(
  # Tests build at the same time.
  mkdir -p "$build"
  flock 9
  cd "$root"
  [ -f "$build/build.ninja" ] || cmake --preset fuzz -B "$build" >/dev/null
  cmake --build "$build" --target fuzzers -j "$(nproc)" >"$build/build.log" 2>&1 || { tail -30 "$build/build.log" >&2; exit 1; }
) 9>"$build.lock" </dev/null
[ "$seconds" -gt 0 ] || exit 0
code=0
running=0
for target in "${targets[@]}"; do
  if [ $running -eq 2 ]; then
    wait -n || code=1
    running=1
  fi
  fuzz "$target" &
  running=$((running + 1))
done
while [ $running -gt 0 ]; do
  wait -n || code=1
  running=$((running - 1))
done
exit $code
