#!/usr/bin/env bash
# Sets Apertura up on Debian 12, builds everything and runs every test, headless.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_dependencies
build all
say "running the tests"
# Window tests draw on the offscreen platform. Two at a time: some measure the window's stalls.
cd "$APERTURA_ROOT"
ctest --preset release --parallel 2 < /dev/null
