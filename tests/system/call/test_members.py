"""Calls keyed by their members: real identities, sotto-ds, sotto-sfu, and what each member sees."""
import fcntl
import os
import re
import signal
import subprocess

from harness import CLIENT, Call, main, wait_all, wait_for
from screens import epoch, same_code

QUIET = ("--video", "test", "--audio", "test")


def begin(call, *names):
    call.serve()
    call.serve_keys()
    link = call.make_link()
    for name in names:
        call.meet(name)
    return link


def say(process, line):
    process.stdin.write((line + "\n").encode())
    process.stdin.flush()


def members_hear_each_other_under_one_call_code_and_keys_of_their_own():
    names = ("Ada", "Ben", "Cleo")
    with Call() as call:
        link = begin(call, *names)
        people = [call.enter(name, link, *QUIET, "--seconds", "14") for name in names]
        wait_for("one roster and call code", lambda: same_code(call, names))
        say(people[0], "/good morning")
        wait_for("the chat message", lambda: "Ada: good morning" in call.log("Cleo"))
        wait_all(people)
        kids = [stream["kid"] for name in names for stream in call.stats(name)["sent"].values()]
        assert len(set(kids)) == len(kids), f"two streams were sealed under one KID: {kids}"
        for by in names:
            for sender in names:
                for kind in ("audio", "video") if by != sender else ():
                    stream = call.heard(by, sender)[kind]
                    print(f"  {by} of {sender}'s {kind}: {stream['opened']} opened, {stream['decoded']} decoded")
                    assert stream["decoded"] > 100, f"{by} hears too little of {sender}: {stream}"
        safety = {(by, person["name"]): person["safety_number"] for by in names
                  for person in call.stats(by)["group"]["roster"] if not person["self"]}
        for (by, of), number in safety.items():
            assert len(number) == 60 and safety.get((of, by), number) == number, "safety numbers differ"


def who_is_kicked_is_out_and_the_old_link_with_it():
    with Call() as call:
        link = begin(call, "Ada", "Ben", "Cleo", "Dora")
        ada, ben, cleo = (call.enter(name, link, *QUIET) for name in ("Ada", "Ben", "Cleo"))
        wait_for("three in the room", lambda: same_code(call, ("Ada", "Ben", "Cleo")))
        say(cleo, "/kick Ben")
        admin = next(name for name in ("Ada", "Ben", "Cleo") if f"{name} (laptop): you, admin" in call.log(name))
        if admin != "Cleo":
            wait_for("that others than the admin may not", lambda: "only admins" in call.log("Cleo"))
        out = "Ben" if admin != "Ben" else "Cleo"
        left = [name for name in ("Ada", "Ben", "Cleo") if name != out]
        say({"Ada": ada, "Ben": ben, "Cleo": cleo}[admin], f"/kick {out}")
        gone = {"Ada": ada, "Ben": ben, "Cleo": cleo}[out]
        assert gone.wait(15) == 1, "who was kicked did not end"
        assert "out of the room" in call.log(out)
        wait_for("two in the room", lambda: same_code(call, left))
        links = {re.findall(r"(sotto://\S+)", call.log(name))[-1] for name in left}
        assert len(links) == 1 and links != {link}, "the others have not got one new link"
        late = call.enter("Dora", link, *QUIET, "--seconds", "20")
        assert late.wait(30) == 1, "the old link did not end it"
        assert "no longer the room's" in call.log("Dora") and "Ada is here" not in call.log("Dora")
        again = call.enter("Dora", links.pop(), *QUIET, "--seconds", "9")
        wait_for("the new link lets in", lambda: same_code(call, (*left, "Dora")))
        assert again.wait(20) == 0
        for name in left:
            {"Ada": ada, "Ben": ben, "Cleo": cleo}[name].send_signal(signal.SIGTERM)


def who_leaves_is_said_to_have_left_and_not_to_be_lost():
    names = ("Ada", "Ben", "Cleo")
    with Call() as call:
        link = begin(call, *names)
        ada, ben, cleo = (call.enter(name, link, *QUIET) for name in names)
        wait_for("three in the room", lambda: same_code(call, names), 40)
        wait_for("Ben's pictures", lambda: all(re.search(r"Ben vp8 [1-9]\d* fps", call.log(by)) for by in ("Ada", "Cleo")), 40)
        ben.send_signal(signal.SIGTERM)
        assert ben.wait(15) == 0
        left = ("Ada", "Cleo")
        wait_for("a roster of two", lambda: same_code(call, left), 40)
        # longer than the silence after which somebody would be said to be lost: the live lines count it
        since = {by: call.log(by).count("connected, sending") for by in left}
        wait_for("ten seconds more", lambda: all(call.log(by).count("connected, sending") >= since[by] + 2 for by in left), 40)
        for process in (ada, cleo):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, cleo))
        for by in left:
            assert "Ben left" in call.log(by)
            assert "lost contact" not in call.log(by), f"{by} takes who left for lost"


def who_knocks_at_a_locked_room_waits_and_is_admitted():
    with Call() as call:
        link = begin(call, "Ada", "Ben")
        ada = call.enter("Ada", link, *QUIET)
        wait_for("Ada in the room", lambda: same_code(call, ("Ada",)), 40)
        say(ada, "/lock")
        ben = call.enter("Ben", link, *QUIET)
        wait_for("a knock", lambda: re.search(r"/admit [0-9a-f]{16}\n", call.log("Ada")), 40)
        assert "in the room" not in call.log("Ben")
        say(ada, "/admit 0123456789abcdef")
        wait_for("that nobody is admitted by another id", lambda: "/admit : no such user" in call.log("Ada"))
        say(ada, re.search(r"/admit [0-9a-f]{16}", call.log("Ada")).group())
        wait_for("two in the room", lambda: same_code(call, ("Ada", "Ben")), 40)
        for process in (ada, ben):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, ben))


def who_is_verified_beside_a_call_stays_so_and_no_call_waits_for_another_program():
    def identity(*words):
        return subprocess.run([CLIENT, "id", *words, "--home", call.path("Ada")], check=True, capture_output=True,
                              text=True).stdout

    with Call() as call:
        link = begin(call, "Ada", "Ben", "Cleo")
        ada, ben = (call.enter(name, link, *QUIET) for name in ("Ada", "Ben"))
        wait_for("two in the room", lambda: same_code(call, ("Ada", "Ben")), 40)
        wait_for("that Ada knows Ben", lambda: "Ben" in identity("pins"))
        identity("verify", "Ben", "--yes")
        # another program has the folder, as one that has asked for a passphrase
        with open(os.path.join(call.path("Ada"), "lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            cleo = call.enter("Cleo", link, *QUIET)
            wait_for("three in the room", lambda: same_code(call, ("Ada", "Ben", "Cleo")), 60)
        cleo.send_signal(signal.SIGTERM)
        assert cleo.wait(20) == 0
        wait_for("two in the room again", lambda: same_code(call, ("Ada", "Ben")), 60)
        for process in (ada, ben):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, ben))
        assert "room:   Ben (laptop): verified" in call.log("Ada"), "what was decided beside the call is not shown in it"
        pins = identity("pins")
        assert re.search("^verified .* Ben, since", pins, re.M) and re.search("^pinned .* Cleo, since", pins, re.M), pins


def a_call_outlives_the_delivery_service_and_a_member_its_own_death():
    names = ("Ada", "Ben", "Cleo")
    with Call() as call:
        link = begin(call, *names)
        ada, ben, cleo = (call.enter(name, link, *QUIET) for name in names)
        wait_for("three in the room", lambda: same_code(call, names), 40)
        wait_for("everybody's media", lambda: all("connected" in call.log(name) for name in names), 40)
        before = {name: epoch(call, name) for name in names}
        ben.kill()
        ben.wait()
        call.key_server.kill()
        call.key_server.wait()
        call.serve_keys(call.key_address)
        at = len(call.log("Ben"))
        again = call.enter("Ben", link, *QUIET)
        wait_for("a later epoch, on every screen",
                 lambda: all(epoch(call, name) > before[name] for name in names) and same_code(call, names), 40)
        for by in ("Ada", "Cleo"):
            wait_for(f"Ben's pictures with {by}, who is back", lambda: re.search(
                r"Ben vp8 [1-9]\d* fps", call.log(by).rpartition(" here:")[2]), 20)
        wait_for("everybody's with Ben", lambda: re.search(
            r"(Ada|Cleo) vp8 \d\d fps \|.* vp8 \d\d fps", call.log("Ben")[at:]), 20)
        for process in (ada, again, cleo):
            process.send_signal(signal.SIGTERM)
        wait_all((ada, again, cleo))


if __name__ == "__main__":
    main(members_hear_each_other_under_one_call_code_and_keys_of_their_own, who_is_kicked_is_out_and_the_old_link_with_it,
         who_leaves_is_said_to_have_left_and_not_to_be_lost, who_knocks_at_a_locked_room_waits_and_is_admitted,
         who_is_verified_beside_a_call_stays_so_and_no_call_waits_for_another_program,
         a_call_outlives_the_delivery_service_and_a_member_its_own_death)
