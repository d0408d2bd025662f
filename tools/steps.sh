# Steps with progress, packages, and ctest's summary; sourced by ./dev.
# Before the packages are there only bash and coreutils may be used.
# shellcheck shell=bash
# shellcheck disable=SC2154  # jobs: ./dev's

log_dir=build/log
hint=
steps_total=0
steps_done=0

say() { printf '%s\n' "$*"; }

# die WHAT NEXT
die() {
    printf '\n./dev %s failed: %s\n  next: %s\n' "${command:-}" "$1" "$2" >&2
    exit 1
}

plan() { steps_total=$1; }

# failed_tests LOG: of ctest's log, the end of each failed test's output and, of what stands before that, the first lines
# that say why; then the summary: as much as leaves all of it among the last 150 lines for up to a dozen tests.
failed_tests() {
    awk '
        # a CUnit test and its assertions, a sanitizer, valgrind, Python
        function tells(text) {
            return text ~ /\.\.\.FAILED|^ +[0-9]+\. .+:[0-9]+ +- |ERROR: |SUMMARY: |[A-Za-z]Error: |runtime error: / ||
                text ~ /== (Invalid (read|write|free)|(Conditional|Use) .*uninitialised)/
        }
        # at most `most` lines of the test, half of them from before its end
        function show(test, most, end, n, told, early, first) {
            end = lines[test]
            early = int(most / 2)
            for (n = 1; n <= end - most + early && told < early; n++) told += tells(line[test, n])
            first = end > most ? end - most + told + 1 : 1
            print "----" title[test] (first > 1 ? ", what says why, and the last lines:" : "")
            for (n = 1; n < first && told > 0; n++)
                if (tells(line[test, n])) { print line[test, n]; told-- }
            for (n = first; n <= end; n++) print line[test, n]
        }
        /^[0-9]+% tests passed, / { failing = 0; summary = ""; ended = 1 }
        /^ *[0-9]+\/[0-9]+ +Test +#[0-9]+: / { failing = /\*\*\*/ && !/\*\*\*Skipped/; if (failing) title[++failed] = $0; next }
        /^ +Start +[0-9]+: / { failing = 0 }
        failing && NF { line[failed, ++lines[failed]] = $0 }
        ended { summary = summary $0 "\n" }
        END {
            most = failed ? int(120 / failed) - 2 : 0
            most = most > 60 ? 60 : most < 3 ? 3 : most
            for (i = 1; i <= failed; i++) show(i, most)
            printf "----\n%s", summary
        }' "$1"
}

# step TITLE LOG COMMAND...: runs it with its output in build/log/LOG.log, showing progress. A failure ends ./dev, naming
# the step, the log's end (of ctest's, the failed tests' ends), and $hint.
step() {
    local title=$1 log=$log_dir/$2.log pid code=0 started=$SECONDS shown=$SECONDS
    shift 2
    mkdir -p "$log_dir" || die "step $title: this user may not write to $PWD" "clone it into a folder of your own"
    steps_done=$((steps_done + 1))
    printf '[%d/%d] %s\n' "$steps_done" "$steps_total" "$title"

    set -m # a process group of its own, so that Ctrl-C here can end all of it
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    # shellcheck disable=SC2064  # the pid of now is meant
    trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [[ -t 1 ]]; then
            printf '\r\033[K      %.100s' "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r')"
        elif ((SECONDS - shown >= 30)); then
            shown=$SECONDS
            printf '      %ds: %.100s\n' $((SECONDS - started)) "$(tail -n 1 "$log" 2>/dev/null)"
        fi
    done
    [[ ! -t 1 ]] || printf '\r\033[K'
    wait "$pid" || code=$?
    trap - INT TERM
    if ((code != 0)); then
        printf '%s\n' "---- the end of $log ----"
        if grep -qE '^[0-9]+% tests passed, ' "$log"; then failed_tests "$log"; else tail -n 60 "$log"; fi
        printf '%s\n' "----"
        die "step [$steps_done/$steps_total] $title (exit code $code, log: $log)" "$hint"
    fi
    ((SECONDS - started < 5)) || printf '      done in %d s\n' $((SECONDS - started))
}

missing_packages() {
    local -A have=()
    local line name state provides
    while read -r name state provides; do
        if [[ $state == installed ]]; then
            have[${name%%:*}]=1
            # what another package stands in for: newer nodejs packages bring npm, and refuse Debian's
            while read -r name _; do
                [[ -z $name ]] || have[${name%%:*}]=1
            done <<<"${provides//, /$'\n'}"
        fi
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Provides}\n')
    while read -r line; do
        name=${line%%#*}
        name=${name//[[:space:]]/}
        if [[ -n $name && -z ${have[$name]:-} ]]; then
            printf '%s ' "$name"
        fi
    done <packages.txt
}

apt_install() {
    local -a as_root=(env DEBIAN_FRONTEND=noninteractive)
    [[ $EUID == 0 ]] || as_root=(sudo -n "${as_root[@]}")
    "${as_root[@]}" apt-get update
    "${as_root[@]}" apt-get install -y --no-install-recommends "$@"
}

# First step of every command: whatever packages.txt lists is installed.
install_packages() {
    local missing
    command -v dpkg-query >/dev/null || die "this is not Debian: dpkg-query is missing" \
        "install what packages.txt lists by your own means and use cmake --preset release"
    missing=$(missing_packages)
    if [[ -z $missing ]]; then
        steps_done=$((steps_done + 1))
        printf '[%d/%d] packages: all there\n' "$steps_done" "$steps_total"
        return
    fi
    if [[ $EUID != 0 ]] && ! sudo -n true 2>/dev/null; then
        die "these Debian packages are missing and this user may not install them: $missing" \
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing; then run ./dev $command again"
    fi
    hint="is this Debian 12 with a reachable mirror? try: apt-get update"
    # shellcheck disable=SC2086  # a list of words
    step "installing $(wc -w <<<"$missing") Debian packages" packages apt_install $missing
}

ctest_folder() {
    if [[ $1 == release ]]; then printf build; else printf 'build/%s' "$1"; fi
}

# run_ctest PRESET [CTEST ARGS]: one step. In CI (CI=true) a skipped test is a failure unless it is listed in
# tests/optional-skips.txt.
run_ctest() {
    local preset=$1 skipped allowed
    shift
    hint="the log holds each failed test's whole output; run one alone: ctest --preset $preset -R NAME -V"
    step "testing ($preset)" "ctest-$preset" ctest --preset "$preset" -j "$jobs" --no-label-summary --no-tests=error "$@"
    skipped=$(sed -n 's/^.*Test *#[0-9]*: \([^ ]*\) .*\*\*\*Skipped.*$/\1/p' "$log_dir/ctest-$preset.log")
    [[ -n $skipped ]] || return 0
    allowed=$(grep -v '^#' tests/optional-skips.txt || true)
    # shellcheck disable=SC2086  # one name a line
    printf '      skipped: %s\n' $skipped
    grep -hi '^skipped' "$(ctest_folder "$preset")/Testing/Temporary/LastTest.log" | sort -u | sed 's/^/        /' || true
    skipped=$(grep -vxF -e "$allowed" <<<"$skipped" || true)
    if [[ ${CI:-} == true && -n $skipped ]]; then
        die "in CI these tests may not be skipped: ${skipped//$'\n'/ }" \
            "give what they need (SOTTO_VECTORS, SOTTO_MEDIA), or list an optional one in tests/optional-skips.txt"
    fi
}

# The last line of a command that tested: ctest's own summary.
print_summary() {
    grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log_dir/ctest-$1.log" | tail -n 1
}
