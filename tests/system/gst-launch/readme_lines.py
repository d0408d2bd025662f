#!/usr/bin/env python3
"""readme_lines.py README BUILD: runs the commands of the README's GStreamer section as they stand there.

The one with the right key must put pictures on the screen, the one with a wrong key must put none there and give one
clear warning. A fake sink takes the screen's place (by rank, the lines stay as they are), and GStreamer's own log says
what it rendered. Each command gets a network namespace of its own where the system allows it, so that the port in the
lines is free."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from gstenv import environment

DEADLINE_S = 40
SETTLE_S = 3  # how long a picture is waited for that must not come
PICTURES = 45
RENDERED = re.compile(r"rendering")


def commands(readme):
    """The sh blocks of the section, each a list of commands with their continuation lines joined."""
    text = pathlib.Path(readme).read_text(encoding="utf-8")
    section = re.search(r"^## GStreamer$(.*?)^## ", text, re.M | re.S)
    if not section:
        sys.exit("no GStreamer section in the README")
    return re.findall(r"^```sh\n(.*?)^```$", section.group(1), re.M | re.S)


def isolated():
    probe = ["unshare", "-rn", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class Run:
    """One command of the README under way."""

    def __init__(self, command, folder, env):
        self.log = folder / "sink.log"
        self.log.unlink(missing_ok=True)
        self.output = folder / "output.txt"
        # basesink's log at level DEBUG tells what a sink renders
        env = dict(env, GST_PLUGIN_FEATURE_RANK="fakevideosink:MAX", GST_DEBUG="basesink:5",
                   GST_DEBUG_FILE=str(self.log), GST_DEBUG_NO_COLOR="1")
        shell = ["bash", "-c", "exec " + command]
        if isolated():
            shell = ["unshare", "-rn", "bash", "-c", "ip link set lo up && exec " + command]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(shell, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)

    def pictures(self):
        if not self.log.exists():
            return 0
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return sum(1 for line in log if "<sink>" in line and RENDERED.search(line))

    def warnings(self):
        return [line for line in self.text().splitlines() if line.startswith("WARNING")]

    def text(self):
        return self.output.read_text(encoding="utf-8", errors="replace")

    def until(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.1)
        return condition()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def fail(run, why):
    run.stop()
    print(run.text())
    sys.exit(f"FAILED: {why}")


def main():
    blocks = commands(sys.argv[1])
    if len(blocks) != 4:
        sys.exit(f"{len(blocks)} blocks in the GStreamer section, 4 are known: plugin path, clip, right key, wrong key")
    _, clip, right, wrong = blocks
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        env = environment(sys.argv[2], folder)
        subprocess.run(["bash", "-c", clip], cwd=folder, env=env, check=True, timeout=60, stdout=subprocess.DEVNULL)

        run = Run(right, folder, env)
        if not run.until(lambda: run.pictures() >= PICTURES, DEADLINE_S):
            fail(run, f"{run.pictures()} pictures with the right key, {PICTURES} wanted")
        if run.warnings():
            fail(run, "a warning with the right key")
        run.stop()
        print(f"right key: {run.pictures()} pictures, no warning")

        run = Run(wrong, folder, env)
        if not run.until(run.warnings, DEADLINE_S):
            fail(run, "no warning with a wrong key")
        run.until(lambda: run.pictures() > 0, SETTLE_S)
        if run.pictures() > 0:
            fail(run, "a picture with a wrong key")
        if len(run.warnings()) != 1 or "key does not fit" not in run.warnings()[0]:
            fail(run, "not one clear warning")
        run.stop()
        print(f"wrong key: no picture, {run.warnings()[0]}")


main()
