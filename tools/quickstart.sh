#!/usr/bin/env bash
# From a fresh clone to generated tokens: installs what is missing, builds the tools, makes a miniature
# checkpoint, compiles it into an engine plan, looks at the plan, and runs it. No download of weights.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/install-packages.sh

case ${1:-} in
  "") ;;
  -h | --help)
    echo "usage: tools/quickstart.sh    (build folder: build/release, files: build/quickstart)"
    exit 0 ;;
  *)
    echo "tools/quickstart.sh: unknown argument '$1', it takes none; see --help" >&2
    exit 1 ;;
esac

begin=$SECONDS
work=build/quickstart
bin=build/release/bin

step() {
  printf '\n== %s (after %d s)\n' "$1" $((SECONDS - begin))
}

show() {
  printf '$ %s\n' "$*"
  "$@"
}

step "1/5 packages"
v4_install_packages "${V4_PACKAGES[@]}"

step "2/5 build the tools into build/release"
cmake --preset release
cmake --build --preset release -j "$(nproc)" --target v4-compile v4-run v4-inspect

step "3/5 make a miniature checkpoint with random weights (21 MB, the format of the real one)"
mkdir -p "$work"
if [ -f "$work/tiny/MANIFEST.json" ]; then
  echo "$work/tiny is there already"
else
  show tools/make-checkpoint --preset tiny --seed 1 --out "$work/tiny" >"$work/tiny.manifest"
  echo "wrote $work/tiny"
fi

step "4/5 compile it into an engine plan"
show "$bin/v4-compile" "$work/tiny" -o "$work/tiny.v4plan"
show "$bin/v4-inspect" "$work/tiny.v4plan" --summary

step "5/5 run the plan: prompt tokens in, generated tokens out (a random model speaks no language)"
show "$bin/v4-run" "$work/tiny.v4plan" --tokens=0,17,301,44,5,260 -n 32 --ignore-eos

printf '\nDone in %d s. Next: tools/test.sh; README.md has the tour.\n' $((SECONDS - begin))
