#!/usr/bin/env bash
# Builds everything and runs the tests.
#   tools/test.sh          the quick set
#   tools/test.sh --long   the quick set and what is slow: sanitizers, random dimensions, real layer dimensions
#   tools/test.sh [--long] -R NAME   further arguments go to ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/install-packages.sh

filter=(-LE long)
rest=()
for argument in "$@"; do
  case $argument in
    --long) filter=() ;;
    -h | --help)
      sed -n '2,5s/^# \{0,1\}//p' tools/test.sh
      exit 0 ;;
    *) rest+=("$argument") ;;
  esac
done

v4_install_packages "${V4_PACKAGES[@]}"
v4_install_packages "${V4_TEST_PACKAGES[@]}" ||
  echo "packages: going on without ${V4_TEST_PACKAGES[*]}; tests that need them are skipped"
cmake --preset release
cmake --build --preset release -j "$(nproc)"
# ctest's summary is the last thing printed.
exec ctest --test-dir build/release -j "$(nproc)" --output-on-failure --no-label-summary "${filter[@]}" "${rest[@]}"
