"""mls_vectors passes every published case of the schemas it knows, counts them, and fails on anything wrong or malformed.

usage: test_mls_vectors.py PROGRAM VECTORS-FOLDER SCRATCH-FOLDER"""

import copy
import json
import pathlib
import subprocess
import sys

program, vectors, scratch = sys.argv[1], pathlib.Path(sys.argv[2]) / "mls", pathlib.Path(sys.argv[3])
# file -> cases in it
COUNTS = {
    "crypto-basics": 7,
    "deserialization": 14,
    "key-schedule": 7,
    "message-protection": 7,
    "messages": 300,
    "passive-client-handling-commit": 91,
    "passive-client-random": 1,
    "passive-client-welcome": 56,
    "psk_secret": 77,
    "secret-tree": 21,
    "transcript-hashes": 7,
    "tree-math": 10,
    "tree-operations": 5,
    "tree-validation": 98,
    "treekem": 77,
    "welcome": 7,
}
failures = []


def run(path):
    result = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=120, check=False)
    return result.returncode, result.stdout.strip().split("\n")


def expect(what, path, ok, last=None):
    code, lines = run(path)
    if (code == 0) != ok or (last and lines[-1] != last) or not lines[-1].endswith(" failed"):
        failures.append(f"{what}: exit {code}, {lines[-1]!r}")
    return lines


def write(content):
    path = scratch / "case.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def changes(value):
    """Other values of the same kind, one for each of its parts."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ({**value, name: other} for other in changes(part))
    elif isinstance(value, list):
        if value:
            yield from ([*value[:-1], other] for other in changes(value[-1]))
    elif isinstance(value, int):
        yield value ^ 1
    elif value == "00":
        yield "01"
    elif value is None:
        yield 3
    elif len(value) > 2:
        yield value[:2] + ("0" if value[2] != "0" else "1") + value[3:]


if not vectors.is_dir():
    print(f"skipped: no vectors at {vectors} (set SOTTO_VECTORS)")
    sys.exit(77)
scratch.mkdir(parents=True, exist_ok=True)

changed = 0
for name, count in COUNTS.items():
    cases = json.loads((vectors / f"{name}.json").read_text())
    suites = {case["cipher_suite"] for case in cases if "cipher_suite" in case}
    if len(cases) != count or suites not in (set(), {1}, set(range(1, 8))):
        failures.append(f"{name}.json holds {len(cases)} cases of suites {suites}, not {count}")
    lines = expect(name, vectors / f"{name}.json", True, f"{count} passed, 0 failed")
    if len(lines) != 1 + (len(suites) or 1):
        failures.append(f"{name}: {len(lines)} lines for {len(suites)} suites")
    # every member of the first case matters (of messages: any change of form; their contents are opaque to it)
    for field, value in cases[0].items():
        wrong = copy.deepcopy(cases[:1])
        del wrong[0][field]
        expect(f"{name}.{field} absent", write(wrong), False, "0 passed, 1 failed")
        for other in [value[:-2]] if name == "messages" else changes(value):
            if (name, field) == ("tree-operations", "proposal_sender"):
                other = len(cases[0]["tree_before"])  # nobody; who sends an Add is otherwise all one
            wrong = copy.deepcopy(cases[:1])
            wrong[0][field] = other
            expect(f"{name}.{field} changed to {other}", write(wrong), False, "0 passed, 1 failed")
            changed += 1

basics = json.loads((vectors / "crypto-basics.json").read_text())
expect("the plain case of these", write(basics[:1]), True, "1 passed, 0 failed")
expect("suite 0", write([{**basics[0], "cipher_suite": 0}]), False)
expect("suite 8", write([{**basics[0], "cipher_suite": 8}]), False)
expect("suite as a string", write([{**basics[0], "cipher_suite": "1"}]), False)
expect("another member", write([{**basics[0], "more": 1}]), False)
expect("cases of two schemas", write([basics[0], {"vlbytes_header": "00", "length": 0}]), False, "1 passed, 1 failed")
expect("not minimal", write([{"vlbytes_header": "4000", "length": 0}]), False)
expect("not minimal, four bytes", write([{"vlbytes_header": "80000040", "length": 64}]), False)
expect("reserved prefix", write([{"vlbytes_header": "c000000000000000", "length": 0}]), False)
expect("odd hex", write([{"vlbytes_header": "000", "length": 0}]), False)
expect("unknown schema", write([{"what": 1}]), False)
expect("no cases", write([]), False)
expect("object at the top", write({}), False)
expect("empty file", write(""), False)
expect("truncated", write(json.dumps(basics)[:-20]), False)
expect("no such file", scratch / "absent.json", False)
empty = scratch / "empty"
empty.mkdir(exist_ok=True)
expect("folder without files", empty, False)

print(f"{sum(COUNTS.values())} published cases, {changed} of their parts changed")
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
