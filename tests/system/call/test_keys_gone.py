"""What of an epoch's keys is in a member's memory: all of it while the epoch lasts, and none of it after the grace."""
import os
import signal
import struct
import subprocess
import time

from harness import BUILD, Call, find_runs, main, wait_all, wait_for, write_blobs
from screens import same_code
from test_members import QUIET, begin
from test_memory import aes_schedule, expand, extract, save_core

CLIENT = os.path.join(BUILD, "tests", "sotto-test-keys")
KEY_STATES = os.path.join(BUILD, "tests", "key_states")
GRACE_MS, GRACE_REMOVED_MS = 3000, 2000
LATE_MS = 2000  # what a busy machine may add
MICROPHONE, CAMERA = 0, 4  # contexts


def records(call):
    """What sotto-test-keys wrote down: (what, ms, epoch, detail, secret)."""
    with open(call.path("epochs"), "rb") as file:
        data = file.read()
    at, found = 0, []
    while at + 4 <= len(data):
        length, = struct.unpack(">I", data[at:at + 4])
        if at + 4 + length > len(data):
            break
        what, ms, epoch, detail = struct.unpack(">IQQI", data[at + 4:at + 28])
        found.append((chr(what), ms, epoch, detail, data[at + 28:at + 4 + length]))
        at += 4 + length
    return found


def find(call, what, epoch):
    return [record for record in records(call) if record[0] == what and record[2] == epoch]


def epochs(call):
    return sorted({record[2] for record in records(call) if record[0] == "K"})


def newest(call):
    return max(epochs(call), default=0)


def states(call, items):
    write_blobs(call.path("items"), items)
    with open(call.path("items"), "rb") as file:
        done = subprocess.run([KEY_STATES], stdin=file, check=True, capture_output=True)
    data, at, blobs = done.stdout, 0, []
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        blobs.append(data[at + 4:at + 4 + length])
        at += 4 + length
    return blobs


def secrets_of(call, epoch):
    """By kind, all that this epoch's frames and messages are sealed with: RFC 9420 section 8, RFC 9605 section 4.4.2."""
    (_, _, _, slots, base), = find(call, "K", epoch)
    mls = [secret[i:i + 32] for _, _, _, step, secret in find(call, "S", epoch) for i in range(0, len(secret), step)]
    secret = extract(base)
    bits = (slots - 1).bit_length()
    kids = [(context << bits | leaf) << 8 | epoch % 256 for context in (MICROPHONE, CAMERA) for leaf in range(slots)]
    keys = [expand(secret, b"SFrame 1.0 Secret key " + kid.to_bytes(8, "big") + b"\x00\x04", 16) for kid in kids]
    kinds = {
        "epoch secrets of MLS": mls,
        "base key": [base, secret, *states(call, [b"H" + base, b"H" + secret])],
        "key schedules": [aes_schedule(key) for key in keys],
    }
    tables = states(call, [b"G" + key for key in keys])
    if tables:
        kinds["GHASH tables"] = tables
    else:
        print("  the library keeps its GHASH tables where this test does not know them: not looked for")
    return kinds


def hits(call, core, needles):
    write_blobs(call.path("needles"), needles)
    return find_runs(call.path("needles"), core)[1]


def all_is_there(call, core, epoch):
    for kind, needles in secrets_of(call, epoch).items():
        print(f"  epoch {epoch}, {kind}:")
        assert hits(call, core, needles) > 0, f"{kind} of epoch {epoch} are not found while it lasts: the search proves nothing"


def nothing_is_there(call, core, epoch):
    left = []
    for kind, needles in secrets_of(call, epoch).items():
        print(f"  epoch {epoch}, {kind}:")
        if hits(call, core, needles) > 0:
            left.append(kind)
    assert not left, f"of epoch {epoch}, which is over, memory still holds: {', '.join(left)}"


def image(call, process, name):
    core = call.path(name)
    save_core(process, core, True)
    return core


def wait_until_over(call, epoch, grace_ms):
    """Until its keys were removed, which has to be in time."""
    wait_for(f"the end of epoch {epoch}", lambda: find(call, "R", epoch), 20)
    after = min(record[1] for record in records(call) if record[0] == "K" and record[2] > epoch)
    took = find(call, "R", epoch)[0][1] - after
    print(f"  epoch {epoch}: its keys lived for {took} ms after the next one's came")
    assert took <= grace_ms + LATE_MS, f"keys of epoch {epoch} lived for {took} ms after its end"
    time.sleep(1)  # frames that were being opened, and the next ones, by which senders change their keys


def an_epochs_keys_are_gone_after_its_grace():
    names = ("Ada", "Ben", "Cleo")
    with Call() as call:
        link = begin(call, *names)
        ada = call.enter("Ada", link, *QUIET, binary=CLIENT, environment={"TEST_KEYS": call.path("epochs")})
        ben = call.enter("Ben", link, *QUIET)
        wait_for("two in the room", lambda: same_code(call, names[:2]), 40)
        wait_for("Ben's pictures", lambda: "Ben vp8" in call.log("Ada"), 40)
        first = newest(call)
        assert first > 0
        all_is_there(call, image(call, ada, "core"), first)
        os.unlink(call.path("core"))

        cleo = call.enter("Cleo", link, *QUIET)
        wait_for("three in the room", lambda: same_code(call, names), 40)
        wait_until_over(call, first, GRACE_MS)
        wait_for("Cleo's pictures", lambda: "Cleo vp8" in call.log("Ada"), 40)
        second = newest(call)
        core = image(call, ada, "core")
        for epoch in [epoch for epoch in epochs(call) if epoch < second]:
            nothing_is_there(call, core, epoch)
        all_is_there(call, core, second)
        os.unlink(core)

        cleo.send_signal(signal.SIGTERM)
        wait_for("a roster of two", lambda: same_code(call, names[:2]), 40)
        last = newest(call)
        wait_until_over(call, last - 1, GRACE_REMOVED_MS)
        core = image(call, ada, "core")
        for epoch in [epoch for epoch in epochs(call) if epoch < last]:
            nothing_is_there(call, core, epoch)
        all_is_there(call, core, last)
        for process in (ada, ben):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, ben, cleo))


if __name__ == "__main__":
    main(an_epochs_keys_are_gone_after_its_grace)
