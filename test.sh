#!/usr/bin/env bash
# Installs what is missing, builds and runs every test; ends with "N passed, N failed".
#   ./test.sh              release build
#   ./test.sh --sanitize   the suite under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
source packaging/setup.sh
conclave_install packaging/packages.txt packaging/packages-test.txt || exit 1

export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen}
presets=(release)
[ "${1:-}" = --sanitize ] && presets=(asan tsan)

passed=0 failed=0 skipped=0
for preset in "${presets[@]}"; do
  conclave_build "$preset" || exit 1
  junit=$PWD/build/$preset/ctest.xml
  ctest --preset "$preset" -j "$(nproc)" --output-junit "$junit" || true
  counts=$(/usr/bin/python3 packaging/count_tests.py "$junit") || exit 1
  read -r p f s <<<"$counts"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ "$skipped" -gt 0 ] && echo "$skipped skipped (see above for why)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
