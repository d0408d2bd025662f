"""A member written from the documents, on other people's MLS and WebRTC, in one call with `sotto call`."""
import json
import re
import signal
import subprocess
import sys

from harness import Call, main, wait_all, wait_for

MEMBER = sys.argv[1]
QUIET = ("--video", "test", "--audio", "test")
OPUS, VP8 = 1, 2


def enter(call, name, link, *how):
    return call.spawn(["node", MEMBER, call.url, name, *how], name.lower() + ".log", {"SOTTO_LINK": link},
                      stdin=subprocess.PIPE)


def events(call, name, kind):
    lines = [line for line in call.log(name).splitlines() if line.startswith("{")]
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def frames(call, name, what, which):
    last = (events(call, name, "frames") or [{}])[-1]
    return last.get(what, {}).get(which, 0)


def seen_by_sotto(call, name):
    """Epoch, names and digits of the call code on the last screenful."""
    screens = re.findall(r"epoch (\d+), \d+ here:\n((?:(?!.* here:).*\n)*?).*call code, the same on every screen: .* \(([\d ]+)\)", call.log(name))
    if not screens:
        return None
    epoch, roster, code = screens[-1]
    return int(epoch), sorted(re.findall(r"  (\w+) \(", roster)), code


def seen_by_node(call, name):
    last = (events(call, name, "epoch") or [None])[-1]
    return last and (last["epoch"], sorted(one["name"] for one in last["roster"]), last["code"])


def one_call(call, by_sotto, by_node, *names):
    """Whether these are in one epoch with one roster and call code on every screen, and nobody else is."""
    views = [seen_by_sotto(call, name) for name in by_sotto] + [seen_by_node(call, name) for name in by_node]
    return None not in views and len({str(view) for view in views}) == 1 and views[0][1] == sorted(names)


def say(process, line):
    process.stdin.write((line + "\n").encode())
    process.stdin.flush()


def a_member_made_of_documents_is_in_the_call():
    with Call() as call:
        call.serve()
        call.serve_keys()
        link = call.make_link()
        call.meet("Ada")
        call.meet("Ben")
        ada = call.enter("Ada", link, *QUIET)
        wait_for("Ada alone", lambda: seen_by_sotto(call, "Ada"))
        nora = enter(call, "Nora", link)
        wait_for("Ada and Nora in one call", lambda: one_call(call, ["Ada"], ["Nora"], "Ada", "Nora"), 60)
        wait_for("that Nora is confirmed", lambda: events(call, "Nora", "confirmed"))

        wait_for("sound and pictures of a while", lambda: frames(call, "Nora", "opened", f"Ada {OPUS}") > 150
                 and frames(call, "Nora", "opened", f"Ada {VP8}") > 60 and frames(call, "Nora", "sent", "audio") > 150, 60)
        sent = {kind: frames(call, "Nora", "sent", kind) for kind in ("audio", "video")}

        # she follows the commits of others: who comes in from outside (nobody adds him), who is kicked, the next secret
        ada.send_signal(signal.SIGSTOP)
        ben = call.enter("Ben", link, *QUIET)
        wait_for("Ben's own commit", lambda: one_call(call, ["Ben"], ["Nora"], "Ada", "Ben", "Nora"), 60)
        assert "entering with the link" in call.log("Ben"), "somebody has added Ben"
        ada.send_signal(signal.SIGCONT)
        wait_for("three in one call", lambda: one_call(call, ["Ada", "Ben"], ["Nora"], "Ada", "Ben", "Nora"), 60)
        wait_for("Nora and Ben on each other's screens", lambda: re.search(r"Nora vp8 [1-9]", call.log("Ben"))
                 and frames(call, "Nora", "opened", f"Ben {OPUS}") > 100, 60)
        say(ada, "/kick Ben")
        wait_for("that Ben is out", lambda: ben.poll() is not None, 60)
        wait_for("two in one call", lambda: one_call(call, ["Ada"], ["Nora"], "Ada", "Nora"), 60)
        new_link = re.findall(r"(sotto://\S+)", call.log("Ada"))[-1]
        assert new_link.endswith(".1") and events(call, "Nora", "epoch")[-1]["link"] == new_link, "not one new link"

        # she says goodbye with a word that the others believe
        say(nora, "leave")
        assert nora.wait(30) == 0
        wait_for("that Ada is alone", lambda: seen_by_sotto(call, "Ada")[1] == ["Ada"], 60)
        assert "Nora left" in call.log("Ada")
        ada.send_signal(signal.SIGTERM)
        wait_all([ada])

        out = events(call, "Nora", "out")[0]
        print(f"  Nora sent {out['sent']}, opened {out['opened']}, refused {out['refused']}")
        # frames of an epoch that has not been entered yet, and nothing else
        assert all(why.startswith("nobody's key id") for why in out["refused"]), "Nora cannot open what she is sent"
        assert not events(call, "Nora", "skipped"), "Nora could not follow"
        for kind in ("audio", "video"):
            stream = call.heard("Ada", "Nora")[kind]
            figures = {what: stream[what] for what in ("received", "opened", "failed", "replayed", "late", "refused", "decoded")}
            print(f"  Ada of Nora's {kind}, {sent[kind]} and more: {figures}")
            assert stream["decoded"] > 0.8 * sent[kind], f"Ada decodes too little of Nora's {kind}"
            assert stream["replayed"] == stream["refused"] == 0


def a_room_that_it_founds_is_sealed_as_it_says():
    with Call() as call:
        call.serve()
        call.serve_keys()
        link = call.make_link()
        call.meet("Ada")
        nora = enter(call, "Nora", link, "5", "8")
        wait_for("Nora alone", lambda: seen_by_node(call, "Nora") and events(call, "Nora", "confirmed"), 60)
        ada = call.enter("Ada", link, *QUIET)
        wait_for("Nora and Ada in one call", lambda: one_call(call, ["Ada"], ["Nora"], "Ada", "Nora"), 60)
        wait_for("sound and pictures", lambda: frames(call, "Nora", "opened", f"Ada {OPUS}") > 100
                 and frames(call, "Nora", "opened", f"Ada {VP8}") > 30 and re.search(r"Nora vp8 [1-9]", call.log("Ada")), 60)
        say(nora, "leave")
        assert nora.wait(30) == 0
        out = events(call, "Nora", "out")[0]
        print(f"  of suite 5, padded to 256 bytes: Nora opened {out['opened']}, unpadded {out['unpadded']}")
        assert out["unpadded"] == 0, "Ada does not pad as the room has it"
        ada.send_signal(signal.SIGTERM)
        wait_all([ada])
        assert call.heard("Ada", "Nora")["audio"]["decoded"] > 50


main(a_member_made_of_documents_is_in_the_call, a_room_that_it_founds_is_sealed_as_it_says)
