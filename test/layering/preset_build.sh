#!/usr/bin/env bash
# Configures a preset into a folder of its own, builds it and runs its tests.
#   preset_build.sh PRESET BUILD_DIR [cmake or ctest arguments: -D... | -L... | -LE...]
# With `runtime` this proves that nothing of LLVM is needed, not even at configure time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
preset=$1 build=$2
shift 2
cmake_args=() ctest_args=()
for argument in "$@"; do
  case $argument in
    -D*) cmake_args+=("$argument") ;;
    *) ctest_args+=("$argument") ;;
  esac
done
cd "$root"
cmake --preset "$preset" -B "$build" "${cmake_args[@]}"
cmake --build "$build" -j "$(nproc)"
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "${ctest_args[@]}"
