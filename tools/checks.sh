# The bodies of ./dev's lint, sanitize, fuzz and coverage steps; sourced by ./dev.
# shellcheck shell=bash
# shellcheck disable=SC2154  # jobs, log_dir: ./dev's and steps.sh's

check_format() {
    sources_c | xargs -r clang-format --dry-run -Werror
}

check_shell() {
    local file
    {
        git ls-files -co --exclude-standard '*.sh'
        git ls-files -co --exclude-standard | while read -r file; do
            if [[ -f $file && $file != *.* && $(head -c 64 "$file" | head -n 1 | tr -d '\0') =~ ^#!.*(bash|/sh) ]]; then
                printf '%s\n' "$file"
            fi
        done
    } | sort -u | xargs -r shellcheck -x
}

# Each public header compiles alone, as C and as C++, and brings no third-party header with it.
check_headers() {
    local header include used unit compiler
    local -a includes=()
    for include in core/include sframe/include signaling/include; do
        [[ ! -d $include ]] || includes+=(-I"$include")
    done
    for header in {core,sframe,signaling}/include/sotto/*.h; do
        [[ -f $header ]] || continue
        printf '%s\n' "$header"
        unit=$(printf '#include "%s"\nint nothing_else;\n' "$header")
        for compiler in 'gcc -std=c11 -x c' 'clang -std=c11 -x c' 'g++ -std=c++17 -x c++' 'clang++ -std=c++17 -x c++'; do
            # shellcheck disable=SC2086  # a command and its arguments
            $compiler -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. "${includes[@]}" - <<<"$unit"
        done
        used=$(gcc -std=c11 -M "${includes[@]}" -x c "$header" | grep -oE '[^ ]*(openssl|sodium|glib|gstreamer)[^ ]*' || true)
        if [[ -n $used ]]; then
            printf '%s includes %s\n' "$header" "$used"
            return 1
        fi
    done
}

# clang-tidy on every source file of the lint build but the tests'.
check_tidy() {
    run-clang-tidy -quiet -p build/lint -j "$jobs" "^$PWD/(core|daemon|sframe|rtp|sfu|media|signaling|bench)/.*" \
        2>&1 | sed -uE $'s/\e\\[[0-9;]*[mK]//g; /^([0-9]+ warnings? |Suppressed|Use -header|clang-tidy-14 .*\\.c$)/d'
}

# Names of ctest entries to names of targets: a unit test is built alone, anything else with all.
tests_to_targets() {
    local name
    while read -r name; do
        case $name in
        unit.*) printf 'test_%s\n' "${name#unit.}" ;;
        *) printf 'all\n' ;;
        esac
    done | sort -u
}

memcheck_needs_release() {
    hint="fix the first error in the log, then run ./dev sanitize again"
    if ! { cmake --preset release && cmake --build --preset release -j "$jobs"; } >"$log_dir/build-release.log" 2>&1; then
        die "building (release) for valgrind, log: $log_dir/build-release.log" "$hint"
    fi
}

fuzz_names() {
    local program
    if (($#)); then
        printf '%s\n' "$@"
        return
    fi
    for program in build/fuzz/tests/fuzz_*; do
        [[ ! -x $program ]] || printf '%s\n' "${program#build/fuzz/tests/fuzz_}"
    done
}

# fuzz_one SECONDS NAME: new inputs are kept in build/fuzz/corpus/NAME, findings in build/fuzz/findings.
fuzz_one() {
    local seconds=$1 name=$2 code=0
    local program=build/fuzz/tests/fuzz_$name own=build/fuzz/corpus/$name
    [[ -x $program ]] || {
        printf 'no fuzz target %s\n' "$name"
        return 1
    }
    mkdir -p "$own" build/fuzz/findings
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/findings/$name-" "$own" "tests/fuzz/corpus/$name" \
        >"build/log/fuzz-$name.log" 2>&1 || code=$?
    if ((code != 0)); then
        printf 'FINDING in %s:\n' "$name"
        tail -n 50 "build/log/fuzz-$name.log"
        return 1
    fi
    printf '%-24s %s\n' "$name" "$(sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\): *//p' \
        "build/log/fuzz-$name.log" | paste -sd' ' | sed 's/\([0-9]*\) \([0-9]*\)/\1 runs, \2 a second/')"
}

# fuzz_targets SECONDS [NAME...]: as many at a time as there are processors.
fuzz_targets() {
    local seconds=$1 failed=0 running=0 name
    shift
    local -a names
    mapfile -t names < <(fuzz_names "$@")
    ((${#names[@]})) || {
        printf 'there is no fuzz target\n'
        return 1
    }
    for name in "${names[@]}"; do
        if ((running == jobs)); then
            wait -n || failed=1
            running=$((running - 1))
        fi
        fuzz_one "$seconds" "$name" &
        running=$((running + 1))
    done
    while ((running-- > 0)); do
        wait -n || failed=1
    done
    return "$failed"
}

# llvm_report PROFILES-FOLDER PROGRAM...: the table, and HTML beside it. Tests are not counted.
llvm_report() {
    local profiles=$1 merged=$1/all.profdata program
    local -a objects=()
    shift
    for program in "$@"; do
        objects+=(-object "$program")
    done
    find "$profiles" -name '*.profraw' >"$profiles/list"
    [[ -s $profiles/list ]] || {
        printf 'no profile was written to %s\n' "$profiles"
        return 1
    }
    "$llvm/llvm-profdata" merge -sparse -f "$profiles/list" -o "$merged"
    "$llvm/llvm-cov" report -instr-profile "$merged" -ignore-filename-regex '(^|/)(tests|bench)/' "${objects[@]}" 2>/dev/null |
        awk '(/\.[ch] / && $8 > 0) || /^TOTAL/ { printf "%-40s %8s %7s %8s %7s %8s %7s\n", $1, $5, $7, $8, $10, $11, $13; next }
             /^Filename/ { printf "%-40s %8s %7s %8s %7s %8s %7s\n", "file", "functions", "", "lines", "", "branches", "" }'
    "$llvm/llvm-cov" show -format=html -output-dir="${profiles%/*}/html" -instr-profile "$merged" \
        -ignore-filename-regex '(^|/)(tests|bench)/' "${objects[@]}" >/dev/null 2>&1
    printf '\nline by line: %s/html/index.html\n' "${profiles%/*}"
}
llvm=/usr/lib/llvm-14/bin

coverage_report() {
    local -a programs
    mapfile -t programs < <(find build/coverage/tests build/coverage/bin build/coverage/lib -type f -perm -u+x \
        -not -name '*.map' 2>/dev/null)
    llvm_report build/coverage/profiles "${programs[@]}"
}

# What the fuzz corpora (kept seeds and this machine's findings of new paths) reach.
fuzz_coverage() {
    local name profiles=build/coverage/fuzz/profiles
    local -a programs=() names folders
    rm -rf "$profiles"
    mkdir -p "$profiles"
    mapfile -t names < <(fuzz_names "$@")
    for name in "${names[@]}"; do
        folders=("tests/fuzz/corpus/$name")
        if [[ -n $(ls -A "build/fuzz/corpus/$name" 2>/dev/null) ]]; then
            folders+=("build/fuzz/corpus/$name")
        fi
        LLVM_PROFILE_FILE="$profiles/$name.profraw" "build/coverage/tests/fuzz_$name" "${folders[@]}" >/dev/null
        programs+=("build/coverage/tests/fuzz_$name")
    done
    llvm_report "$profiles" "${programs[@]}"
}
