"""What a call leaves and shows: a recording that plays, a window; who leaves and comes back, who has the same name."""
import os
import re
import shutil
import signal
import subprocess

from harness import Call, Skip, main, near, read_png, wait_all, wait_for

RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def play(*pipeline):
    """Runs a pipeline to its end."""
    subprocess.run(["gst-launch-1.0", *pipeline], check=True, timeout=30)


def a_recording_holds_the_grid_and_the_sound():
    with Call() as call:
        call.serve()
        wait_all([call.join("Ada", "--video", "none", "--audio", "none", "--record", call.path("call.mkv"), "--seconds", "6"),
                  call.join("Ben", "--video", "test:red", "--audio", "test", "--seconds", "7")])
        assert "Ben is here" in call.log("Ada")
        film = ("-q", "filesrc", "location=" + call.path("call.mkv"), "!", "matroskademux", "!")
        play(*film, "video/x-vp8", "!", "vp8dec", "!", "videoconvert", "!", "pngenc", "compression-level=1", "!",
             "multifilesink", "max-files=1", "location=" + call.path("last%05d.png"))
        play(*film, "audio/x-opus", "!", "opusdec", "!", "audioconvert", "!",
             "audio/x-raw,format=S16LE,channels=1,rate=48000", "!", "filesink", "location=" + call.path("sound"))
        last = [name for name in os.listdir(call.folder) if name.startswith("last")]
        assert len(last) == 1
        number = int(last[0][4:9])
        picture = read_png(call.path(last[0]))
        middle = picture.mean(picture.width // 2 - 80, picture.height // 2 - 60, 160, 120)
        print(f"  pictures: {number + 1}; the last one's middle: {middle}")
        assert (picture.width, picture.height) == (1280, 720) and number > 60 and near(middle, RED)
        with open(call.path("sound"), "rb") as file:
            sound = memoryview(file.read()).cast("h")
        loudest = max(max(sound), -min(sound))
        print(f"  sound: {len(sound) / 48000:.1f} s, up to {loudest}")
        assert len(sound) > 3 * 48000 and loudest > 300, "Ben's tone is not in it"


def screen(call, display):
    subprocess.run(["gst-launch-1.0", "-q", "ximagesrc", f"display-name={display}", "use-damage=false", "num-buffers=1", "!",
                    "videoconvert", "!", "video/x-raw,format=RGB", "!", "pngenc", "!", "filesink",
                    "location=" + call.path("screen.png")], check=True, timeout=20)
    return read_png(call.path("screen.png")).mean(220, 140, 200, 160)


def a_window_shows_the_grid():
    if shutil.which("Xvfb") is None:
        raise Skip("Xvfb is not installed")
    with Call() as call:
        ready, writer = os.pipe()
        # -noreset: without it the screen begins anew when its last window closes, and the client, which tries a sink
        # before it opens the next, finds none
        call.spawn(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"],
                   "screen.log", pass_fds=(writer,))
        os.close(writer)
        with open(ready) as pipe:
            display = ":" + pipe.readline().strip()
        call.serve()
        people = [call.join("Ada", "--video", "none", "--audio", "none", "--show", "window",
                            environment={"DISPLAY": display, "WAYLAND_DISPLAY": ""}),
                  call.join("Ben", "--video", "test:red", "--audio", "none")]
        wait_for("Ben is on the screen", lambda: near(screen(call, display), RED), 40)
        for person in people:
            person.send_signal(signal.SIGINT)
        wait_all(people)


def without_a_screen_it_says_what_to_do():
    with Call() as call:
        call.url = "http://127.0.0.1:1"
        person = call.join("Ada", "--show", "window", environment={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
        person.wait(15)
        assert person.returncode == 1 and "--show none" in call.log("Ada"), call.log("Ada")


def two_of_one_name_are_two_and_who_comes_back_is_shown_again():
    with Call() as call:
        call.serve()
        ada = call.join("Ada", "--video", "none", "--audio", "none")
        first = call.join("Ben", "--video", "test:red", "--audio", "none")
        second = call.join("Ben", "--video", "test:blue", "--audio", "none")
        wait_for("Ada hears both", lambda: call.log("Ada").count("Ben is here") == 2)
        second.send_signal(signal.SIGINT)
        wait_all([second])
        wait_for("one is gone", lambda: "lost contact with Ben" in call.log("Ada"), 10)
        back = call.join("Ben", "--video", "test:lime", "--audio", "none")
        wait_for("one has come back", lambda: call.log("Ada").count("Ben is here") == 3)
        wait_for("with pictures", lambda: re.search(r"Ben vp8 [1-9]", call.log("Ada").rsplit("is here", 1)[1]), 30)
        people = [ada, first, back]
        for person in people:
            person.send_signal(signal.SIGINT)
        wait_all(people)
        picture, heard = call.picture("Ada"), call.stats("Ada")["received"]
        assert len(heard) == 3 and len({entry["name"] for entry in heard}) == 1
        tiles = [picture.tile(i, picture.width // 640 * (picture.height // 480)) for i in range(2)]
        print(f"  tiles {tiles} of {len(heard)}")
        assert any(near(tile, RED) for tile in tiles) or any(near(tile, LIME) for tile in tiles)


if __name__ == "__main__":
    main(a_recording_holds_the_grid_and_the_sound, a_window_shows_the_grid, without_a_screen_it_says_what_to_do,
         two_of_one_name_are_two_and_who_comes_back_is_shown_again)
