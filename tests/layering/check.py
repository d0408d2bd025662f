#!/usr/bin/env python3
"""The house's arrows, held over what was really built.

check.py maps BUILD BINARY...      every binary listed in binaries.txt contains only objects of the folders of its row
check.py map BUILD ROW MAP         one link map, judged as if it were ROW's (the positive control)
check.py includes BUILD            headers seen by each folder's objects, and third-party headers per file

BUILD is the build folder (Ninja, with compile_commands.json). Prints each breach; exits 1 if there is one."""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FREE = ("tests", "bench")  # folders whose includes are not judged

DIRECT = re.compile(r"(?:^|\s)(\S*CMakeFiles/\S+?\.dir/\S+?\.o)(?=\s|$)")
MEMBER = re.compile(r"(?:^|\s)(\S+\.a)\(([^)\s]+)\)")
SYSTEM = re.compile(r"^(/usr)?/lib")


def rows(name):
    for line in (HERE / name).read_text(encoding="utf-8").split("\n"):
        words = line.split("#")[0].split()
        if words:
            yield words


def folders():
    return [words[1] for words in rows("includes.txt") if words[0] == "module"] + list(FREE)


def folder_of(source):
    """The house's folder that a source file (relative to the root) stands in: its longest match."""
    fitting = [one for one in folders() if source.startswith(one + "/")]
    return max(fitting, key=len) if fitting else source.split("/")[0]


class Build:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.sources = {}  # object, relative to the build folder -> source, relative to the root
        for entry in json.loads((self.folder / "compile_commands.json").read_text(encoding="utf-8")):
            source = pathlib.Path(entry["file"]).resolve()
            inside = source.is_relative_to(ROOT)
            self.sources[re.search(r" -o (\S+\.o) ", entry["command"]).group(1)] = str(source.relative_to(ROOT) if inside else source)

    def sources_of_member(self, archive, member):
        target = re.sub(r"^lib(.*)\.a$", r"\1", archive.rsplit("/", 1)[-1])
        found = [
            source
            for name, source in self.sources.items()
            if f"/CMakeFiles/{target}.dir/" in "/" + name and name.rsplit("/", 1)[-1] == member
        ]
        return found

    def contents(self, link_map):
        """{source or unknown object} that a link map says is in the binary, and the unknown ones apart."""
        text = link_map.read_text(encoding="utf-8", errors="replace")
        known, unknown = set(), set()
        for name in DIRECT.findall(text):
            if MEMBER.match(name):
                continue
            name = name.removeprefix(f"{self.folder}/")
            (known.add(self.sources[name]) if name in self.sources else unknown.add(name))
        for archive, member in MEMBER.findall(text):
            if SYSTEM.match(archive):
                continue
            found = self.sources_of_member(archive, member)
            known.update(found)
            if not found:
                unknown.add(f"{archive}({member})")
        return known, unknown


def judge_map(build, name, link_map, allowed):
    """Breaches of one binary."""
    if not link_map.is_file():
        return [f"{name}: no link map {link_map}"]
    known, unknown = build.contents(link_map)
    breaches = [f"{name}: {one} is of no known folder" for one in sorted(unknown)]
    breaches += [
        f"{name}: contains {source}, of {folder_of(source)}"
        for source in sorted(known)
        if folder_of(source) not in allowed
    ]
    if not known:
        breaches.append(f"{name}: its link map names no object of ours")
    print(f"{name}: {len(known)} objects of {', '.join(sorted({folder_of(one) for one in known}))}")
    return breaches


def judge_symbols(build, name, forbidden):
    """No symbol, defined or not, of a forbidden prefix; the binary must not be stripped."""
    if not forbidden:
        return []
    listing = subprocess.run(["nm", "-A", build.folder / name], check=False, capture_output=True, text=True)
    symbols = [line.split()[-1] for line in listing.stdout.split("\n") if line]
    if len(symbols) < 100:
        return [f"{name}: is stripped, or nm failed: {listing.stderr.strip()}"]
    return [f"{name}: has the symbol {one}" for one in symbols if one.startswith(tuple(forbidden))]


def row_of(name):
    for words in rows("binaries.txt"):
        if fnmatch.fnmatchcase(name, words[0]):
            allowed = {word for word in words[1:] if not word.startswith("!")}
            return allowed, [word[1:] for word in words[1:] if word.startswith("!")]
    return None


def check_maps(build, names):
    breaches = []
    for name in names:
        row = row_of(name)
        if row is None:
            breaches.append(f"{name}: has no row in tests/layering/binaries.txt")
            continue
        breaches += judge_map(build, name, build.folder / (name + ".map"), row[0])
        breaches += judge_symbols(build, name, row[1])
    for words in rows("binaries.txt"):
        if words[0] not in names and "*" not in words[0]:
            breaches.append(f"{words[0]}: is in binaries.txt, but nothing builds it")
    return breaches


def check_module_includes(build):
    """Over the compiler's own list of what each object read: nobody sees a header across an arrow that is not there."""
    arrows = {words[1]: set(words[1:]) for words in rows("includes.txt") if words[0] == "module"}
    listing = subprocess.run(["ninja", "-C", build.folder, "-t", "deps"], check=True, capture_output=True, text=True)
    breaches, source, judged = set(), None, 0
    for line in listing.stdout.split("\n"):
        if line and not line.startswith(" "):
            source = build.sources.get(line.split(":")[0])
            judged += source is not None
        elif line.strip() and source:
            header = (build.folder / line.strip()).resolve()
            mine = folder_of(source)
            if mine in arrows and header.is_relative_to(ROOT) and not header.is_relative_to(build.folder):
                theirs = folder_of(str(header.relative_to(ROOT)))
                if theirs not in arrows[mine]:
                    breaches.add(f"{source} sees {header.relative_to(ROOT)}: no arrow from {mine} to {theirs}")
    if judged < 10:
        breaches.add(f"ninja knows the headers of {judged} objects only: build first")
    print(f"headers of {judged} objects")
    return sorted(breaches)


def check_foreign_includes():
    rules = [(re.compile(words[1]), words[2:]) for words in rows("includes.txt") if words[0] == "header"]
    listing = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.c", "*.h"], capture_output=True, text=True, check=False
    )
    files = listing.stdout.split() if listing.returncode == 0 else []
    files = files or [str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/*.[ch]") if "build" not in path.parts]
    breaches = []
    for name in sorted(files):
        if name.split("/")[0] in FREE or not (ROOT / name).is_file():
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        for header in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M):
            for expression, patterns in rules:
                if expression.match(header) and not any(fnmatch.fnmatchcase(name, one) for one in patterns):
                    breaches.append(f"{name} includes {header}: only {' '.join(patterns)} may")
    print(f"includes of {len(files)} files")
    return breaches if files else ["no source file was found"]


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("maps", "map", "includes"):
        print(__doc__)
        return 2
    build = Build(arguments[1])
    if arguments[0] == "maps":
        breaches = check_maps(build, arguments[2:])
    elif arguments[0] == "map":
        row, link_map = arguments[2:4]
        breaches = judge_map(build, row, pathlib.Path(link_map), (row_of(row) or [set()])[0])
    else:
        breaches = check_module_includes(build) + check_foreign_includes()
    print("\n".join(breaches))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
