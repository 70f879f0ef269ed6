#!/usr/bin/env bash
# What only a GPU can tell: goldens, invariances, compute-sanitizer and speed of plans for it.
#   tools/gpu-check.sh [--bin DIR | --carried DIR] [--work DIR] [--out DIR] [--models main,broad,csa,swa,hca] [--seconds N]
#                      [--shapes CONFIG] [--depth N] [--checks compile,token,...]
#   tools/gpu-check.sh --prepare DIR [--bin DIR] [--work DIR] [--models main,broad,csa,swa,hca] [--target cuda:sm_90a] [--prompt N]
# --bin   folder of v4-compile, v4-run, v4-bench, v4-verify (default: built into build/release)
# --work  folder for checkpoints and plans (default: build/gpu-check)
# --out   folder that keeps the results (default: test/bench/gpu), one <device>.json per kind of GPU, written again
#         behind each check, and <device>.logs.tgz with what failed checks printed
# --models  whose goldens are compared; invariances are those of the first. broad has the kernels of Flash's sizes; it
#           and main do not fit one folder of --prepare: for it, --prepare another with --models hca,broad
# --seconds  of all checks together: what no longer fits is left out (default: 3600, with --carried 570)
# --shapes  config.json of the model whose speed is measured with made-up weights (default: Flash, of five layers)
# --depth  positions in its cache when attention to a long context is measured (default: 130000)
# --checks  those alone, and compile (default: all)
# --prompt  tokens of the prompt that `numerics` compares (default: 600, of broad 2400, and 140 for launches)
# --prepare  makes a folder for a machine that has a GPU and no compiler: tools, plans and what they were made of. It
#            and the tracked files are at most 64 MiB: the last of --models are left out until they are
# --carried  such a folder, wherever it lies now
# Exit codes: 0 all that ran passed, 1 bad flags, 2 a check or --prepare failed, or had no time left, 3 no GPU of plans here.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin='' work=build/gpu-check out=test/bench/gpu models='' prepare='' carried='' target=cuda:sm_90a seconds='' shapes='' depth=130000 checks='' prompt=''
all_models=main,broad,csa,swa,hca
all_checks=compile,token,record,numerics,goldens,invariance,tiles,batch,replay,decode,prefill,cold,deep,memcheck,racecheck,synccheck,initcheck
all_checks+=,bench,memcheck-wide,racecheck-wide,synccheck-wide,initcheck-wide,deep-8
few_experts=layers:5,experts:8
fail() { echo "tools/gpu-check.sh: $1" >&2; exit "${2:-1}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --bin | --work | --out | --models | --prepare | --carried | --target | --seconds | --shapes | --depth | --checks | --prompt)
      case ${2-} in '' | --*) fail "$1 needs a value; see --help" ;; esac
      value=$2
      # Folders are the caller's.
      case $1,$value in --models,* | --target,* | --seconds,* | --depth,* | --checks,* | --prompt,* | *,/*) ;; *) value=$caller/$value ;; esac
      printf -v "${1#--}" %s "$value"
      shift 2 ;;
    -h | --help)
      sed -n '2,/^# Exit codes/s/^# \{0,1\}//p' tools/gpu-check.sh
      exit 0 ;;
    *) fail "unknown argument '$1', expected one of those of --help" ;;
  esac
done
[ -z "$prepare" ] || [ -z "$carried" ] || fail "--prepare makes a folder and --carried uses one; leave one of them out"
[ -n "$seconds" ] || { [ -n "$carried" ] && seconds=570 || seconds=3600; }
for flag in seconds depth prompt; do
  [[ ${!flag} =~ ^(0|[1-9][0-9]{0,8}|)$ ]] || fail "--$flag is '${!flag}', expected a whole number below 1000000000"
done
# known FLAG LIST ALL: each of a list is one of those.
known() {
  local name -
  set -f # '*' is a name that is not known
  case ,$2, in *,,*) fail "$1 is '$2', expected names with commas between them" ;; esac
  for name in ${2//,/ }; do
    case ,$3, in *,"$name",*) ;; *) fail "$1 has '$name', expected some of $3" ;; esac
  done
}
[ -z "$checks" ] || known --checks "$checks" "$all_checks"
[ -z "$models" ] || known --models "$models" "$all_models"
case $target in cuda:sm_*) ;; *) fail "--target is '$target', expected that of a GPU, cuda:sm_90a say" ;; esac
case ,$checks, in *,numerics,*) checks+=,record ;; esac
python=${PYTHON:-python3}
PYTHONPATH=$PWD/test/e2e:$PWD/test/reference
export PYTHONPATH

build() {
  mkdir -p "$work/kernels"
  [ -z "$bin" ] || return 0
  bin=build/release/bin
  cmake --preset release >"$work/build.log"
  # What is installed beside the tools is made with them.
  cmake --build --preset release -j "$(nproc)" --target v4-compile v4-run v4-bench v4-inspect v4-verify fake_cuda \
    ${prepare:+v4-run-pages v4-bench-pages v4-inspect-pages v4-verify-pages} >>"$work/build.log"
}

# All that one check starts has its seconds together; what --prepare does has all the time.
ends=0
limited() {
  [ "$ends" != 0 ] || { "$@"; return; }
  timeout -k 10 $((ends > SECONDS ? ends - SECONDS : 1)) "$@"
}

# quietly NAME COMMAND...: its output goes to a log, of which nothing is shown unless it fails.
quietly() {
  local log=$work/$1.log
  shift
  "$@" >>"$log" 2>&1 || fail "$1 ended with $?: $(tail -n 1 "$log"); see $log" 2
}

# Checkpoints and plans of a cache folder, as the end-to-end tests want them; prints the plan.
plan_of() {
  limited "$python" -c 'import sys, checkpoints, engine
tools, cache, name, target = engine.Tools(sys.argv[1]), *sys.argv[2:]
print(checkpoints.plan(tools, cache, checkpoints.standard(cache, name), "--target=" + target))' "$bin" "$1" "$2" "$3"
}

# shapes_plan FILE [SHRINK]: a plan of the real shapes, without weights: 1 MB.
shapes_plan() {
  local of=("$shapes")
  [ -n "$shapes" ] || of=(test/configs/flash-config.json "--shrink=${2:-layers:5}")
  limited "$bin/v4-compile" "${of[@]}" "--target=$target" --weights=none "--kernel-cache=$work/kernels" -o "$1"
}

# Tokens of a model's longest prompt: an indexer must have more rows than it chooses.
certified() { case $1 in broad) echo 2400 ;; *) echo 600 ;; esac; }

# record_model MODEL FOLDER: what a right device computes. Probes are those of a plan for CPUs; launches are compared one by
# one, which takes this very plan: where the tests' driver is, it plays a GPU that runs its kernels.
record_model() {
  local of cpu played=$bin/../test/fake-cuda flags=(${prompt:+"--prompt=$prompt"})
  mkdir -p "$2" && of=$(plan_of "$work/cache" "$1" "$target") && cpu=$(plan_of "$work/cache" "$1" cpu) &&
    limited "$bin/v4-verify" "$cpu" --numerics "--record=$2/$1.v4cert" "--prompt=${prompt:-$(certified "$1")}" || return
  [ -e "$played/libcuda.so.1" ] || { echo "no $played/libcuda.so.1: wrong kernels of $1 will have no names"; return 0; }
  limited "$python" -c 'import sys, checkpoints, cuda, engine
cuda.TARGET = "--target=" + sys.argv[5]
cuda.host_code_of(engine.Tools(sys.argv[1]), checkpoints.standard(*sys.argv[2:4]), sys.argv[4], "code.so")' \
    "$bin" "$work/cache" "$1" "$work" "$target" &&
    LD_LIBRARY_PATH=$(cd "$played" && pwd) V4_FAKE_CUDA_CODE=$work/code.so \
      limited "$bin/v4-verify" "$of" --record "--launches=$2/$1.v4launches" "${flags[@]}"
}

# One model of the prepared folder: of its checkpoint only what says which it is.
carry_model() {
  local to=$prepare/cache from
  from=$(plan_of "$work/cache" "$1" "$target" 2>>"$work/plans.log") ||
    fail "no plan of $1: $(tail -n 1 "$work/plans.log"); see $work/plans.log" 2
  mkdir -p "$to/plans" "$to/checkpoints/$1"
  cp "$from" "$to/plans/"
  cp "$work/cache/checkpoints/$1/"{config.json,MANIFEST.json} "$to/checkpoints/$1/"
}

# Bytes that a lent machine takes: the tracked files and the folder.
carried_bytes() {
  { git ls-files -z | du -cb --files0-from=- | tail -n 1; du -sb "$prepare"; } | awk '{ n += $1 } END { print n }'
}

prepare() {
  local most=$((64 << 20)) left=() taken='' model
  export V4_TEST_KERNEL_CACHE=$work/kernels
  [ ! -e "$prepare" ] || fail "--prepare: $prepare is there already; remove it or name another folder"
  trap 'rm -rf "$prepare"' EXIT # half of one is none
  build
  rm -f "$work"/{install,shapes,plans,record}.log
  quietly install cmake --install "$bin/.." --component runtime --strip --prefix "$prepare"
  rm -rf "$prepare/share"
  quietly shapes shapes_plan "$prepare/shapes.v4plan"
  quietly shapes shapes_plan "$prepare/wide.v4plan" "$few_experts"
  for model in ${models//,/ }; do
    carry_model "$model"
    # What does not fit need not be recorded.
    if [ "$(carried_bytes)" -le "$most" ] && quietly record record_model "$model" "$prepare/records" &&
      [ "$(carried_bytes)" -le "$most" ]; then
      taken+=${taken:+,}$model
      continue
    fi
    rm -rf "$prepare"/cache/plans/"$model"+* "$prepare/cache/checkpoints/$model" "$prepare/records/$model".*
    left+=("$model")
  done
  [ -n "$taken" ] || fail "--prepare: tools, tracked files and a plan of $models are more than $most bytes; name a smaller model" 2
  echo "$taken" >"$prepare/models"
  printf '%s\n' "$target" >"$prepare/target"
  git rev-parse HEAD >"$prepare/commit" 2>/dev/null || echo unknown >"$prepare/commit"
  trap - EXIT
  echo "$prepare: $(carried_bytes) of $most bytes with the tracked files, models $taken${left:+, left out: ${left[*]}}"
}

if [ -n "$prepare" ]; then
  models=${models:-$all_models}
  prepare
  exit 0
fi

if [ -n "$carried" ]; then
  # What these say was decided when the folder was made.
  for flag in bin shapes prompt; do
    [ -z "${!flag}" ] || fail "--$flag is '${!flag}', expected none with --carried; give it to --prepare"
  done
  for part in models target commit; do
    [ -f "$carried/$part" ] || fail "--carried: $carried is no folder of --prepare, it has no file '$part'"
  done
  bin=$carried/bin
  [ -z "$models" ] || known --models "$models" "$(cat "$carried/models")"
  models=${models:-$(cat "$carried/models")}
fi
models=${models:-$all_models}

# Of the first GPU, the one that the runtime takes.
query() { timeout -k 5 60 nvidia-smi --query-gpu="$1" --format=csv,noheader -i 0 2>/dev/null; }
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

mkdir -p "$work" "$out"
cache=$work/cache commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
if [ -n "$carried" ]; then
  [ "$target" = "$(cat "$carried/target")" ] || fail "$carried is for $(cat "$carried/target"), the GPU here is of $target" 3
  cache=$carried/cache commit=$(cat "$carried/commit")
else
  export V4_TEST_KERNEL_CACHE=$work/kernels
  build
fi

# Whose published rates v4-bench knows.
published=''
for known in h100 h200 b200; do
  case $device in *"${known^^}"*) published=$known ;; esac
done

names=() verdicts=() times=() failed=() notes=() limits=$("$python" test/e2e/gpu_notes.py limits)
# Text of a JSON string.
quoted() {
  local text
  text=$(tr -d '[:cntrl:]' <<<"$1")
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

kind=$(tr -cs 'A-Za-z0-9' '-' <<<"$device" | sed 's/^-*//; s/-*$//')
file=$out/$kind.json

# All that is known so far, whole at any moment.
keep() {
  local i part
  {
    printf '{"date": "%s", "device": %s, "driver": %s, "target": "%s", "commit": "%s", "checks": [' "$(date -u +%F)" \
      "$(quoted "$device")" "$(quoted "$driver")" "$target" "$commit"
    for i in "${!names[@]}"; do
      printf '%s{"name": "%s", "verdict": "%s", "seconds": %d, "note": %s}' "$([ "$i" = 0 ] || echo ', ')" \
        "${names[$i]}" "${verdicts[$i]}" "${times[$i]}" "$(quoted "${notes[$i]}")"
    done
    printf '], "bench": '
    if [ -s "$work/bench.json" ]; then cat "$work/bench.json"; else printf null; fi
    printf ', "limits": %s' "$limits"
    for i in decode prefill deep cold; do
      printf ', "%s_measured": ' "$i"
      if [ -s "$work/$i.measured.json" ]; then cat "$work/$i.measured.json"; else printf null; fi
    done
    for i in cold upload deep-8; do
      printf ', "%s_rows": ' "$i"
      if [ -s "$work/$i.rows.json" ]; then cat "$work/$i.rows.json"; else printf null; fi
    done
    for i in decode prefill deep; do
      for part in rows profile; do
        printf ', "%s_%s": ' "$i" "$part"
        if [ -s "$work/$i.$part.json" ]; then cat "$work/$i.$part.json"; else printf null; fi
      done
    done
    printf ', "launches": {'
    part=''
    for i in ${models//,/ }; do
      [ -s "$work/launches.$i.json" ] || continue
      printf '%s"%s": ' "$part" "$i"
      cat "$work/launches.$i.json"
      part=', '
    done
    printf '}}\n'
  } >"$file.part"
  mv "$file.part" "$file"
  [ ${#failed[@]} = 0 ] || tar -czf "$out/$kind.logs.tgz" -C "$work" "${failed[@]}"
}

# check NAME SECONDS COMMAND...: its output goes to a log of that name; 77 is "not run". What `limited` starts within it
# ends, with its children, when the seconds are over. Within COMMAND `set -e` is off: what it is made of is joined by &&.
check() {
  local name=$1 begin=$SECONDS code=0 note=''
  case ,${checks:-$name},compile, in *,"$name",*) ;; *) return 0 ;; esac
  limit=$2
  shift 2
  [ "$limit" -le $((seconds - SECONDS)) ] || limit=$((seconds - SECONDS))
  ends=$((SECONDS + limit))
  if [ "$limit" -lt 1 ]; then code=78; else "$@" >"$work/$name.log" 2>&1 || code=$?; fi
  names+=("$name") times+=($((SECONDS - begin)))
  case $code in
    0) verdicts+=(passed) ;;
    77) verdicts+=('not run') ;;
    78) verdicts+=('no time left') ;;
    124 | 137) verdicts+=("failed (still running after $limit s)") ;;
    *) verdicts+=("failed ($code)") ;;
  esac
  case ${verdicts[-1]} in failed*) failed+=("$name.log") ;; esac
  [ ! -s "$work/$name.note" ] || note=$(cat "$work/$name.note")
  notes+=("$note")
  printf '%-14s %-36s %4d s  %s\n' "$name" "${verdicts[-1]}" "${times[-1]}" "$work/$name.log"
  [ -z "$note" ] || printf '  %s\n' "$note"
  keep
}

e2e=(--bin "$bin" --cache "$cache" "--compile-flag=--target=$target")
plan='' tokens=0,17,301,44,5,260

make_plan() { plan=$(plan_of "$cache" "${models%%,*}" "$target") && limited "$bin/v4-verify" "$plan" --closed-world; }

one_token() { limited "$bin/v4-run" "$plan" "--tokens=$tokens" -n 1 --ignore-eos; }

# A GPU that is played takes its time. A carried folder has all that is recorded.
record() {
  local model
  rm -rf "$work/records"
  for model in ${models//,/ }; do
    record_model "$model" "$work/records" || return
  done
}

# Which kernels are wrong, so that nobody need search behind what fails below. Verdicts are of probes; launches, whose
# limits no other GPU has met yet, give the names.
numerics() {
  local model of worst=0 code compared='' from=${carried:-$work}/records
  for model in ${models//,/ }; do
    code=0
    : >"$work/numerics.part"
    of=$(plan_of "$cache" "$model" "$target") || code=$?
    [ "$code" != 0 ] ||
      limited "$bin/v4-verify" "$of" "--numerics=$from/$model.v4cert" --json >"$work/numerics.part" || code=$?
    # What was ended has no results: the verdict is the time's, and no other model has any left. What was found stays.
    case $code in
      124 | 137)
        { numerics_note "$compared" && printf '%s: the comparison was still running' "$model"; } >"$work/numerics.note"
        return $code ;;
    esac
    [ -n "$of" ] || return "$code"
    mv "$work/numerics.part" "$work/numerics.$model.json"
    [ "$worst" != 0 ] || worst=$code
    name_launches "$model" "$of" "$from/$model.v4launches"
    compared+=${compared:+,}$model
  done
  "$python" test/e2e/gpu_notes.py numerics "$work" ${models//,/ } >"$work/numerics.note" || return
  return "$worst"
}

# numerics_note MODELS: what was found of them, and what parts it from the next; nothing of none.
numerics_note() {
  local found
  found=$("$python" test/e2e/gpu_notes.py numerics "$work" ${1//,/ }) || true
  printf '%s' "$found${found:+; }"
}

# name_launches MODEL PLAN RECORD: names alone, no verdict.
name_launches() {
  [ -e "$3" ] || return 0
  limited "$bin/v4-verify" "$2" "--launches=$3" --json >"$work/launches.part" || echo "launches of $1: exit code $?"
  [ ! -s "$work/launches.part" ] || mv "$work/launches.part" "$work/launches.$1.json"
}

# Its two plans are large: they are made where there is a compiler.
tiles() {
  [ -z "$carried" ] || return 77
  limited "$python" test/e2e/cuda_tiles.py --bin "$bin" --cache "$cache" --target "$target"
}

# Probes are read between launches: with them nothing is replayed, so that what is replayed is compared here.
replay() {
  rm -rf "$work/replay" && mkdir "$work/replay" &&
    limited "$bin/v4-bench" "$plan" -p 0 -n 16 -r 1 -o json >"$work/replay/bench.json" && cat "$work/replay/bench.json" &&
    "$python" -c 'import json, sys
sys.exit(not all(row["replayed_fraction"] > 0.5 for row in json.load(open(sys.argv[1]))))' "$work/replay/bench.json" &&
    limited "$bin/v4-run" "$plan" "--tokens=$tokens" -n 24 --ignore-eos --logits-out="$work/replay/replayed.logits.npy" &&
    limited "$bin/v4-run" "$plan" "--tokens=$tokens" -n 24 --ignore-eos --logits-out="$work/replay/plain.logits.npy" \
      --trace="$work/replay/trace.json" &&
    cmp "$work/replay/replayed.logits.npy" "$work/replay/plain.logits.npy" &&
    "$python" -c 'import sys, invariance
sys.exit("nothing is computed" if invariance.computes_nothing(sys.argv[1]) else 0)' "$work/replay/plain"
}

# Steps of one token behind a prompt from which an indexer has to choose, and prompts that are a step of 12 and 40: tiles
# of 8, 16, 64 and 128 rows.
sanitize() {
  local small rows
  small=$(plan_of "$cache" "${models##*,}" "$target") &&
    sanitized "$1" "$bin/v4-run" "$plan" "--tokens=$(counted 100)" -n 2 --ignore-eos || return
  for rows in 12 40; do
    sanitized "$1" "$bin/v4-run" "$small" "--tokens=$(counted "$rows")" -n 1 --ignore-eos || return
  done
}

# So many tokens.
counted() {
  local list
  printf -v list '%s,' $(seq "$1")
  echo "${list%,}"
}

# Tiles of 128 rows are of wide matrices alone: those of the real shapes, with few experts.
sanitize_wide() {
  real_shapes wide "$few_experts" &&
    sanitized "$1" "$bin/v4-bench" "$shapes_of" --made-up-weights -p 130 -n 0 -r 1
}

# sanitized TOOL COMMAND...: 77 where there is no sanitizer, or none for this GPU.
sanitized() {
  local tool=$1 sanitizer code=0
  shift
  sanitizer=$(toolkit_program compute-sanitizer) || return 77
  limited "$sanitizer" --tool "$tool" --error-exitcode 2 "$@" >"$work/sanitizer.out" 2>&1 || code=$?
  cat "$work/sanitizer.out"
  ! grep -q 'Device not supported' "$work/sanitizer.out" || return 77
  # What it did not look at, it finds nothing in.
  [ "$code" != 0 ] || grep -q 'SUMMARY' "$work/sanitizer.out" || { echo "$sanitizer gave no summary"; return 1; }
  return "$code"
}

# Of the toolkit that v4-compile takes, or of any.
toolkit_program() {
  local folder
  for folder in "${CUDA_HOME:+$CUDA_HOME/bin}" "${CUDA_PATH:+$CUDA_PATH/bin}"; do
    [ ! -x "$folder/$1" ] || { echo "$folder/$1"; return; }
  done
  command -v "$1" && return
  folder=/usr/local/cuda/bin
  [ -z "${CUDA_HOME:-}${CUDA_PATH:-}" ] && [ -x "$folder/$1" ] && echo "$folder/$1"
}

# real_shapes NAME [SHRINK]: sets shapes_of to that plan, carried or made here.
real_shapes() {
  shapes_of=${carried:-$work}/$1.v4plan
  [ -f "$shapes_of" ] || shapes_plan "$shapes_of" "${2:-}"
}

measure() {
  limited "$bin/v4-bench" "$plan" -p 128 -n 32 -b 1,8 -r 3 -o json >"$work/bench.part" &&
    mv "$work/bench.part" "$work/bench.json"
}

# measure_shapes NAME FLAGS...: what is there when the time is over is kept, and the profile comes last.
measure_shapes() {
  local name=$1 code=0
  shift
  real_shapes shapes || return
  limited "$bin/v4-bench" "$shapes_of" --made-up-weights "$@" -o json >"$work/part.json" || return
  mv "$work/part.json" "$work/$name.rows.json"
  limited "$bin/v4-bench" "$shapes_of" --made-up-weights "$@" --profile ${published:+"--device=$published"} -o json \
    >"$work/part.json" || code=$?
  [ "$code" != 0 ] || mv "$work/part.json" "$work/$name.profile.json"
  "$python" test/e2e/gpu_notes.py speed "$work" "$name" >"$work/$name.note" || return
  return "$code"
}

# Eight contexts, together as long as the one of `deep`: what fills them is no part of the figures.
measure_batch() {
  real_shapes shapes || return
  limited "$bin/v4-bench" "$shapes_of" --made-up-weights -p 0 -n 16 -d $((depth / 8)) -b 8 -r 1 -o json >"$work/part.json" &&
    mv "$work/part.json" "$work/$1.rows.json"
}

# A small plan says what a start takes but for weights, one of the real shapes how fast these come to the GPU: its own
# are made up while it is opened, which is none of the time.
cold() {
  real_shapes shapes || return
  limited "$bin/v4-bench" "$plan" --cold -r 5 -o json >"$work/cold.rows.json" &&
    limited "$bin/v4-bench" "$shapes_of" --made-up-weights --cold -r 1 -o json >"$work/upload.rows.json" &&
    "$python" test/e2e/gpu_notes.py cold "$work" >"$work/cold.note"
}

echo "$device, driver $driver, $target"
rm -f "$work/"{bench,{upload,deep-8}.rows,{decode,prefill,deep,cold}.{rows,profile,measured}}.json "$work"/{{numerics,launches}.*,*.note} \
  "$work/"{shapes,wide}.v4plan "$out/$kind.logs.tgz"
check compile 600 make_plan
# The first that the driver sees of us; what no token comes from computes nothing else either.
check token 60 one_token
if [ "${verdicts[-1]}" = passed ]; then
  [ -n "$carried" ] || check record 1200 record
  check numerics 240 numerics
  check goldens 120 limited "$python" test/e2e/goldens.py "${e2e[@]}" --models "$models"
  check invariance 120 limited "$python" test/e2e/invariance.py "${e2e[@]}" --model "${models%%,*}"
  check tiles 300 tiles
  check batch 120 limited "$python" test/e2e/batch_file.py "${e2e[@]}" --model "${models%%,*}" --plan-tokens default --drafts 1 \
    --requests 12 --variants 3
  check replay 60 replay
  check decode 90 measure_shapes decode -p 0 -n 64 -b 1,8 -r 3
  check prefill 90 measure_shapes prefill -p 512 -n 0 -r 3
  check cold 90 cold
  check deep 120 measure_shapes deep -p 0 -n 16 -d "$depth" -r 1
  for tool in memcheck racecheck synccheck initcheck; do check $tool 90 sanitize $tool; done
  check bench 60 measure
  for tool in memcheck racecheck synccheck initcheck; do check $tool-wide 90 sanitize_wide $tool; done
  check deep-8 120 measure_batch deep-8
fi
echo "kept in $file"
for verdict in "${verdicts[@]}"; do
  case $verdict in failed* | 'no time left') exit 2 ;; esac
done
