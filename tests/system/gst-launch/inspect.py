#!/usr/bin/env python3
"""inspect.py BUILD: gst-inspect-1.0 shows complete documentation for every element of the plugin."""

import re
import subprocess
import sys
import tempfile

from gstenv import environment

ELEMENTS = {
    "sframeenc": ["display-name", "key", "key-ring", "kind", "layer", "padding", "profile", "stats", "suite"],
    "sframedec": ["key", "key-ring", "profile", "stats", "suite"],
    "rtpsframepay": ["packetization"],
    "rtpsframedepay": ["frames-dropped", "max-frame-size", "packetization", "reorder-window",
                       "request-keyframe"],
    "rtphdrextdd": [],
}
SIGNALS = {"sframeenc": ["request-key", "soft-limit", "hard-limit"], "sframedec": ["request-key", "soft-limit"]}
PADS = {"rtphdrextdd": []}


def inspect(name, env):
    return subprocess.run(["gst-inspect-1.0", name], env=env, check=True, capture_output=True, text=True).stdout


def main():
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        env = environment(sys.argv[1], scratch)
        found = set(re.findall(r"^  (\w+): ", inspect("sotto", env), re.M))
        if found != set(ELEMENTS):
            faults.append(f"elements {sorted(found)}, {sorted(ELEMENTS)} are known here")
        for name, properties in ELEMENTS.items():
            text = inspect(name, env)
            for field in ("Long-name", "Klass", "Description", "Author"):
                if not re.search(rf"^  {field} +\S.{{6,}}$", text, re.M):
                    faults.append(f"{name}: no {field}")
            for prop in properties:
                if not re.search(rf"^  {prop} +: \S.{{15,}}\n +flags: ", text, re.M):
                    faults.append(f"{name}: property {prop} is not described")
            for signal in SIGNALS.get(name, []):
                if f'"{signal}"' not in text:
                    faults.append(f"{name}: no signal {signal}")
            for pad in PADS.get(name, ["SINK", "SRC"]):
                if f"{pad} template:" not in text:
                    faults.append(f"{name}: no {pad} template")
            if re.search(r"^  key +:.*\n +flags: readable", text, re.M):
                faults.append(f"{name}: the key can be read")
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
