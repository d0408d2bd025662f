"""Clients keyed by their members that are killed again and again: no key meets a counter twice, and they come back."""
import hashlib
import os
import random
import re
import shutil
import signal
import threading
import time

from harness import CANARY, TEST_CLIENT, Call, join_frames, main, media_packets, wait_for
from test_members import same_code
from test_restart import kid_and_counter

QUIET = ("--video", "test", "--audio", "test")
LIVES = 25  # of each of the two who die
RECORD = 48


def sealed(path):
    """What seals.h says: (hash of base key, KID, counter) and the frame's hash."""
    with open(path, "rb") as file:
        data = file.read()
    data = data[:len(data) // RECORD * RECORD]
    return [((data[i:i + 16], int.from_bytes(data[i + 16:i + 24], "big"), int.from_bytes(data[i + 24:i + 32], "big")),
             data[i + 32:i + 48]) for i in range(0, len(data), RECORD)]


def repeats(records):
    """How many frames were sealed with a key and counter that another frame had."""
    frames = {}
    for place, frame in records:
        frames.setdefault(place, set()).add(frame)
    return sum(len(each) - 1 for each in frames.values())


def begin(call, *names):
    call.serve(CANARY, environment={"TEST_PACKETS": call.path("packets")})
    call.serve_keys()
    for name in names:
        call.meet(name)
    return call.make_link()


def live(call, name, link):
    return call.enter(name, link, *QUIET, binary=TEST_CLIENT,
                      environment={"TEST_SEALS": call.path(name.lower() + ".seals")})


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class Mortal(threading.Thread):
    """A member whose process is killed at any moment, and started again with what it kept, without, or with less."""

    def __init__(self, call, name, link, seed):
        super().__init__()
        self.call, self.name_, self.link, self.random = call, name, link, random.Random(seed)
        self.lives_with_media = self.put_back = self.lost = 0
        self.process = self.error = None

    def home(self, name):
        return os.path.join(self.call.path(self.name_), name)

    def keep_or_not(self):
        """Files go, or earlier ones come back: all of what the device knows of the room."""
        what = self.random.random()
        files = ("state-room", "room-room")
        if what < 0.2 and os.path.exists(self.home("state-room")):
            os.remove(self.home("state-room"))
            self.lost += 1
        elif what < 0.4 and os.path.exists(self.home("state-room.old")):
            for file in files:
                shutil.copy(self.home(file + ".old"), self.home(file))
            self.put_back += 1
        elif what < 0.7 and all(os.path.exists(self.home(file)) for file in files):
            for file in files:
                shutil.copy(self.home(file), self.home(file + ".old"))

    def run(self):
        seals = self.call.path(self.name_.lower() + ".seals")
        try:
            for _ in range(LIVES):
                before = size(seals)
                self.process = live(self.call, self.name_, self.link)
                if self.random.random() < 0.7:  # once it seals, or it takes too long; else at any moment from its start
                    until = time.monotonic() + 12
                    while size(seals) == before and time.monotonic() < until:
                        time.sleep(0.02)
                time.sleep(self.random.uniform(0, 1.5))
                self.process.kill()
                self.process.wait()
                self.lives_with_media += size(seals) > before
                self.keep_or_not()
            self.process = live(self.call, self.name_, self.link)
        except Exception as error:  # told where it is waited for
            self.error = error


def killed_again_and_again_nobody_repeats_a_nonce():
    seed = int(os.environ.get("TEST_SEED", time.time()))
    print(f"  TEST_SEED={seed}")
    names = ("Ada", "Ben", "Cleo")
    with Call() as call:
        link = begin(call, *names)
        ada = live(call, "Ada", link)
        wait_for("somebody to come back to", lambda: "in the room" in call.log("Ada"), 40)
        mortals = [Mortal(call, name, link, seed + i) for i, name in enumerate(names[1:])]
        for mortal in mortals:
            mortal.start()
        for mortal in mortals:
            mortal.join()
            assert mortal.error is None, mortal.error
        wait_for("all three in the end", lambda: same_code(call, names), 120)
        for process in (ada, *(mortal.process for mortal in mortals)):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        back = {name: call.log(name).count("coming back into the room") for name in names[1:]}
        records = [record for name in names for record in sealed(call.path(name.lower() + ".seals"))]
        frames = {hashlib.sha256(frame).digest()[:16]: kid_and_counter(frame)
                  for frame in join_frames(media_packets(call.path("packets")))}
        print(f"  {2 * LIVES} kills, {sum(mortal.lives_with_media for mortal in mortals)} of who sealed, "
              f"{sum(back.values())} starts with state, {sum(mortal.put_back for mortal in mortals)} with an earlier one, "
              f"{sum(mortal.lost for mortal in mortals)} lost theirs")
        keys = {place[0] for place, _ in records}
        print(f"  {len(records)} frames sealed under {len(keys)} base keys, {len(frames)} seen by the forwarding unit")
        assert repeats(records) == 0, "two frames were sealed under one key with one counter"
        assert sum(mortal.lives_with_media for mortal in mortals) > LIVES // 2, "too few had sealed when they were killed"
        assert sum(back.values()) > LIVES // 2, "too few came back with their state"
        # what was written down is what was sent: almost all that passed is there, whole
        known = {frame: place[1:] for place, frame in records}
        whole = sum(known.get(frame) == place for frame, place in frames.items())
        assert whole > len(frames) * 9 // 10 and whole > 200, f"{whole} of {len(frames)} frames seen were written down"


def who_does_repeat_them_is_caught():
    with Call() as call:
        call.serve()
        seals = call.path("seals")
        for _ in range(2):
            before = size(seals)
            person = call.join("Ada", *QUIET, binary=TEST_CLIENT,
                               environment={"TEST_SEALS": seals, "TEST_START_ALIKE": "1"})
            wait_for("frames are sealed", lambda: size(seals) > before + 100 * RECORD, 40)
            person.kill()
            person.wait()
        found = repeats(sealed(seals))
        print(f"  {found} of {len(sealed(seals))} frames")
        assert found > 50


def killed_a_client_comes_back_into_its_own_place():
    names = ("Ada", "Ben")
    with Call() as call:
        link = begin(call, *names)
        ada, ben = (live(call, name, link) for name in names)
        wait_for("both in the room", lambda: same_code(call, names), 40)
        wait_for("Ben's media", lambda: size(call.path("ben.seals")) > 20 * RECORD, 40)
        kept = os.path.join(call.path("Ben"), "state-room")
        assert os.stat(kept).st_mode & 0o777 == 0o600
        ben.kill()
        ben.wait()
        at = len(call.log("Ben"))
        frames = size(call.path("ben.seals"))
        ben = live(call, "Ben", link)
        wait_for("Ben's media again", lambda: size(call.path("ben.seals")) > frames + 20 * RECORD, 40)
        wait_for("both in one call", lambda: same_code(call, names), 20)
        again = call.log("Ben")[at:]
        assert "coming back into the room" in again, again
        assert "asking" not in again and "entering" not in again, again
        assert "Ben was removed" not in call.log("Ada")
        with open(kept, "r+b") as file:  # and now it is damaged
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        ben.kill()
        ben.wait()
        at = len(call.log("Ben"))
        ben = live(call, "Ben", link)
        wait_for("that it is said", lambda: re.search(r"is not used: .*sealed", call.log("Ben")[at:]), 20)
        wait_for("Ben in the room", lambda: "in the room" in call.log("Ben")[at:], 60)
        wait_for("both in one call", lambda: same_code(call, names), 40)
        for process in (ada, ben):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert not os.path.exists(kept), "who left keeps a way back"


main(killed_a_client_comes_back_into_its_own_place, who_does_repeat_them_is_caught,
     killed_again_and_again_nobody_repeats_a_nonce)
