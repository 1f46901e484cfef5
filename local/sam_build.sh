#!/bin/sh
# `sam build` of one function from a clean copy of this checkout, as an operator runs it: SAM's builder, cargo-lambda and its
# linker from pinned packages. Without optimisation, which `make bench` builds with and which takes minutes. What comes out
# must be a program for Amazon Linux 2023: it asks for no newer C library.
set -eu
cd "$(dirname "$0")/.."
newest=2.34
sh deploy/tools.sh build
tools="$PWD/.tools"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/.cargo" "$folder/checkout"
for package in iam-policy snowgate-core; do
    printf '[profile.dev.package.%s]\nopt-level = 0\n' "$package"
done > "$folder/.cargo/config.toml"
git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'ls -d "$@" 2>/dev/null || true' sh |
    tar --create --files-from - | tar --extract --directory "$folder/checkout"
cd "$folder/checkout"
SAM_BUILD_MODE=debug SAM_CLI_TELEMETRY=0 PATH="$tools/build/bin:$PATH" \
    "$tools/sam/bin/sam" build Authorizer --parameter-overrides Architecture=x86_64
asked=$(objdump --dynamic-syms .aws-sam/build/Authorizer/bootstrap | grep --only-matching 'GLIBC_[0-9.]*' | cut --delimiter=_ --fields=2)
test -n "$asked"
latest=$(printf '%s\n' "$asked" "$newest" | sort --version-sort | tail --lines=1)
if [ "$latest" != "$newest" ]; then
    echo "the function asks for glibc $latest; Amazon Linux 2023 has $newest"
    exit 1
fi
