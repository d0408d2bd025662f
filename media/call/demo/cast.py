"""Who plays: the two servers and the participants, each a process with a log, and what they leave behind."""
import collections
import json
import os
import re
import signal
import subprocess
import urllib.request


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Process:
    """One program, started once or several times, with one log for all its lives."""

    def __init__(self, log):
        self.log_path, self.process = log, None
        if os.path.exists(log):
            os.unlink(log)

    def spawn(self, command, **more):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **more)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a crash or a loss of power would: SIGKILL, nobody is told."""
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.runs():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


class Server(Process):
    """A server on an address that it keeps when it is started again."""

    def __init__(self, binary, log, *options):
        super().__init__(log)
        self.binary, self.options, self.address = binary, options, "127.0.0.1:0"

    def start(self):
        """False if it does not."""
        ready, writer = os.pipe()
        self.spawn([self.binary, "--dev", "--listen", self.address, "--drain", "0", "--ready-fd", str(writer),
                    *self.options], pass_fds=(writer,))
        os.close(writer)
        with open(ready, encoding="utf-8") as pipe:
            found = re.search(r"http=(\S+)", pipe.readline())
        if found:
            self.address = found.group(1)
        return found is not None


class KeyServer(Server):
    """sotto-ds, on a database that outlives it."""

    def __init__(self, binary, log, database):
        super().__init__(binary, log, "--database", database)


class MediaServer(Server):
    """sotto-sfu, and what its metrics said. They begin at nothing with each of its lives, and pairs vanish with their
    sessions: the highest figure of each life counts, and those of all lives add up."""

    def __init__(self, binary, log):
        super().__init__(binary, log, "--udp-port", "0")
        self.lives = []

    def start(self):
        self.lives.append({"totals": collections.Counter(), "pairs": collections.Counter(), "cpu": 0.0})
        return super().start()

    def look(self):
        life = self.lives[-1]
        try:
            with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=2) as response:
                text = response.read().decode()
            life["cpu"] = max(life["cpu"], cpu_seconds(self.process.pid))
        except OSError:
            return
        for name, labels, value in re.findall(r"^sotto_sfu_(\w+)(?:\{(.*)\})? (\d+)$", text, re.M):
            if not labels:
                life["totals"][name] = max(int(value), life["totals"][name])
            elif name == "forwarded_frames_total":
                label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
                key = (label["publisher"], label["subscriber"], label["kind"])
                life["pairs"][key] = max(int(value), life["pairs"][key])

    def _sum(self, what):
        return sum((life[what] for life in self.lives), collections.Counter())

    @property
    def totals(self):
        return self._sum("totals")

    @property
    def pairs(self):
        """Frames forwarded, by publisher, subscriber and kind."""
        return self._sum("pairs")

    @property
    def cpu(self):
        return sum(life["cpu"] for life in self.lives)


class Person(Process):
    """A participant: an identity, and a client that is started once or, after a crash, again."""

    def __init__(self, name, binary, out, video, audio, environment=None):
        self.stem = os.path.join(out, name.lower())
        super().__init__(self.stem + ".log")
        self.name, self.binary, self.video, self.audio = name, binary, video, audio
        self.environment = environment or {}
        self.home = self.stats = None
        self.may_end = False
        for ending in (".png", ".json"):
            if os.path.exists(self.stem + ending):
                os.unlink(self.stem + ending)

    def meet(self, binary, homes):
        """A fresh identity, in a folder that is gone after the call."""
        self.home = os.path.join(homes, self.name)
        subprocess.run([binary, "id", "new", "--name", self.name, "--device", "demo", "--no-passphrase", "--home",
                        self.home], check=True, capture_output=True)

    def enter(self, server, link, codec):
        # the link is a secret and goes by the environment: ps shows everybody what is on a command line
        self.spawn([self.binary, "call", "--server", f"http://{server}", "--home", self.home, "--video", self.video,
                    "--audio", self.audio, "--codec", codec, "--snapshot", self.stem + ".png", "--stats",
                    self.stem + ".json"], stdin=subprocess.PIPE, env=dict(os.environ, SOTTO_LINK=link, **self.environment))

    def type(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def leave(self):
        self.may_end = True
        self.process.send_signal(signal.SIGTERM)

    def last_words(self):
        return (self.log().strip().split("\n") or [""])[-1]

    def screens(self):
        """Each roster that was shown, and the call code with it: (epoch, how many, lines, code in words)."""
        return [(int(epoch), int(count), lines, code) for epoch, count, lines, code in re.findall(
            r"epoch (\d+), (\d+) here:\n((?:(?!.* here:).*\n)*?).*call code, the same on every screen: (.*) \(", self.log())]

    def codes_of(self, count):
        """The call codes while so many were there."""
        return [code for _, here, _, code in self.screens() if here == count]

    def new_link(self):
        """The link that was shown since the one this participant came by was replaced; None: it was not."""
        return (re.findall(r"the room has a new link.*(sotto://\S+)", self.log()) or [None])[-1]

    def roster_of(self, count):
        """Who was on this screen while so many were there, one line each."""
        lines = [lines for _, here, lines, _ in self.screens() if here == count]
        return re.findall(r"^[^:]*:   (.*)$", lines[-1], re.M) if lines else []

    def read_stats(self):
        with open(self.stem + ".json", encoding="utf-8") as file:
            self.stats = json.load(file)
