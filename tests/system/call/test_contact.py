"""Who loses contact with the others, or finds itself where they are not: what it sends, and what its user reads."""
import os
import re
import signal
import sys

from harness import Call, main, wait_all, wait_for
from screens import epoch, same_code
from test_members import QUIET, begin

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ds"))

from ds_client import ENTRY, KEY_PACKAGES_WAITING
from ds_middle import Middle

NAMES = ("Ada", "Ben", "Cleo")
LOST = "contact with half of the members is lost"
ANEW = "could not follow the group, coming in anew"


def sends_pictures(call, name, since=0):
    return re.search(r"connected, sending [1-9]\d* fps", call.log(name)[since:])


def end(people):
    for process in people:
        process.send_signal(signal.SIGTERM)
    wait_all(people)


def who_hears_no_more_than_half_stops_says_why_and_goes_on():
    with Call() as call:
        link = begin(call, *NAMES)
        people = [call.enter(name, link, *QUIET) for name in NAMES]
        wait_for("three in the room", lambda: same_code(call, NAMES), 40)
        wait_for("Ada's pictures", lambda: sends_pictures(call, "Ada"), 40)
        at = len(call.log("Ada"))
        for process in people[1:]:
            process.send_signal(signal.SIGSTOP)
        wait_for("that it is said", lambda: f"not sending: {LOST} (/go-on" in call.log("Ada")[at:], 60)
        wait_for("that it stays said", lambda: f"connected, not sending: {LOST}" in call.log("Ada")[at:], 20)
        wait_for("who is lost", lambda: all(re.search(rf"  {name} \(laptop\): .*, LOST CONTACT\n", call.log("Ada")[at:])
                                            for name in NAMES[1:]), 20)
        assert " left\n" not in call.log("Ada")[at:], "who is lost was taken for gone"
        for process in people[1:]:
            process.send_signal(signal.SIGCONT)
        wait_for("the end of it", lambda: "sending again" in call.log("Ada")[at:], 60)
        wait_for("pictures", lambda: sends_pictures(call, "Ada", call.log("Ada").rindex("sending again")), 40)
        wait_for("one roster", lambda: same_code(call, NAMES), 40)
        end(people)


def who_is_among_the_fewer_says_so_and_goes_to_the_others():
    """Dora comes, and the delivery service keeps the commit that adds her from Cleo."""
    withholds = []

    def down(_, envelope):
        return [] if withholds and envelope[0] in (ENTRY, KEY_PACKAGES_WAITING) else [envelope]

    with Call() as call:
        link = begin(call, *NAMES, "Dora")
        with Middle(call.key_address, down=down) as middle:
            people = [call.enter(name, link, *QUIET) for name in NAMES[:2]]
            people.append(call.enter("Cleo", link, *QUIET, "--ds", f"ws://{middle.address}/ds"))
            wait_for("three in the room", lambda: same_code(call, NAMES), 40)
            wait_for("Cleo's pictures", lambda: sends_pictures(call, "Cleo"), 40)
            before, at = epoch(call, "Cleo"), len(call.log("Cleo"))
            withholds.append(True)
            people.append(call.enter("Dora", link, *QUIET))
            wait_for("the others with Dora", lambda: all("4 here:" in call.log(name) for name in NAMES[:2]), 40)
            wait_for("that Cleo notices", lambda: ANEW in call.log("Cleo")[at:], 60)
            withholds.clear()
            assert "not sending: no keys yet" in call.log("Cleo")[at:], "Cleo was not told that nothing is sent"
            wait_for("that Cleo sends again", lambda: "sending again" in call.log("Cleo")[at:], 60)
            wait_for("one roster of four", lambda: same_code(call, (*NAMES, "Dora")), 60)
            assert epoch(call, "Cleo") > before
            wait_for("Cleo's pictures", lambda: sends_pictures(call, "Cleo", call.log("Cleo").rindex("sending again")), 40)
            end(people)


if __name__ == "__main__":
    main(who_hears_no_more_than_half_stops_says_why_and_goes_on, who_is_among_the_fewer_says_so_and_goes_to_the_others)
