#!/usr/bin/env bash
# Runs every command of the README verbatim in a fresh clone: those for the clone, and those for the repository that the
# demo leaves. Uncommitted changes of tracked files are part of the clone. CI runs this; it takes as long as a build
# and all tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
clone=$target/fresh-clone
commit=$(git stash create)
rm -rf "$clone"
git clone --quiet --shared --no-checkout . "$clone"
git -C "$clone" checkout --quiet --detach "${commit:-HEAD}"
# What the clone builds is kept beside what was built before.
export CARGO_TARGET_DIR=$target

# Prints the commands of the nth block of shell commands in the README.
commands() {
  awk -v wanted="$1" '/^```sh$/ { number++; inside = 1; next } /^```/ { inside = 0 } inside && number == wanted' \
    "$clone/README.md"
}

# The demo makes its folder among the temporary files.
scratch=$(mktemp -d)
chmod 711 "$scratch" # servers of tests run as other users and make their folders in it
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
demo=$scratch/output
while IFS= read -r command; do
  printf '\n$ %s\n' "$command"
  (cd "$clone" && bash -euo pipefail -c "$command" </dev/null) | tee -a "$demo"
done < <(commands 1)

line=$(grep -m 1 -E '^ +cd .+ && export TENURE_ROOT=' "$demo")
repository=$(sed -E 's/^ +cd (.+) && export TENURE_ROOT=.*/\1/' <<<"$line")
[ -d "$repository" ] || { echo "readme.sh: error: the demo names no repository" >&2; exit 1; }
printf '\n$ %s\n' "$(commands 2)"
(cd "$repository" && bash -euo pipefail -c "$(commands 2)")
