"""SIGKILL and loss of power, 100 times between receiving an append and acknowledging it and 100 times elsewhere, while
calls go on: real state machines that come and go, crash, race each other's commits and talk. No acknowledged append is
lost, none is stored twice, every reader sees one order, of two racing commits all members take the same one, and at the end
all of a call are in one epoch and hear each other."""
import hashlib
import os
import random
import subprocess
import threading
import time

from ds_client import Client
from ds_server import BUILD, Server
from harness import main
from test_kill import KILLS, Crowd, Power, kill_elsewhere, kill_in_the_window

PROGRAM = os.path.join(BUILD, "tests", "ds_crowd")
ROOMS = 4
BREATHS = 10  # lives of the server that are long enough for who asks to be let in, which takes up to 3 s
BREATH_S = 4
EPOCHS_MIN = 15  # in which every call has to have been, or it did not go on


class Calls(Crowd):
    """The program that is the members; what it says of acknowledgements and of the end."""

    def __init__(self, address):
        super().__init__()
        self.entries, self.epochs = {}, {}
        self.process = subprocess.Popen([PROGRAM, address, str(ROOMS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            kind, room, *rest = line.split()
            if kind == "ack":
                self.acknowledge((room, rest[1]), int(rest[0]))
            elif kind == "entry":
                self.entries[room, int(rest[0])] = rest[1]
            elif kind == "settled":
                self.epochs[room] = int(rest[0])
        code = self.process.wait()
        if code != 0 or not self.epochs:
            self.failure = AssertionError(f"the calls ended with code {code}, for the reason above")
            with self.changed:
                self.changed.notify_all()

    def explain(self):
        """Has them say where they stand, if they did not yet."""
        if self.process.poll() is None:
            self.process.terminate()
        self.reader.join(10)

    def settle(self):
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        self.reader.join(150)
        assert not self.reader.is_alive(), "the calls do not end"
        assert self.failure is None, self.failure
        assert len(self.epochs) == ROOMS


def read_log(server, room):
    log = []
    with Client(server.address, room=room, name="reader", after=0) as reader:
        head = reader.admitted.head
        while len(log) < head:
            page = reader.read(len(log) + 1)
            assert page.entries and page.entries[0][0] == len(log) + 1
            log += [hashlib.sha256(commit).hexdigest()[:24] for _, _, _, commit in page.entries]
    return log


def verify(calls, server):
    """How many entries each room's log has."""
    logs = {f"room-{i}": read_log(server, f"room-{i}") for i in range(ROOMS)}
    for room, log in logs.items():
        assert len(set(log)) == len(log), f"{room}: an append is stored twice"
        assert calls.epochs[room] > 0
    for (room, commit), seq in calls.acknowledged.items():
        assert seq <= len(logs[room]) and logs[room][seq - 1] == commit, f"{room}: acknowledged append {seq} is lost or elsewhere"
    for (room, seq), commit in calls.entries.items():
        assert logs[room][seq - 1] == commit, f"{room}: a member was sent another entry {seq}"
    return {room: len(log) for room, log in logs.items()}


def calls_outlive_a_delivery_service_that_dies_all_the_time():
    rounds = random.Random(11)
    with Server("--append-interval", "1", "--max-room-entries", "100000") as server:
        power, calls = Power(server), None
        in_window = elsewhere = losses = breaths = 0
        begun = time.monotonic()
        try:
            while in_window < KILLS or elsewhere < KILLS:
                if calls and elsewhere < KILLS and rounds.random() < 0.1:  # while it starts or recovers
                    os.close(server.spawn())
                    time.sleep(rounds.uniform(0, 0.01))
                    server.kill()
                    elsewhere += 1
                    continue
                server.start()
                if not calls:
                    server.options[1] = server.address  # and from now on always there
                    calls = Calls(server.address)
                if in_window + elsewhere >= breaths * 2 * KILLS / BREATHS:
                    breaths += 1
                    time.sleep(BREATH_S)
                if in_window < KILLS and (elsewhere >= KILLS or rounds.random() < 0.5):
                    in_window += kill_in_the_window(calls, server, power, rounds)
                    if rounds.random() < 0.5:
                        power.lose_what_was_not_synced()
                        losses += 1
                else:
                    kill_elsewhere(calls, server, rounds)
                    elsewhere += 1
                power.forget()
                assert calls.failure is None, calls.failure
            server.start()
            took = time.monotonic() - begun
            calls.settle()
            sizes = verify(calls, server)
            entries, lost_races = sum(sizes.values()), sum(sizes.values()) - sum(calls.epochs.values())
        except BaseException:
            print(f"  after {time.monotonic() - begun:.0f} s, {in_window} killed before an acknowledgement, {elsewhere} elsewhere:",
                  flush=True)
            if calls:
                calls.explain()
            raise
        finally:
            if calls:
                calls.process.kill()
        print(f"  {in_window} killed before an acknowledgement ({losses} with the loss of what was not synced), {elsewhere} "
              f"elsewhere, in {took:.0f} s; {ROOMS} calls settled after {time.monotonic() - begun - took:.0f} s; {entries} "
              f"entries, {len(calls.acknowledged)} acknowledged, {lost_races} that are no epoch; epochs {list(calls.epochs.values())}, "
              f"entries {list(sizes.values())}")
        assert lost_races >= ROOMS, "no two commits raced"
        assert min(calls.epochs.values()) >= EPOCHS_MIN, "a call did not go on"


if __name__ == "__main__":
    main(calls_outlive_a_delivery_service_that_dies_all_the_time)
