#!/usr/bin/env bash
# failures.sh REPOSITORY: whoever reads the last 150 lines of a failed ./dev test sees which tests failed, and why. A folder
# with the repository's presets and made-up tests stands in for a build.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CI
# shellcheck disable=SC2034  # both are steps.sh's to read
command='test' jobs=2
# shellcheck source=tools/steps.sh
source "$root/tools/steps.sh"
mkdir -p "$work/build" "$work/tests"
cp "$root/CMakePresets.json" "$work"
touch "$work/tests/optional-skips.txt"
cd "$work"

# run COMMAND [ARGS]: one step; what it prints is in the file out, the end of that in end, its exit code in code
run() {
    code=0
    (
        plan 1
        "$@"
    ) >out 2>&1 || code=$?
    tail -n 150 out >end
}

wrong() {
    printf 'failures.sh:%s: %s; printed was:\n' "${BASH_LINENO[1]}" "$1"
    sed 's/^/  | /' out
    exit 1
}
shows() { grep -qxF -e "$1" end || wrong "the end does not show '$1'"; }
names() { grep -qF -e "$1" end || wrong "the end does not name '$1'"; }
hides() { ! grep -qF -e "$1" out || wrong "'$1' is shown"; }
exits() { ((code == $1)) || wrong "exit code $code"; }

cat >build/CTestTestfile.cmake <<'TESTS'
add_test(passes bash -c "echo all is well")
add_test(fails bash -c "printf 'fails: line %d\n' {1..100}; exit 1")
add_test(crashes bash -c "echo last words; kill -SEGV $$")
add_test(hangs bash -c "echo still waiting; exec sleep 600")
set_tests_properties(hangs PROPERTIES TIMEOUT 2)
add_test(lacks bash -c "echo skipped: nothing to test with; exit 77")
set_tests_properties(lacks PROPERTIES SKIP_RETURN_CODE 77)
add_test(early.unit bash -c "echo '  Test: a frame opens ...FAILED'; echo '    1. ./tests/t.c:41  - CU_ASSERT(opened)'; \
    printf '  Test: %d ...passed\n' {1..100}; exit 1")
add_test(early.sanitizer bash -c "echo '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x61'; \
    printf '    #%d 0x5581 in f\n' {1..50}; echo 'SUMMARY: AddressSanitizer: heap-use-after-free t.c:8 in f'; \
    printf '  0x0c%d: fa fa fa\n' {1..90}; exit 1")
TESTS
for i in {1..12}; do
    printf 'add_test(many.%d bash -c "echo many.%d: line 0: ERROR: %d; printf '\''many.%d: line %%d\\n'\'' {1..30}; exit 1")\n' \
        "$i" "$i" "$i" "$i"
done >>build/CTestTestfile.cmake

# one failed test: its last sixty lines, and nothing of those that passed
run run_ctest release -R 'passes|fails'
exits 1
names 'fails ....'
shows 'fails: line 100'
shows 'fails: line 41'
hides 'fails: line 40'
hides 'all is well'
names '50% tests passed, 1 tests failed out of 2'
names './dev test failed: step [1/1] testing (release) (exit code 8, log: build/log/ctest-release.log)'

# whatever way they failed
run run_ctest release -R 'passes|crashes|hangs|lacks'
exits 1
shows 'last words'
names '***Exception: SegFault'
shows 'still waiting'
names '***Timeout'
hides '***Skipped'

# what says why, though much came after it
run run_ctest release -R 'early'
exits 1
shows '  Test: a frame opens ...FAILED'
shows '    1. ./tests/t.c:41  - CU_ASSERT(opened)'
shows '  Test: 100 ...passed'
shows '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x61'
shows 'SUMMARY: AddressSanitizer: heap-use-after-free t.c:8 in f'
shows '  0x0c90: fa fa fa'

# a dozen: all of them, the shorter
run run_ctest release -R 'many'
exits 1
for i in {1..12}; do
    shows "many.$i: line 0: ERROR: $i"
    shows "many.$i: line 30"
    names "many.$i (Failed)"
done

# nothing failed; then the same where nothing may be skipped
run run_ctest release -R 'passes|lacks'
exits 0
shows '        skipped: nothing to test with'
CI=true run run_ctest release -R 'passes|lacks'
exits 1
names 'in CI these tests may not be skipped: lacks'
printf 'lacks\n' >tests/optional-skips.txt
CI=true run run_ctest release -R 'passes|lacks'
exits 0

# a step that is no test: the end of its log
run step building made-up bash -c "printf 'build: line %d\n' {1..100}; exit 2"
exits 1
shows 'build: line 100'
shows 'build: line 41'
hides 'build: line 40'
names 'step [1/1] building (exit code 2'
printf 'what fails is shown\n'
