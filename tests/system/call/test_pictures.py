"""Whole calls, judged by the grids they end with."""
import os
import re
import signal
import subprocess
import time

from harness import Call, TEST_CLIENT, main, near, wait_all, wait_for

RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def make_short_film(path):
    """Half a second of green: it has to begin anew many times."""
    subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", "num-buffers=15", "pattern=solid-color",
                    "foreground-color=0xff00ff00", "!", "video/x-raw,width=320,height=240,framerate=30/1", "!",
                    "vp8enc", "!", "matroskamux", "!", "filesink", f"location={path}"], check=True)


def three_solid_colours_end_in_tiles_of_those_colours():
    with Call() as call:
        film = call.path("film.mkv")
        make_short_film(film)
        call.serve()
        wait_all([call.join("Ada", "--video", "test:red", "--seconds", "7"),
                  call.join("Ben", "--video", film, "--audio", "none", "--seconds", "7"),
                  call.join("Cleo", "--video", "test:blue", "--seconds", "7")])
        # tiles are sorted by name
        for name, wanted in (("Ada", (LIME, BLUE)), ("Ben", (RED, BLUE)), ("Cleo", (RED, LIME))):
            picture = call.picture(name)
            tiles = [picture.tile(i, 2) for i in range(2)]
            print(f"  {name} sees {tiles}")
            assert (picture.width, picture.height) == (1280, 480)
            assert all(near(tile, colour) for tile, colour in zip(tiles, wanted)), f"{name} sees {tiles}"
        # the film that loops has brought its frames all the same, none refused for time running back
        film_stream = call.heard("Ada", "Ben")["video"]
        assert film_stream["decoded"] > 100 and film_stream["late"] == film_stream["refused"] == 0, film_stream
        assert call.heard("Ada", "Cleo")["audio"]["decoded"] > 100


def a_wrong_secret_and_an_unencrypted_sender_are_named_and_never_shown():
    with Call() as call:
        call.serve()
        wait_all([call.join("Ada", "--video", "test:red", "--audio", "none", "--seconds", "8"),
                  call.join("Wrong", "--video", "test:lime", "--audio", "none", "--seconds", "8", secret="not this one"),
                  call.join("Plain", "--video", "test:blue", "--audio", "none", "--seconds", "8", binary=TEST_CLIENT,
                            environment={"TEST_PLAIN": "1"})])
        stats, log = call.stats("Ada"), call.log("Ada")
        assert stats["received"] == [], "Ada took something of those two for good"
        reasons = sorted(slot["reason"] or "" for slot in stats["slots"] if slot["kind"] == "video")
        assert len(reasons) == 2 and "another secret" in reasons[0] and "not encrypted" in reasons[1], reasons
        assert "video cannot be opened: another secret" in log and "video is refused: it is not encrypted" in log, log
        tiles = [call.picture("Ada").tile(i, 2) for i in range(2)]
        assert all(max(tile) < 60 for tile in tiles), f"something is shown: {tiles}"
        # whoever has the wrong secret learns as much, and sees nothing
        assert call.stats("Wrong")["received"] == [] and "cannot be opened: another secret" in call.log("Wrong")
        assert max(call.picture("Wrong").tile(0, 2)) < 60
        for name in ("Ada", "Wrong", "Plain"):
            assert "not this one" not in call.log(name)


def a_lost_server_is_tried_again_and_the_call_goes_on():
    with Call() as call:
        call.serve()
        people = [call.join("Ada", "--video", "test:red", "--audio", "test"),
                  call.join("Ben", "--video", "test:blue", "--audio", "none")]
        wait_for("Ada hears Ben", lambda: "Ben is here" in call.log("Ada"))
        call.server.kill()
        call.server.wait()
        wait_for("Ada misses the server", lambda: "trying again" in call.log("Ada"))
        call.serve(options=("--dev", "--listen", call.address))
        back = time.monotonic()
        wait_for("both are back", lambda: all(len(re.findall(r": connected$", call.log(name), re.M)) == 2
                                              for name in ("Ada", "Ben")), 20)
        wait_for("Ada sees Ben again", lambda: re.search(r"\| Ben vp8 [1-9]", call.log("Ada").rpartition(": connected\n")[2]))
        print(f"  back after {time.monotonic() - back:.1f} s")
        time.sleep(1)  # so that a picture sent after the loss is there
        for person in people:
            person.send_signal(signal.SIGINT)
        wait_all(people)
        assert near(call.picture("Ada").tile(0, 1), BLUE) and near(call.picture("Ben").tile(0, 1), RED)
        assert call.stats("Ada")["joins"] == 2
        # one sender all the while: the counters went on, nothing began anew
        assert len([entry for entry in call.stats("Ben")["received"] if entry["name"] == "Ada"]) == 1
        assert call.heard("Ben", "Ada")["video"]["last_opened_us"] > back * 1e6


def leaving_tells_the_server():
    with Call() as call:
        call.serve()
        person = call.join("Ada", "--video", "test", "--audio", "none")
        wait_for("Ada is connected", lambda: ": connected" in call.log("Ada"))
        person.send_signal(signal.SIGTERM)
        wait_all([person])
        wait_for("the server knows", lambda: call.log("sfu").count("event=session_deleted") == 2, 3)
        assert os.path.getsize(call.path("ada.png")) > 0


if __name__ == "__main__":
    main(three_solid_colours_end_in_tiles_of_those_colours,
         a_wrong_secret_and_an_unencrypted_sender_are_named_and_never_shown,
         a_lost_server_is_tried_again_and_the_call_goes_on, leaving_tells_the_server)
