#!/usr/bin/env bash
# Records the pictures of docs/reviewing.md: a new reviewer's sitting with the real binary, on a PostgreSQL server and a host of its
# own, loopback only. It ends by itself, stops what it starts, and writes docs/reviewing/*.svg.
#
# Needs what tests/support/install.sh installs. Run it after a change of the screen, and commit what it writes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
TENURE_UPDATE=1 cargo test --quiet --test suite reviewer
git status --short -- docs/reviewing
