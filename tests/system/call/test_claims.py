"""A forwarding unit that claims that nothing is encrypted here: in its answers to WHIP and WHEP, in their headers, by what
it leaves out of them, and by sending somebody's pictures that are not. And a founder whose room is weaker than others."""
import os
import signal

from harness import (CANARY, CLIENT, TEST_CLIENT, Call, find_runs, join_frames, main, media_packets, read_blobs, wait_all,
                     wait_for, write_blobs)
from sfu_middle import Middle

HEADERS = {"E2EE": "off", "X-Encryption": "none", "Sotto-Profile": "plain", "Content-Encryption": "identity"}
SESSION = ("a=encryption:none", "a=e2ee:off", "a=x-sframe:none", "a=key-mgmt:mikey none", "k=clear:")
MEDIA = ("a=sframe:none", "a=encryption:none", "a=crypto:1 NULL_HMAC_SHA1_80 inline:", "a=packetization-mode:plain", "k=clear:")


def claims(sdp):
    """The same description with the claims in it, and without what would say that frames are opaque."""
    lines, in_media = [], False
    for line in sdp.replace("\r\n", "\n").strip("\n").split("\n"):
        if line.startswith("m=") and not in_media:
            lines += SESSION
            in_media = True
        elif line.startswith("m="):
            lines += MEDIA
        if not line.startswith(("a=packetization:", "a=sframe")):
            lines.append(line)
    return "\r\n".join(lines + list(MEDIA)) + "\r\n"


def what_the_server_claims_sends_nothing_in_the_clear_and_shows_nothing_that_is():
    with Call() as call:
        call.serve(CANARY, environment={"TEST_PACKETS": call.path("packets")})
        with Middle(call.address, claims, HEADERS) as middle:
            call.url = middle.url
            people = [call.join(name, "--video", "test", "--seconds", "9", binary=TEST_CLIENT,
                                environment={"TEST_FRAMES": call.path(name)}) for name in ("Ada", "Ben")]
            plain = call.join("Plain", "--video", "test:blue", "--audio", "none", "--seconds", "9", binary=TEST_CLIENT,
                              environment={"TEST_PLAIN": "1", "TEST_FRAMES": call.path("Plain")})
            wait_all(people + [plain])
            assert middle.edited >= 6, f"{middle.edited} answers were edited"
        # what the two sent is sealed, whatever the answers said; the third's own frames are what it meant to send in the clear
        clear = set(read_blobs(call.path("Plain")))
        frames = join_frames(media_packets(call.path("packets")))
        sealed = [frame for frame in frames if frame not in clear]
        assert len(frames) - len(sealed) > 100, "the third's pictures did not leave in the clear"
        with open(call.path("joined"), "wb") as file:
            file.write(b"".join(sealed))
        write_blobs(call.path("frames"), read_blobs(call.path("Ada")) + read_blobs(call.path("Ben")))
        needles, hits = find_runs(call.path("frames"), call.path("joined"))
        assert needles > 100 and hits == 0, f"plaintext stands in the packets {hits} times"
        # the two see each other, and of the third, who believes the server, nothing but that it is refused
        for by, of in (("Ada", "Ben"), ("Ben", "Ada")):
            assert call.heard(by, of)["video"]["decoded"] > 50, call.heard(by, of)
            assert {entry["name"] for entry in call.stats(by)["received"]} == {of}
            assert "video is refused: it is not encrypted" in call.log(by), call.log(by)


def carried(call):
    return media_packets(call.path("packets")) if os.path.exists(call.path("packets")) else []


def a_room_of_rfc_9605s_profile_alone_is_refused():
    """Ada's patched client founds it and stays silent in it: every packet of media is Ben's, whose client is the released
    one."""
    for environment in ({"TEST_PROFILE": "1"}, {}):  # and the same room without the downgrade
        with Call() as call:
            call.serve(CANARY, environment={"TEST_PACKETS": call.path("packets")})
            call.serve_keys()
            link = call.make_link()
            for name in ("Ada", "Ben"):
                call.meet(name)
            ada = call.enter("Ada", link, "--video", "none", "--audio", "none", binary=TEST_CLIENT, environment=environment)
            wait_for("the room is founded", lambda: "Ada (laptop): you, admin" in call.log("Ada"), 30)
            ben = call.enter("Ben", link, "--video", "test:red", "--audio", "test", binary=CLIENT)
            if environment:
                ben.wait(60)  # it goes by itself
                log = call.log("Ben")
                assert ben.returncode == 1 and log.count("this room seals frames by RFC 9605 alone") == 1, log
                assert "Nothing is sent or played here" in log and "sending again" not in log, log
                wait_for("that nobody waits for Ben", lambda: "Ben left" in call.log("Ada"))
                assert not carried(call)
            else:
                wait_for("Ben's packets", lambda: len(carried(call)) > 100, 30)
                ben.send_signal(signal.SIGINT)
                wait_all([ben])
                assert "RFC 9605" not in call.log("Ben")
            ada.send_signal(signal.SIGINT)
            wait_all([ada])


if __name__ == "__main__":
    main(what_the_server_claims_sends_nothing_in_the_clear_and_shows_nothing_that_is,
         a_room_of_rfc_9605s_profile_alone_is_refused)
