#!/bin/sh
# Whether the policy engine's library builds for browsers (WebAssembly). Where rustup neither has the
# target nor can install it, that is said and not held against anybody.
set -eu
target=wasm32-unknown-unknown
if ! rustup target list --installed | grep -qx "$target"; then
    if ! timeout 120 rustup target add "$target"; then
        echo "$target is not installed and cannot be: not tried"
        exit 0
    fi
fi
exec cargo check --package iam-policy --lib --target "$target"
