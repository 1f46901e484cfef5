#!/bin/sh
# Makes what a deployment needs in .tools/, from pinned packages whose hashes are checked: SAM CLI, and with `build`
# cargo-lambda with the linker that it cross-compiles with. Rust itself comes from rustup (rust-toolchain.toml).
set -eu
cd "$(dirname "$0")/.."
make_environment() {
  wanted=$(sha256sum < "local/$1.txt" | cut -d' ' -f1)
  [ "$(cat ".tools/$1/requirements.sha256" 2>/dev/null)" = "$wanted" ] && return
  echo "making .tools/$1"
  "${PYTHON:-python3}" -m venv --clear ".tools/$1"
  ".tools/$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "local/$1.txt"
  printf %s "$wanted" > ".tools/$1/requirements.sha256"
}
mkdir -p .tools
make_environment sam
if [ "${1:-}" = build ]; then
  make_environment build
fi
