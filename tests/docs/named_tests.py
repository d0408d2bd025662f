"""named_tests.py BUILD DOCUMENT...: tests that documents name in backticks exist, and each row that claims something in the
section "What stands today" names at least one."""
import re
import subprocess
import sys

NAME = re.compile(r"`((?:unit|memcheck|system|layering|fuzz|vectors|install|perf|bench|qemu|docs)\.[A-Za-z0-9_.-]+)`")


def main(build, *documents):
    listing = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, capture_output=True, text=True).stdout
    tests = set(re.findall(r"^ *Test *#\d+: (\S+)$", listing, re.M))
    faults, named = [], 0
    for document in documents:
        section = ""
        with open(document, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                section = line[3:].strip() if line.startswith("## ") else section
                names = NAME.findall(line)
                named += len(names)
                faults += [f"{document}:{number}: there is no test {name}" for name in names if name not in tests]
                row = line.startswith("| ") and not line.startswith("| property")
                if row and section.startswith("What stands today") and not names:
                    faults.append(f"{document}:{number}: this row names no test")
    print("\n".join([*faults, f"{named} names, {len(tests)} tests, {len(faults)} faults"]))
    return 1 if faults or not named or not tests else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
