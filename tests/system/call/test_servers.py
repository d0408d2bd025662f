"""Servers that die in the middle of a call and come back: what is on the screens stops for a moment at most."""
import re
import signal
import time

from harness import Call, main, wait_all, wait_for
from screens import same_code

NAMES = ("Ada", "Ben", "Cleo")
QUIET = ("--video", "test", "--audio", "test")
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


def kill_key_server(call):
    killed = time.monotonic()
    call.key_server.kill()
    call.key_server.wait()
    return killed


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
        people = [call.join(name, *QUIET) for name in NAMES]
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


def who_leaves_while_the_forwarding_unit_is_away_is_gone_at_once():
    with Call() as call:
        call.serve()
        call.serve_keys()
        link = call.make_link()
        for name in ("Ada", "Ben"):
            call.meet(name)
        ada, ben = (call.enter(name, link, *QUIET) for name in ("Ada", "Ben"))
        wait_for("one call", lambda: same_code(call, ("Ada", "Ben")), 30)
        wait_for_pictures(call, ("Ada", "Ben"))
        call.server.kill()
        call.server.wait()
        # said of the first, second and fourth attempt: the next is almost a second ahead
        wait_for("an attempt is ahead", lambda: call.log("Ada").count("trying again in") == 3, 30)
        begun = time.monotonic()
        ada.send_signal(signal.SIGINT)
        wait_all([ada])
        print(f"  gone after {time.monotonic() - begun:.2f} s")
        assert "trying again" not in call.log("Ada").rpartition("trying again in")[2]
        assert call.heard("Ada", "Ben")["video"]["decoded"] > 0  # and says what it saw
        # the others hear it from Ada, not from the silence after it, which takes three intervals of heartbeats
        wait_for("Ben hears that Ada left", lambda: "Ada left" in call.log("Ben"), 8)
        call.serve(options=("--dev", "--listen", call.address))
        wait_for("Ben is back", lambda: connections(call, "Ben") == 2, 30)
        leave([ben])


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


def a_delivery_service_that_died_costs_no_picture_and_is_used_again():
    newcomer = "Dora"
    with Call() as call:
        call.serve()
        call.serve_keys()
        link = call.make_link()
        for name in (*NAMES, newcomer):
            call.meet(name)
        people = [call.enter(name, link, *QUIET) for name in NAMES]
        wait_for("one roster", lambda: same_code(call, NAMES), 30)
        wait_for_pictures(call, NAMES)
        settled = {name: len(call.log(name)) for name in NAMES}
        # back at once: a later one may come in
        upsets = [kill_key_server(call)]
        call.serve_keys(call.key_address)
        wait_for("it is used again", lambda: all("the delivery service is back" in call.log(name) for name in NAMES))
        people.append(call.enter(newcomer, link, *QUIET))
        wait_for("one roster with the newcomer", lambda: same_code(call, (*NAMES, newcomer)), 30)
        wait_for_pictures(call, (*NAMES, newcomer))
        # away for so long that heartbeats are missed, which is said, and goes again
        upsets.append(kill_key_server(call))
        before = {name: len(call.log(name)) for name in NAMES}
        wait_for("all are warned", lambda: all("passes nothing on" in call.log(name)[before[name]:] for name in NAMES), 30)
        call.serve_keys(call.key_address)
        back = time.monotonic()
        wait_for("the end of the warnings", lambda: all("works again" in call.log(name)[before[name]:] for name in NAMES), 30)
        time.sleep(2)
        leave(people)
        for name in NAMES:
            log = call.log(name)
            assert "lost contact" not in log and "not sending" not in log[settled[name]:], f"{name} was stopped"
            assert log.count("the delivery service is lost") == 2, "its loss is said once each"
        still = [(by, sender, first - last) for by in NAMES for sender in NAMES if by != sender
                 for last, first in pauses(call, by, sender, upsets[0], back)]
        print(f"  all were warned {back - upsets[1]:.1f} s after it went; the longest pause of pictures in "
              f"{back - upsets[0]:.0f} s: {max([seconds for _, _, seconds in still], default=0):.2f} s")
        assert all(seconds < 3 for _, _, seconds in still), still


if __name__ == "__main__":
    main(a_forwarding_unit_that_died_is_noticed_and_its_successor_used,
         who_leaves_while_the_forwarding_unit_is_away_is_gone_at_once,
         who_hears_nothing_takes_the_silence_for_none_and_still_notices,
         a_delivery_service_that_died_costs_no_picture_and_is_used_again)
