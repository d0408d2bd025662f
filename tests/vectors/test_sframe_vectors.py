"""sframe_vectors passes every published case, counts them, and fails on anything wrong or malformed.

usage: test_sframe_vectors.py PROGRAM VECTORS-FOLDER SCRATCH-FOLDER"""

import copy
import json
import pathlib
import subprocess
import sys

program, vectors, scratch = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
COUNTS = {"header": 289, "aes_ctr_hmac": 3, "aes_256_ctr_hmac": 3, "sframe": 5}
failures = []


def run(path):
    result = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout.strip().split("\n")[-1]


def expect(what, path, ok, last=None):
    code, line = run(path)
    if (code == 0) != ok or (last and line != last) or not line.endswith(" failed"):
        failures.append(f"{what}: exit {code}, {line!r}")


def write(text):
    path = scratch / "case.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


if not vectors.is_dir():
    print(f"skipped: no vectors at {vectors} (set SOTTO_VECTORS)")
    sys.exit(77)
scratch.mkdir(parents=True, exist_ok=True)
published = json.loads((vectors / "sframe/test-vectors.json").read_text())
if {name: len(cases) for name, cases in published.items()} != COUNTS:
    failures.append(f"the published file holds {[(n, len(c)) for n, c in published.items()]}, not {COUNTS}")
total = sum(COUNTS.values())
expect("published folder", vectors / "sframe", True, f"{total} passed, 0 failed")
expect("published file", vectors / "sframe/test-vectors.json", True, f"{total} passed, 0 failed")

# every field of the last case of every array matters
changed = 0
for name, cases in published.items():
    last = len(cases) - 1
    for field, value in cases[last].items():
        wrong = copy.deepcopy(published)
        if isinstance(value, int):
            wrong[name][last][field] = value ^ 1
        else:
            wrong[name][last][field] = value[:-1] + ("0" if value[-1] != "0" else "1")
        expect(f"{name}.{field} changed", write(wrong), False, f"{total - 1} passed, 1 failed")
        del wrong[name][last][field]
        expect(f"{name}.{field} absent", write(wrong), False, f"{total - 1} passed, 1 failed")
        changed += 1

header = {"kid": 2**63, "ctr": 2**64 - 1, "encoded": "ff8000000000000000ffffffffffffffff"}
expect("63 and 64 bits", write({"header": [header]}), True, "1 passed, 0 failed")
expect("neighbour of 2^63, equal as a double", write({"header": [{**header, "kid": 2**63 + 1}]}), False)
expect("2^64", write({"header": [{**header, "ctr": 2**64}]}), False)
expect("negative", write('{"header": [{"kid": -1, "ctr": 0, "encoded": "00"}]}'), False)
expect("real", write('{"header": [{"kid": 0.0, "ctr": 0, "encoded": "00"}]}'), False)
expect("number as a string", write('{"header": [{"kid": "0", "ctr": 0, "encoded": "00"}]}'), False)
expect("marked string", write('{"header": [{"kid": "#0", "ctr": 0, "encoded": "00"}]}'), False)
expect("the plain case of these", write('{"header": [{"kid": 0, "ctr": 0, "encoded": "00"}]}'), True)
expect("odd hex", write('{"header": [{"kid": 0, "ctr": 0, "encoded": "000"}]}'), False)
expect("twice the same name", write('{"header": [{"kid": 0, "kid": 0, "ctr": 0, "encoded": "00"}]}'), False)
expect("suite 0", write({"sframe": [{**published["sframe"][0], "cipher_suite": 0}]}), False)
expect("unknown array", write({"headers": published["header"]}), False)
expect("empty array", write({"header": []}), False)
expect("empty object", write("{}"), False)
expect("empty file", write(""), False)
expect("array at the top", write([header]), False)
expect("truncated", write(json.dumps(published)[:-20]), False)
expect("element that is no object", write({"header": [5]}), False)
expect("no such file", scratch / "absent.json", False)
empty = scratch / "empty"
empty.mkdir(exist_ok=True)
expect("folder without files", empty, False)

# the schema of whole frames under the other name
renamed = {"sframe_aes_256_ctr_hmac": published["sframe"]}
expect("sframe_aes_256_ctr_hmac", write(renamed), True, "5 passed, 0 failed")

print(f"{total} published cases, {2 * changed} of their fields changed or taken away")
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
