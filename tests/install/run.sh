#!/usr/bin/env bash
# run.sh BUILD SOURCE: installs BUILD to a temporary prefix and uses it as an application developer would:
# a C and a C++ program found through pkg-config, linked with the shared and with the static library.
# Then what was installed is held against what should be: symbols, programs, the plugin, nothing of the tests.
set -euo pipefail
build=$1
source=$2
here=$source/tests/install
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

cmake --install "$build" --prefix "$prefix" >"$prefix/install.log" || {
    cat "$prefix/install.log"
    fail "cmake --install"
}
pc=$(find "$prefix" -name sotto-sframe.pc)
[[ -n $pc ]] || fail "no sotto-sframe.pc was installed"
export PKG_CONFIG_PATH=${pc%/*}
lib=$(pkg-config --variable=libdir sotto-sframe)

# the prefix may be anything: the file must not know where it was built
grep -F "$build" "$pc" && fail "sotto-sframe.pc names the build folder"

cd "$prefix"
read -ra dynamic < <(pkg-config --cflags --libs sotto-sframe)
read -ra cflags < <(pkg-config --cflags sotto-sframe)
# a linker that is offered both prefers the shared one, so the static one is named by its file
read -ra static < <(pkg-config --static --libs sotto-sframe | sed "s|-lsotto-sframe|$lib/libsotto-sframe.a|")
strict=(-Wall -Wextra -Wpedantic -Werror)

cc -std=c11 "${strict[@]}" "$here/round_trip.c" -o c-shared "${dynamic[@]}"
c++ -std=c++17 "${strict[@]}" -x c++ "$here/round_trip.c" -x none -o cxx-shared "${dynamic[@]}"
cc -std=c11 "${strict[@]}" "${cflags[@]}" "$here/round_trip.c" -o c-static "${static[@]}"
for program in c-shared cxx-shared; do
    printf '%s: ' "$program"
    LD_LIBRARY_PATH=$lib "./$program"
    readelf -d "$program" | grep -q 'NEEDED.*\[libsotto-sframe\.so\.[0-9]*\]' || fail "$program does not need a versioned soname"
done
printf 'c-static: '
./c-static

# exported: what the version script lists, what the header declares, and what the library has are one list
exports() { # LIBRARY VERSION-SCRIPT HEADERS-FOLDER SYMBOL-PREFIXES VERSION
    sed -nE "s/^ *(($4)_[a-z0-9_]*);.*\$/\\1/p" "$source/$2" | sort >listed
    cat "$source/$3"/*.h | tr '\n' ' ' | grep -oE 'SOTTO_API [^;(]*\(' | grep -oE '[a-z0-9_]+\($' | tr -d '(' | sort >declared
    nm -D --defined-only --with-symbol-versions "$lib/lib$1.so" |
        sed -n "s/^[0-9a-f]* [TDBR] \\([^@]*\\)@@$5.*\$/\\1/p" | sort >exported
    nm -D --defined-only "$lib/lib$1.so" | grep -v ' A ' | awk '{print $3}' | sed 's/@.*//' | sort >all
    [[ $(wc -l <listed) -gt 10 ]] || fail "$2 lists next to nothing"
    diff listed declared || fail "$2 (<) and $3 (>) name different functions"
    diff listed exported || fail "$2 (<) and lib$1.so (>) name different symbols"
    diff exported all || fail "lib$1.so exports symbols without a version (>)"
    printf '%s: %d exported symbols, all listed, declared and versioned\n' "$1" "$(wc -l <exported)"
}
exports sotto-sframe sframe/libsotto-sframe.map sframe/include/sotto sframe SOTTO_SFRAME_
exports sotto-signaling signaling/libsotto-signaling.map signaling/include/sotto 'call|identity|mls' SOTTO_SIGNALING_

# the program that docs/mls.md teaches with, as it stands there, in both languages' compilers
# shellcheck disable=SC2016 # these are backticks of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/mls.md" | sed '/^```/d' >taught.c
[[ $(wc -l <taught.c) -gt 20 ]] || fail "docs/mls.md has no program"
read -ra signaling < <(pkg-config --cflags --libs sotto-signaling)
cc -std=c11 "${strict[@]}" taught.c -o taught "${signaling[@]}"
[[ $(LD_LIBRARY_PATH=$lib ./taught | sort -u | wc -l) -eq 1 ]] || fail "the two members of docs/mls.md have different keys"
# and that of docs/identity.md
# shellcheck disable=SC2016
sed -n '/^```c$/,/^```$/p' "$source/docs/identity.md" | sed '/^```/d' >user.c
[[ $(wc -l <user.c) -gt 20 ]] || fail "docs/identity.md has no program"
cc -std=c11 "${strict[@]}" user.c -o user "${signaling[@]}"
[[ $(LD_LIBRARY_PATH=$lib ./user) == "Anna, on laptop" ]] || fail "the program of docs/identity.md makes no identity"
# and the application of docs/embedding.md, which says what it prints
# shellcheck disable=SC2016
sed -n '/^```c$/,/^```$/p' "$source/docs/embedding.md" | sed '/^```/d' >call.c
# shellcheck disable=SC2016
sed -n '/^```text$/,/^```$/p' "$source/docs/embedding.md" | sed '/^```/d' >said
[[ $(wc -l <call.c) -gt 20 && $(wc -l <said) -eq 5 ]] || fail "docs/embedding.md has no program, or does not say what it prints"
read -ra both < <(pkg-config --cflags --libs sotto-signaling sotto-sframe)
cc -std=c11 "${strict[@]}" call.c -o call "${both[@]}"
LD_LIBRARY_PATH=$lib ./call >heard || fail "the program of docs/embedding.md ends with $?"
diff said heard || fail "the program of docs/embedding.md prints (>) something else than the page says (<)"
printf '#include <sotto/mls.h>\nint main() { return mls_strerror(0) == nullptr; }\n' >alone.cc
c++ -std=c++17 "${strict[@]}" alone.cc -o alone "${signaling[@]}"

# nothing of the tests, and every program answers
find . -path ./install.log -prune -o -name '*test*' -print -o -name '*fuzz*' -print -o -name '*bench*' -print \
    -o -name '*canary*' -print -o -name '*.map' -print >strays
[[ ! -s strays ]] || fail "test-only files are installed: $(paste -sd' ' strays)"
for program in bin/*; do
    [[ -x $program ]] || continue
    LD_LIBRARY_PATH=$lib "$program" --help >help 2>&1 || fail "$program --help exits with $?"
    [[ $(wc -l <help) -ge 3 ]] || fail "$program --help says next to nothing"
    printf '%s --help: %d lines\n' "$program" "$(wc -l <help)"
    ! readelf -d "$program" | grep -E 'RPATH|RUNPATH' || fail "$program has a path of the build in it"
done
# each flag that a document names belongs to one of the commands it is about
for row in "docs/operators.md|sotto-sfu|sotto-ds|sotto call|sotto token" "media/call/README.md|sotto call" "media/id/README.md|sotto id new|sotto id add-device"; do
    IFS='|' read -ra parts <<<"$row"
    document=$source/${parts[0]}
    : >help
    for part in "${parts[@]:1}"; do
        read -ra words <<<"$part"
        LD_LIBRARY_PATH=$lib "$prefix/bin/${words[0]}" "${words[@]:1}" --help >>help
    done
    grep -oE -- '(^|[ `(])--[a-z][a-z-]+' "$document" | grep -oE -- '--[a-z-]+' | sort -u >flags
    while read -r flag; do
        grep -qE -- "$flag([^a-z-]|\$)" help || fail "$document names $flag, which the --help of its programs does not"
    done <flags
    printf '%s: %d flags, all in --help\n' "${document#"$source"/}" "$(wc -l <flags)"
done
for wanted in $(<"$here/wanted.txt"); do
    compgen -G "$prefix/$wanted" >/dev/null || fail "$wanted is not installed"
done
printf 'installed: %d files\n' "$(find . -type f | wc -l)"
