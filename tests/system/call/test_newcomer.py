"""A newcomer whose media are there before its keys: how soon it sees the others once it has them."""
import os
import re
import signal
import struct
import time

from harness import BUILD, Call, main, wait_all, wait_for
from screens import same_code
from test_members import QUIET, begin

CLIENT = os.path.join(BUILD, "tests", "sotto-test-keys")
# A round trip on this machine, a key frame, the receiver's wait for late packets (100 ms) and decoding, with much room
# for others at work here. Who did not ask would wait for the next key frame that nobody asks for: up to 10 s, 5 on average.
SOON_MS = 2000


def first_keys_ms(path):
    """When its first epoch was installed, on the clock of the statistics."""
    asleep_ms = (time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)) * 1000
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 16 <= len(data):
        length, what, ms = struct.unpack(">IIQ", data[at:at + 16])
        if what == ord("K"):
            return ms - asleep_ms
        at += 4 + length
    return None


def subscribers(call):
    with open(call.path("sfu.log")) as file:
        return len(re.findall("event=session_started .* role=subscriber", file.read()))


def its_first_picture_is_a_round_trip_and_a_key_frame_after_its_keys():
    with Call() as call:
        link = begin(call, "Ada", "Ben", "Cleo")
        ada, ben = (call.enter(name, link, *QUIET) for name in ("Ada", "Ben"))
        wait_for("two in the room", lambda: same_code(call, ("Ada", "Ben")), 40)
        wait_for("Ben's pictures", lambda: "Ben vp8" in call.log("Ada"), 40)
        call.key_server.send_signal(signal.SIGSTOP)
        cleo = call.enter("Cleo", link, *QUIET, binary=CLIENT, environment={"TEST_KEYS": call.path("epochs")})
        try:
            wait_for("Cleo's media", lambda: subscribers(call) == 3, 40)
            # longer than a server may take to connect: who may not send yet is not taken for one who cannot
            wait_for("Cleo's patience", lambda: "00:21 " in call.log("Cleo"), 40)
        finally:
            call.key_server.send_signal(signal.SIGCONT)
        assert first_keys_ms(call.path("epochs")) is None, "there were keys already"
        assert subscribers(call) == 3 and "in time" not in call.log("Cleo"), "its connection did not last"
        wait_for("three in the room", lambda: same_code(call, ("Ada", "Ben", "Cleo")), 60)
        wait_for("Ada's and Ben's pictures", lambda: all(f"{name} vp8" in call.log("Cleo") for name in ("Ada", "Ben")), 40)
        for process in (ada, ben, cleo):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, ben, cleo))
        keys_ms = first_keys_ms(call.path("epochs"))
        for name in ("Ada", "Ben"):
            video = call.heard("Cleo", name)["video"]
            opened_ms, seen_ms = (video[field] / 1000 - keys_ms for field in ("first_opened_us", "first_decoded_us"))
            print(f"  {name}: the first frame opened {opened_ms:.0f} ms after the keys, the first picture {seen_ms:.0f} ms")
            assert 0 < seen_ms <= SOON_MS, f"Cleo saw {name} {seen_ms:.0f} ms after its keys"
        assert "cannot be opened" not in call.log("Cleo"), "what needs keys that are still to come was taken for another secret"


if __name__ == "__main__":
    main(its_first_picture_is_a_round_trip_and_a_key_frame_after_its_keys)
