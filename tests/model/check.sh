#!/bin/sh
# check.sh MODEL holds|breaks FOLDER [-DMACRO...]: searches every state of a model in an empty FOLDER. "holds": no claim
# fails anywhere; "breaks": one does.
set -eu
model=$1 expected=$2 folder=$3
shift 3
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
spin -a "$@" "$model" >spin.log
cc -O2 -w -DSAFETY -DNOREDUCE -DMEMLIM=6000 -o search pan.c
./search -m100000 -w26 >search.log
cat search.log
if grep -q 'Search not completed' search.log && ! grep -q 'assertion violated' search.log; then
    echo "the search did not end: see above"
    exit 2
fi
if grep -q 'errors: 0$' search.log; then
    found=holds
elif grep -q 'assertion violated' search.log; then
    found=breaks
else
    echo "neither a proof nor a counterexample: see above"
    exit 2
fi
echo "$(basename "$model") $*: $found, expected: $expected"
[ "$found" = "$expected" ] && exit 0
[ "$found" = breaks ] && spin -t -p "$@" "$model" | tail -n 100
exit 1
