"""Servers that die in the middle of a call and come back: what is on the screens stops for a moment at most."""
import re
import signal
import time

from harness import Call, main, wait_all, wait_for

NAMES = ("Ada", "Ben", "Cleo")
# Generous for a busy machine, and still less than what it takes without asking the server: six seconds of silence.
BACK_MAX = 5


def connections(call, name):
    return len(re.findall(r": connected$", call.log(name), re.M))


def kill_media_server(call, seconds):
    """Gone, and back on the same address after so long; when it went and when it was back."""
    killed = time.monotonic()
    call.server.kill()
    call.server.wait()
    time.sleep(seconds)
    call.serve(options=("--dev", "--listen", call.address))
    return killed, time.monotonic()


def wait_for_pictures(call, names):
    """Each sees all others, as the lines say that come every few seconds."""
    for name in names:
        wait_for(f"everybody's pictures with {name}", lambda: all(
            re.search(rf"\| {other} vp8 [1-9]", call.log(name).rpartition(": connected\n")[2])
            for other in names if other != name), 30)


def leave(people):
    for person in people:
        person.send_signal(signal.SIGINT)
    wait_all(people)


def pauses(call, by, sender, begin, end):
    """When one's pictures stood still on another's screen: last before and first after."""
    stream = call.heard(by, sender)["video"]
    assert stream["last_decoded_us"] > end * 1e6, f"{by}: {sender}'s pictures have not come back"
    return [(last / 1e6, first / 1e6) for last, first in stream["pauses"] if first / 1e6 > begin and last / 1e6 < end]


def a_forwarding_unit_that_died_is_noticed_and_its_successor_used():
    upsets = []
    with Call() as call:
        call.serve()
        people = [call.join(name, "--video", "test", "--audio", "test") for name in NAMES]
        for seconds in (0, 2.5):
            wait_for_pictures(call, NAMES)
            upsets.append(kill_media_server(call, seconds))
            wait_for("all are back", lambda: all(connections(call, name) == 1 + len(upsets) for name in NAMES), 20)
        wait_for_pictures(call, NAMES)
        leave(people)
        for killed, back in upsets:
            waits = []
            for by in NAMES:
                for sender in NAMES:
                    if by == sender:
                        continue
                    still = pauses(call, by, sender, killed, back)
                    assert still, f"{by}: {sender}'s pictures did not stop: this shows nothing"
                    waits.append(still[-1][1])
            print(f"  away for {back - killed:.1f} s: pictures on every screen {max(waits) - killed:.2f} s after it died, "
                  f"{max(waits) - back:.2f} s after it was back")
            assert max(waits) - back < BACK_MAX
        for name in NAMES:
            assert call.stats(name)["joins"] == 1 + len(upsets)


def who_hears_nothing_takes_the_silence_for_none_and_still_notices():
    with Call() as call:
        call.serve()
        # to neither of them anybody sends anything
        people = [call.join(name, "--video", "none", "--audio", "none") for name in ("Ada", "Ben")]
        wait_for("both are there", lambda: all(connections(call, name) == 1 for name in ("Ada", "Ben")))
        wait_for("a while passes", lambda: all(re.search(r"00:1\d", call.log(name)) for name in ("Ada", "Ben")), 30)
        assert all(connections(call, name) == 1 for name in ("Ada", "Ben")), "silence was taken for a loss"
        assert call.log("sfu").count("event=session_started") == 2
        _, back = kill_media_server(call, 0)
        wait_for("both are back", lambda: all(connections(call, name) == 2 for name in ("Ada", "Ben")))
        print(f"  back after {time.monotonic() - back:.1f} s")
        leave(people)


if __name__ == "__main__":
    main(a_forwarding_unit_that_died_is_noticed_and_its_successor_used,
         who_hears_nothing_takes_the_silence_for_none_and_still_notices)
