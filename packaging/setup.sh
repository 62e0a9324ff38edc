# Sourced by run.sh and test.sh: installs what is missing, configures and builds. Says what it does.
# Usage: conclave_install LIST...; conclave_build PRESET

conclave_install() {
  local missing=() name
  while read -r name; do
    case "$name" in '' | '#'*) continue ;; esac
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
  done < <(cat "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "Conclave needs these packages of Debian 12, and there is no apt-get here to install them: ${missing[*]}" >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Please install these packages as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing from Debian: ${missing[*]}" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || return 1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# A preset's build folder; quiet unless something goes wrong.
conclave_build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  # A compiler cache, where there is one, then serves every clone of this tree.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  echo "Building ($preset), output in build/$preset" >&2
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    echo "The build failed." >&2
    return 1
  fi
  rm -f "$log"
}
