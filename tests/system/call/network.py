"""Several machines in one: network namespaces, and links between them that delay and lose packets as they are told.

A link is a pair of TUN devices whose packets this process carries from one to the other, so it needs no kernel module for
shaping traffic, and nothing outside the namespaces notices."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time

from harness import SKIPPED

SERVER = "10.9.0.1"
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN_NO_PI = 0x400454ca, 0x1001
INSIDE = "SOTTO_TEST_NAMESPACE"
LIBC = ctypes.CDLL(None, use_errno=True)


def enter():
    """Starts this program again in a network namespace of its own; without the right to that, the test is skipped."""
    if INSIDE in os.environ:
        for command in ("link set lo up", f"addr add {SERVER}/32 dev lo"):
            subprocess.run(["ip", *command.split()], check=True)
        return
    reason = "/dev/net/tun is not there"
    if os.path.exists("/dev/net/tun"):
        reason = "network namespaces are not permitted here"
        for how in (["unshare", "-r", "-n"], ["unshare", "-n"]):
            allowed = subprocess.run([*how, "ip", "tuntap", "add", "dev", "t0", "mode", "tun"], capture_output=True,
                                     check=False)
            if allowed.returncode == 0:
                os.execvpe(how[0], [*how, sys.executable, "-B", *sys.argv], dict(os.environ, **{INSIDE: "1"}))
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def open_tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return device


class Machine:
    """A network namespace with one link, to the server's, which is the one the test runs in."""
    count = 0

    def __init__(self, loss=0.0, delay=0.01):
        Machine.count += 1
        self.loss, self.delay, self.carried, self.lost = loss, delay, 0, 0
        # seeded, so that runs differ by timing only
        self.random = random.Random(Machine.count)
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        home, there = os.open("/proc/self/ns/net", os.O_RDONLY), f"/proc/{self.holder.pid}/ns/net"
        while os.readlink(there) == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        address, name = f"10.9.0.{Machine.count + 1}", f"link{Machine.count}"
        self.ends = [open_tun(name)]
        self.run_ip(name, SERVER, address)
        away = os.open(there, os.O_RDONLY)
        self.enter_namespace(away)
        try:
            self.ends.append(open_tun("uplink"))
            self.run_ip("uplink", address, SERVER)
        finally:
            self.enter_namespace(home)
            os.close(home)
            os.close(away)
        self.prefix = ("nsenter", "-t", str(self.holder.pid), "-n")
        self.stopping = False
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    @staticmethod
    def enter_namespace(descriptor):
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    @staticmethod
    def run_ip(device, local, remote):
        for command in (f"addr add {local} peer {remote} dev {device}", f"link set {device} up", "link set lo up"):
            subprocess.run(["ip", *command.split()], check=True)

    def carry(self):
        waiting, order = [], 0
        while not self.stopping:
            pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.1
            for end in select.select(self.ends, [], [], min(pause, 0.1))[0]:
                packet = os.read(end, 65536)
                if self.random.random() < self.loss:
                    self.lost += 1
                    continue
                order += 1
                heapq.heappush(waiting, (time.monotonic() + self.delay, order, self.ends[1 - self.ends.index(end)], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(waiting)
                self.carried += 1
                try:
                    os.write(end, packet)
                except OSError:
                    pass  # a full queue is one more way to lose a packet

    def close(self):
        self.stopping = True
        self.thread.join()
        for end in self.ends:
            os.close(end)
        self.holder.kill()
        self.holder.wait()
