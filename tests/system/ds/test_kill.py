"""SIGKILL and loss of power, 100 times between receiving an append and acknowledging it and 100 times elsewhere, while
participants append, read and race: no acknowledged append is lost, none is stored twice, every reader sees one order."""
import mmap
import os
import random
import shutil
import struct
import threading
import time

from ds_client import APPENDED, ENTRY, ERROR, RATE_LIMITED, Client, Closed, Message, append_body, APPEND
from ds_server import SYNC_KILL, Server
from harness import main

KILLS = 100  # of each kind
SILENT_S = 60  # in which somebody appends, or nothing goes on any more
BEFORE, AFTER = 1, 2
PARTICIPANTS = 3


class Crowd:
    """What all participants share: where the server is now, and what they have seen."""

    def __init__(self):
        self.changed = threading.Condition()
        self.address = None
        self.generation = 0
        self.acknowledged = {}  # commit -> seq
        self.ended = False
        self.failure = None

    def serve(self, address):
        with self.changed:
            self.address, self.generation = address, self.generation + 1
            self.changed.notify_all()

    def wait_for_server(self, generation):
        """The address of a server that is younger than the one of that generation; None at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or (self.address and self.generation > generation))
            return (None, generation) if self.ended else (self.address, self.generation)

    def acknowledge(self, commit, seq):
        with self.changed:
            assert self.acknowledged.setdefault(commit, seq) == seq, f"{commit} acknowledged as two entries"
            self.changed.notify_all()

    def wait_for_acknowledged(self, count, process):
        """False if the server is gone before."""
        deadline = time.monotonic() + SILENT_S
        with self.changed:
            while len(self.acknowledged) < count:
                if process.poll() is not None or self.failure:
                    return False
                assert time.monotonic() < deadline, f"nothing is acknowledged for {SILENT_S} s"
                self.changed.wait(0.02)
            return True


class Participant(threading.Thread):
    """Appends one thing after the other, each until it is acknowledged, and follows the log, over every connection."""

    def __init__(self, crowd, name):
        super().__init__(name=name, daemon=True)
        self.crowd, self.seen, self.count, self.pending = crowd, [], 0, None
        self.log_id, self.retries = None, 0

    def run(self):
        generation = 0
        try:
            while True:
                address, generation = self.crowd.wait_for_server(generation)
                if address is None:
                    return
                try:
                    self.take_part(address)
                except (Closed, OSError):
                    pass
        except BaseException as failure:
            self.crowd.failure = failure
            raise

    def take_part(self, address):
        with Client(address, name=self.name, after=len(self.seen) + 1, timeout=20) as client:
            assert self.log_id in (None, client.admitted.log_id), "another log"
            self.log_id = client.admitted.log_id
            while not self.crowd.ended:
                if self.pending is None:
                    self.count += 1
                    self.pending = (os.urandom(16), f"{self.name} {self.count} ".encode() + os.urandom(20))
                else:
                    self.retries += 1
                append_id, commit = self.pending
                number = client.post(APPEND, append_body(commit, None, b"info" if self.count % 3 else None, append_id))
                self.read_until_answered(client, number)

    def read_until_answered(self, client, number):
        while True:
            message = client.pushed.pop(0) if client.pushed else Message(client.ws.receive())
            if message.type == ENTRY:
                seq, _, _, commit = message.entry
                assert seq == len(self.seen) + 1, f"{self.name} is pushed {seq} after {len(self.seen)}"
                self.seen.append(commit)
            elif message.request == number:
                if message.type == ERROR and message.code == RATE_LIMITED:
                    time.sleep(message.retry_after_ms / 1000)
                    return
                assert message.type == APPENDED, vars(message)
                self.crowd.acknowledge(self.pending[1], message.seq)
                self.pending = None
                return


class Power:
    """The plan that is shared with sync_kill.c."""

    def __init__(self, server):
        self.server, path = server, server.path("plan")
        with open(path, "wb") as file:
            file.write(bytes(8))
        self.file = open(path, "r+b")
        self.plan = mmap.mmap(self.file.fileno(), 8)
        server.environment.update(LD_PRELOAD=SYNC_KILL, SOTTO_SYNC_KILL=path)

    def fail_at_sync(self, which, when):
        self.plan[:] = struct.pack("=II", 0, when)
        self.plan[:4] = struct.pack("=I", which)

    def has_failed(self):
        """Whether it was at a sync that the process died."""
        return struct.unpack("=II", self.plan[:])[1] == 0

    def forget(self):
        self.plan[:] = bytes(8)

    def lose_what_was_not_synced(self):
        for name in (self.server.database, self.server.database + "-wal"):
            if os.path.exists(name + ".synced"):
                shutil.copyfile(name + ".synced", name)


def kill_in_the_window(crowd, server, power, rounds):
    """Dies at a sync, on its way from an append to the acknowledgement. Says whether it was there."""
    with crowd.changed:
        before = len(crowd.acknowledged)
    crowd.wait_for_acknowledged(before + rounds.randrange(1, 4), server.process)
    power.fail_at_sync(rounds.randrange(1, 3), rounds.choice((BEFORE, AFTER)))
    deadline = time.monotonic() + SILENT_S
    while server.process.poll() is None:
        assert crowd.failure is None, crowd.failure
        assert time.monotonic() < deadline, f"nothing is appended for {SILENT_S} s"
        time.sleep(0.005)
    return power.has_failed()


def kill_elsewhere(crowd, server, rounds):
    """Right after an acknowledgement was seen, or at some time that has to do with nothing."""
    with crowd.changed:
        before = len(crowd.acknowledged)
    crowd.wait_for_acknowledged(before + rounds.randrange(1, 6), server.process)
    time.sleep(rounds.choice((0, 0, rounds.uniform(0, 0.01))))
    server.kill()


def verify(crowd, participants, server):
    log = []
    with Client(server.address, name="reader", after=0) as reader:
        head = reader.admitted.head
        while len(log) < head:
            page = reader.read(len(log) + 1)
            assert page.entries and page.entries[0][0] == len(log) + 1
            log += [commit for _, _, _, commit in page.entries]
    assert len(set(log)) == len(log), "an append is stored twice"
    for commit, seq in crowd.acknowledged.items():
        assert seq <= len(log) and log[seq - 1] == commit, f"acknowledged append {seq} is lost or elsewhere"
    for participant in participants:
        assert participant.seen == log[:len(participant.seen)], f"{participant.name} has seen another order"
        assert len(participant.seen) > len(log) * 0.9, "a reader that saw next to nothing"
    return log


def no_acknowledged_append_is_lost_and_none_stored_twice():
    rounds = random.Random(7)
    with Server("--append-interval", "1", "--max-room-entries", "100000") as server:
        power, crowd = Power(server), Crowd()
        participants = [Participant(crowd, f"p-{i}") for i in range(PARTICIPANTS)]
        for participant in participants:
            participant.start()
        in_window = elsewhere = losses = 0
        begun = time.monotonic()
        while in_window < KILLS or elsewhere < KILLS:
            assert crowd.failure is None, crowd.failure
            if elsewhere < KILLS and rounds.random() < 0.1:  # while it starts, recovers or migrates
                os.close(server.spawn())
                time.sleep(rounds.uniform(0, 0.01))
                server.kill()
                elsewhere += 1
                continue
            server.start()
            crowd.serve(server.address)
            if in_window < KILLS and (elsewhere >= KILLS or rounds.random() < 0.5):
                in_window += kill_in_the_window(crowd, server, power, rounds)
                if rounds.random() < 0.5:
                    power.lose_what_was_not_synced()
                    losses += 1
            else:
                kill_elsewhere(crowd, server, rounds)
                elsewhere += 1
            power.forget()
        server.start()
        crowd.serve(server.address)
        assert crowd.wait_for_acknowledged(len(crowd.acknowledged) + PARTICIPANTS, server.process)
        crowd.ended = True
        for participant in participants:
            participant.join(20)
            assert not participant.is_alive() and crowd.failure is None, crowd.failure
        log = verify(crowd, participants, server)
        retries = sum(participant.retries for participant in participants)
        print(f"  {in_window} killed before an acknowledgement ({losses} with the loss of what was not synced), {elsewhere} "
              f"elsewhere; {len(log)} entries, {len(crowd.acknowledged)} acknowledged, {retries} retries, "
              f"{time.monotonic() - begun:.0f} s")
        assert retries >= KILLS, "no append was in flight when the server died"


if __name__ == "__main__":
    main(no_acknowledged_append_is_lost_and_none_stored_twice)
