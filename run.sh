#!/usr/bin/env bash
# Installs what is missing, builds, and does the main job.
#   ./run.sh               the window where there is a display, otherwise a report on the example incident
#   ./run.sh ARGS...       conclave ARGS..., with its exit code
#   ./run.sh --setup-only  installs and builds, starts nothing
set -euo pipefail
called_from=$PWD
cd "$(dirname "$(readlink -f "$0")")"
source packaging/setup.sh

conclave_install packaging/packages.txt
conclave_build release --target conclave conclave-desktop conclave_core
[ "${1:-}" = --setup-only ] && exit 0

bin=$PWD/build/release/bin
if [ $# -gt 0 ]; then
  cd "$called_from"
  exec "$bin/conclave" "$@"
fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec "$bin/conclave-desktop"
fi
example=$PWD/build/release/example
[ -f "$example/case.yaml" ] || /usr/bin/python3 resources/example/make_example.py "$example"
echo "No display here: judging the example incident ($example/case.yaml)." >&2
status=0
"$bin/conclave" consult "$example/case.yaml" || status=$?
# 0, 1 and 3 are verdicts: the job is done once one is reported.
case $status in 0 | 1 | 3) exit 0 ;; *) exit "$status" ;; esac
