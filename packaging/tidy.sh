#!/usr/bin/env bash
# clang-tidy over the whole tree or the files given, with the commands of a release build: packaging/tidy.sh [FILE...]
# Half an hour for everything on two cores. Needs Debian's clang-tidy, and build/release built once, for the generated sources.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
commands=$(mktemp -d)
trap 'rm -rf "$commands"' EXIT
# clang cannot read precompiled headers of g++; without them it also finds includes that are missing.
sed -E 's/-Winvalid-pch|-include [^ ]*cmake_pch[^ ]*//g' build/release/compile_commands.json >"$commands/compile_commands.json"
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'engine/*.cpp' 'scripting/*.cpp' 'app/*.cpp' 'tests/*.cpp' ':!tests/fuzz')
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$commands"
