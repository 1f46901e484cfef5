#!/bin/sh
# Installs the Debian packages that some tests use: a browser with its driver, a library that puts
# a program's clock forward, and valgrind, which counts instructions for `make bench`. Where that is not
# possible, what needs them says so.
set -eu
needed=""
[ -x /usr/bin/chromium ] || needed="$needed chromium"
[ -x /usr/bin/chromedriver ] || needed="$needed chromium-driver"
[ -e /usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 ] || needed="$needed libfaketime"
[ -x /usr/bin/valgrind ] || needed="$needed valgrind"
[ -n "$needed" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$needed"
  # shellcheck disable=SC2086 # one word each
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $needed; } >/dev/null
else
  echo "not installed, so some tests will say that they were not run:$needed"
fi
