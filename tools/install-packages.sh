# Sourced by quickstart.sh and test.sh: installs missing Debian packages, changes nothing when none is missing.

V4_PACKAGES=(
  cmake ninja-build g++ git ca-certificates binutils ccache
  clang-22 libclang-rt-22-dev lld-22 liblld-22-dev llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  libflatbuffers-dev flatbuffers-compiler nlohmann-json3-dev libcli11-dev libsodium-dev libgtest-dev libgmock-dev
  python3 python3-numpy libopenblas0-pthread help2man dpkg-dev
)
# Tests that need these are skipped without them. Chromium looks at the page of v4-inspect --html.
V4_TEST_PACKAGES=(chromium)

v4_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# v4_install_packages PACKAGE...
v4_install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "packages: this is no Debian system; going on with what is installed (needed: $*)"
    return
  fi
  local missing=() package
  for package; do
    v4_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "packages: all $# are installed"
    return
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "packages: missing ${missing[*]}; neither root nor sudo is at hand: install them, then run this again" >&2
      return 1
    }
    as_root=(sudo)
  fi
  echo "packages: installing with apt-get: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  for package in "${missing[@]}"; do
    if ! apt-cache show "$package" >/dev/null 2>&1; then
      echo "packages: apt knows no package '$package'. LLVM 22 for Debian 12 comes from Debian's security archive:" \
           "enable the suite bookworm-security (component main) in /etc/apt/sources.list.d, then run this again" >&2
      return 1
    fi
  done
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}
