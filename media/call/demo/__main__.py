"""A call of three through two blind servers, which survives what happens to it: real programs, real sockets, nothing but
this machine.

Starts sotto-ds, sotto-sfu and participants with fresh identities and a room's link. One comes late and one leaves early;
a fourth is removed, one dies and comes back, both servers are killed and started again. Then it shows who each saw in the
call, how soon pictures were back on every screen, and for every ordered pair what became of the frames: sealed by one,
forwarded blindly, opened by the other."""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import figures
import screen
import script
from cast import KeyServer, MediaServer, Person

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SPEECH = "/usr/share/sounds/alsa"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n\n", maxsplit=1)[0], epilog=(
        f"Exit code 0 only if after each upset pictures were on every screen within {figures.BACK_MAX_S:g} s; if for every "
        f"ordered pair, sound and picture, at least {figures.OPENED_MIN:.0%} of the frames sealed while both were there were "
        f"opened (from the first key frame on, upsets left out), and pictures were decoded at {figures.FPS_MIN:g} per second "
        f"or more; if all saw the same people under the same call code; and if who was removed opened nothing any more."))
    parser.add_argument("--media", nargs="+", metavar="FILE", help="footage of your own instead of the folder's")
    parser.add_argument("--out", metavar="DIR", default=os.path.join(ROOT, "demo"),
                        help="where pictures and report.json go (default: demo/)")
    parser.add_argument("--codec", choices=("vp8", "vp9", "h264", "av1"), default="vp8")
    parser.add_argument("--build", metavar="DIR", default=os.path.join(ROOT, "build"), help=argparse.SUPPRESS)
    return parser.parse_args()


def choose_footage(own):
    if own:
        for path in own:
            if not os.path.isfile(path):
                screen.die(f"there is no file {path}", "name a film that GStreamer can play")
        return own, "your own footage"
    folder = os.environ.get("SOTTO_MEDIA") or os.path.join(ROOT, "..", "shared", "media")
    films = sorted(glob.glob(os.path.join(folder, "*.mkv")))
    if films:
        # far apart in the alphabet, so that three people do not sign the same word
        return films[1::max(1, len(films) // 3)], f"footage of {os.path.normpath(folder)}"
    return ["test"], f"a generated moving scene ({os.path.normpath(folder)} is absent)"


def choose_speech():
    spoken = [path for path in sorted(glob.glob(os.path.join(SPEECH, "*.wav"))) if "Noise" not in path]
    return (spoken, f"speech of {SPEECH}") if spoken else (["test"], f"a tone ({SPEECH} is absent)")


def find_programs(build):
    programs = {"sotto": "bin/sotto", "sfu": "bin/sotto-sfu", "ds": "bin/sotto-ds", "keeper": "tests/sotto-test-client"}
    for name, path in programs.items():
        programs[name] = os.path.join(build, path)
        if not os.access(programs[name], os.X_OK):
            screen.die(f"{path} is not built", "run ./dev build, or ./dev demo, which does")
    return programs


def choose_cast(programs, out, films, voices):
    """Three who see and hear each other, and one who is removed: she has a client that does not accept it."""
    people = [Person(name, programs["sotto"], out, films[i % len(films)], voices[i % len(voices)])
              for i, name in enumerate(("Ada", "Ben", "Cleo"))]
    dora = Person("Dora", programs["keeper"], out, "none", voices[0], {"TEST_KEEP": "1"})
    return people, dora


def main():
    arguments = parse_arguments()
    out = os.path.abspath(arguments.out)
    programs = find_programs(arguments.build)
    os.makedirs(out, exist_ok=True)
    films, footage = choose_footage(arguments.media)
    voices, speech = choose_speech()
    people, dora = choose_cast(programs, out, films, voices)
    print(f"A call of {len(people)}, end-to-end encrypted, through servers that cannot read it; its members make the keys.\n"
          f"Pictures: {footage}; sound: {speech}; codec {arguments.codec}.")
    homes = tempfile.mkdtemp(prefix="sotto-demo-")
    server = MediaServer(programs["sfu"], os.path.join(out, "sfu.log"))
    keys = KeyServer(programs["ds"], os.path.join(out, "ds.log"), os.path.join(homes, "rooms.db"))
    try:
        if not server.start() or not keys.start():
            screen.die("a server does not start", f"see {os.path.relpath(out)}/sfu.log and ds.log")
        for person in (*people, dora):
            person.meet(programs["sotto"], homes)
        link = subprocess.run([programs["sotto"], "link", keys.address, "demo"], check=True, capture_output=True, text=True)
        stage = script.Stage(server, keys, people, dora, link.stdout.strip(), arguments.codec)
        upsets = script.play(stage)
        for person in (*people, dora):
            person.read_stats()
    except script.Failure as failure:
        screen.die(str(failure), f"see the logs in {os.path.relpath(out)}/")
    finally:
        shutil.rmtree(homes, ignore_errors=True)
        for one in (*people, dora, server, keys):
            one.end()
    report = figures.make_report(people, dora, server, upsets)
    report.update({"codec": arguments.codec, "pictures": footage, "sound": speech})
    with open(os.path.join(out, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    screen.show(report, out)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
