#!/usr/bin/env bash
# Takes the pictures of the README from a release build: packaging/screenshots.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
example=build/release/example
[ -f "$example/case.yaml" ] || /usr/bin/python3 resources/example/make_example.py "$example"
mkdir -p resources/screenshots
# Settings and history of their own, so that pictures do not depend on who takes them.
XDG_CONFIG_HOME=$(mktemp -d) XDG_STATE_HOME=$(mktemp -d) XDG_CACHE_HOME=$(mktemp -d)
export XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen}

shoot() { # page theme size
  build/release/bin/conclave-desktop "$example/case.yaml" --page "$1" --theme "$2" --size "$3" \
    --screenshot "resources/screenshots/$1-$2.png"
}
shoot report light 1280x800
shoot logs dark 1280x800
shoot config light 1280x800
