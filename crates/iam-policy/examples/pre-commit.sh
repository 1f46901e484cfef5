#!/bin/sh
# A pre-commit hook: lints the policies that are about to be committed.
#
#   ln -s ../../crates/iam-policy/examples/pre-commit.sh .git/hooks/pre-commit
#
# Policies are files named *.policy.json. Security warnings and errors stop the commit.
set -eu
git diff --cached --name-only --diff-filter=ACM -z -- '*.policy.json' | xargs -0 -r iam-policy lint
