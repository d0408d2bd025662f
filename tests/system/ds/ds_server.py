"""sotto-ds as a process, with its files in a folder of its own."""
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

BUILD = os.environ["SOTTO_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "sotto-ds")
SYNC_KILL = os.path.join(BUILD, "tests", "libds_sync_kill.so")


class Server:
    """A server, and what it left if it was ended and begins again."""

    def __init__(self, *options, environment=None, dev=True):
        self.folder = tempfile.mkdtemp(prefix="sotto-ds-")
        self.database = self.path("rooms.db")
        self.options = ["--listen", "127.0.0.1:0", "--database", self.database, *(["--dev"] if dev else []), *options]
        self.environment = dict(os.environ, **(environment or {}))
        self.process = self.address = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.kill()
        if kind is not None and os.path.exists(self.path("log")):
            print("--- log\n" + self.log()[-4000:])
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()

    def spawn(self, *more):
        """Starts it; a pipe that says where it listens once it does."""
        ready, writer = os.pipe()
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen([PROGRAM, *self.options, *more, "--ready-fd", str(writer)], stderr=log,
                                            env=self.environment, pass_fds=(writer,))
        os.close(writer)
        return ready

    def start(self, *more):
        with open(self.spawn(*more)) as pipe:
            line = pipe.readline()
        assert line, "the server does not start\n" + self.log()
        self.address = re.search(r"http=(\S+)", line).group(1)
        return self

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def get(self, path, headers=None, method="GET"):
        """(status, body)"""
        request = urllib.request.Request(f"http://{self.address}{path}", headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        return int(re.search(rf"^sotto_ds_{name} (\d+)$", self.get("/metrics")[1], re.M).group(1))
