"""What the tests of whole calls share: a server, clients, pictures, packets. Python's standard library only."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

BUILD = os.environ["SOTTO_BUILD_DIR"]
CLIENT = os.path.join(BUILD, "bin", "sotto")
TEST_CLIENT = os.path.join(BUILD, "tests", "sotto-test-client")
SFU = os.path.join(BUILD, "bin", "sotto-sfu")
DS = os.path.join(BUILD, "bin", "sotto-ds")
CANARY = os.path.join(BUILD, "tests", "sotto-sfu-canary")
FIND_RUNS = os.path.join(BUILD, "tests", "find_runs")
SECRET = "00112233445566778899aabbccddeeff"
SKIPPED = 77


class Skip(Exception):
    """What is needed is not there; says what."""


class Call:
    """A folder for files, a server and clients, all ended and removed at the end."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sotto-call-")
        self.processes = []
        self.server = self.url = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind is not None and kind is not Skip:
            for name in sorted(os.listdir(self.folder)):
                if name.endswith(".log"):
                    print(f"--- {name}")
                    with open(self.path(name), errors="replace") as file:
                        print(file.read()[-4000:])
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def spawn(self, command, log, environment=None, **more):
        with open(self.path(log), "ab") as file:
            process = subprocess.Popen(command, env=dict(os.environ, **(environment or {})), stdout=file,
                                       stderr=subprocess.STDOUT, **more)
        self.processes.append(process)
        return process

    def serve(self, binary=SFU, options=("--dev", "--listen", "127.0.0.1:0"), environment=None):
        ready, writer = os.pipe()
        self.server = self.spawn([binary, *options, "--udp-port", "0", "--drain", "0", "--ready-fd", str(writer)],
                                 "sfu.log", environment, pass_fds=(writer,))
        os.close(writer)
        with open(ready) as pipe:
            line = pipe.readline()
        assert line, "the server does not start"
        self.address = re.search(r"http=(\S+)", line).group(1)
        self.url = "http://" + self.address

    def serve_keys(self, listen="127.0.0.1:0"):
        """The delivery service, on a database of this call's; with its address before, the same one again."""
        ready, writer = os.pipe()
        self.key_server = self.spawn([DS, "--dev", "--listen", listen, "--database", self.path("rooms.db"), "--drain", "0",
                                      "--ready-fd", str(writer)], "ds.log", pass_fds=(writer,))
        os.close(writer)
        with open(ready) as pipe:
            line = pipe.readline()
        assert line, "the delivery service does not start"
        self.key_address = re.search(r"http=(\S+)", line).group(1)

    def make_link(self, room="room"):
        return subprocess.run([CLIENT, "link", self.key_address, room], check=True, capture_output=True,
                              text=True).stdout.strip()

    def meet(self, name):
        """A fresh identity."""
        subprocess.run([CLIENT, "id", "new", "--name", name, "--device", "laptop", "--no-passphrase", "--home",
                        self.path(name)], check=True, capture_output=True)

    def enter(self, name, link, *options, binary=CLIENT, environment=None):
        """Somebody who is in a call by its link; lines for it go to its stdin."""
        stem = name.lower()
        return self.spawn([binary, "call", "--server", self.url, "--home", self.path(name), "--snapshot",
                           self.path(stem + ".png"), "--stats", self.path(stem + ".json"), *options],
                          stem + ".log", dict(environment or {}, SOTTO_LINK=link), stdin=subprocess.PIPE)

    def join(self, name, *options, secret=SECRET, binary=CLIENT, environment=None, prefix=()):
        stem = name.lower()
        return self.spawn([*prefix, binary, "call", "room", "--server", self.url, "--name", name,
                           "--snapshot", self.path(stem + ".png"), "--stats", self.path(stem + ".json"), *options],
                          stem + ".log", dict(environment or {}, SOTTO_KEY=secret))

    def log(self, name):
        with open(self.path(name.lower() + ".log"), errors="replace") as file:
            return file.read()

    def stats(self, name):
        with open(self.path(name.lower() + ".json")) as file:
            return json.load(file)

    def heard(self, by, sender):
        """What one participant's figures say of another, by name."""
        entries = [entry for entry in self.stats(by)["received"] if entry["name"] == sender]
        assert entries, f"{by} has heard nothing of {sender}"
        return entries[-1]

    def picture(self, name):
        return read_png(self.path(name.lower() + ".png"))


def wait_all(processes, seconds=40):
    deadline = time.monotonic() + seconds
    for process in processes:
        process.wait(max(0.1, deadline - time.monotonic()))
        assert process.returncode == 0, f"{process.args[0]} ended with code {process.returncode}"


def wait_for(what, condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class Picture:
    def __init__(self, width, height, rows, size):
        self.width, self.height, self.rows, self.size = width, height, rows, size

    def mean(self, x, y, width, height):
        """The mean colour of a rectangle."""
        pixels = [self.rows[j][i * self.size:i * self.size + 3] for j in range(y, y + height, 4)
                  for i in range(x, x + width, 4)]
        return tuple(sum(pixel[c] for pixel in pixels) // len(pixels) for c in range(3))

    def tile(self, index, tiles):
        """The mean colour in the middle of a tile, as the grid lays them out."""
        columns = next(n for n in range(1, 9) if n * n >= tiles)
        return self.mean(index % columns * 640 + 220, index // columns * 480 + 140, 200, 160)


def read_png(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    pos, packed = 8, b""
    while pos < len(data):
        length, kind = struct.unpack(">I4s", data[pos:pos + 8])
        body = data[pos + 8:pos + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colour in (2, 6) and interlace == 0
            size = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
        pos += 12 + length
    raw, stride = zlib.decompress(packed), width * size
    rows, before = [], bytes(stride)
    for y in range(height):
        at = y * (stride + 1)
        before = unfilter(raw[at], bytearray(raw[at + 1:at + 1 + stride]), before, size)
        rows.append(before)
    return Picture(width, height, rows, size)


def unfilter(kind, row, above, size):
    for i in range(len(row)) if kind else ():
        left, up, corner = (row[i - size] if i >= size else 0), above[i], (above[i - size] if i >= size else 0)
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - corner
            guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
        row[i] = (row[i] + guess) & 255
    return row


def near(colour, wanted, tolerance=40):
    return all(abs(a - b) <= tolerance for a, b in zip(colour, wanted))


def read_blobs(path):
    """The items of a file of 4-byte lengths and bytes; a last one that is incomplete is left out."""
    with open(path, "rb") as file:
        data = file.read()
    pos, blobs = 0, []
    while pos + 4 <= len(data):
        length = int.from_bytes(data[pos:pos + 4], "big")
        if pos + 4 + length > len(data):
            break
        blobs.append(data[pos + 4:pos + 4 + length])
        pos += 4 + length
    return blobs


def write_blobs(path, blobs):
    with open(path, "wb") as file:
        for blob in blobs:
            file.write(len(blob).to_bytes(4, "big") + blob)


def join_frames(packets):
    """Payloads of RTP packets joined per frame: by SSRC and timestamp, in sequence order. Retransmissions, which have
    an SSRC of their own, come out as frames with two bytes in front of each payload."""
    frames = {}
    for packet in packets:
        first, _, sequence, timestamp, ssrc = struct.unpack(">BBHII", packet[:12])
        start = 12 + 4 * (first & 15)
        if first & 16:
            start += 4 + 4 * int.from_bytes(packet[start + 2:start + 4], "big")
        end = len(packet) - (packet[-1] if first & 32 else 0)
        frames.setdefault((ssrc, timestamp), {})[sequence] = packet[start:end]
    joined = []
    for parts in frames.values():
        numbers = sorted(parts)
        if numbers[-1] - numbers[0] > 0x8000:
            numbers = sorted(parts, key=lambda number: (number + 0x8000) & 0xffff)
        joined.append(b"".join(parts[number] for number in numbers))
    return joined


OPUS, VP8 = 111, 112  # payload types of the client's offers; others are retransmissions


def media_packets(path):
    return [packet for packet in read_blobs(path) if packet[1] & 0x7f in (OPUS, VP8)]


def find_runs(needles, haystack):
    """Needles with a run to look for, and places where one was found; see find_runs.c."""
    line = subprocess.run([FIND_RUNS, needles, haystack], check=True, capture_output=True, text=True).stdout
    print("  " + line.strip())
    numbers = re.fullmatch(r"needles (\d+) runs (\d+) hits (\d+)\n", line)
    return int(numbers.group(1)), int(numbers.group(3))


def main(*tests):
    """Runs the tests; each says by its name what it shows."""
    skipped = failed = 0
    for test in tests:
        print(f"{test.__name__.replace('_', ' ')} ...", flush=True)
        try:
            test()
        except Skip as reason:
            print(f"SKIPPED: {reason}")
            skipped += 1
        except (AssertionError, OSError, subprocess.SubprocessError):
            traceback.print_exc(file=sys.stdout)
            failed += 1
    sys.exit(1 if failed else SKIPPED if skipped == len(tests) else 0)
