"""An identity from the command line: made, shown, exported, imported, revoked, known, verified."""
import os
import pty
import re
import stat
import subprocess

from people import SOTTO, People, link, main


def a_new_identity_is_kept_for_its_user_alone():
    with People() as people:
        out = people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        assert "Anna" in out and "laptop" in out and "warning" not in out
        assert stat.S_IMODE(os.stat(people.home("anna")).st_mode) == 0o700
        for path in people.home("anna").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert "until" in people.run("anna", "show") and "on this device" in people.run("anna", "show")
        before = {path.name: path.read_bytes() for path in people.home("anna").iterdir()}
        assert "has the identity of Anna" in people.run("anna", "new", "--name", "Eve", code=1)
        assert before == {path.name: path.read_bytes() for path in people.home("anna").iterdir()}


def keys_open_by_their_passphrase_alone():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        assert "wrong passphrase" in people.run("anna", "renew", passphrase="wrong horse", code=1)
        assert "--passphrase-file" in people.run("anna", "renew", passphrase=None, code=1)  # there is no terminal
        (people.folder / "words").write_text("correct horse\nignored\n")
        first = (people.home("anna") / "certificate").read_bytes()
        assert "until" in people.run("anna", "renew", "--passphrase-file", people.folder / "words", passphrase=None)
        assert (people.home("anna") / "certificate").read_bytes()[:60] == first[:60]
        plain = people.run("ben", "new", "--name", "Ben", "--no-passphrase", passphrase=None)
        assert "not encrypted" in plain
        people.run("ben", "renew", passphrase=None)
        os.chmod(people.home("ben") / "root.key", 0o640)
        assert "others may read" in people.run("ben", "renew", passphrase=None, code=1)


def answer_on_a_terminal(people, device, words, answers):
    """Runs sotto id where each question is answered on a terminal; what that showed, and the exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
        os.execve(SOTTO, [str(SOTTO), "id", *words, "--home", str(people.home(device))], clean)
    shown = b""
    waiting = list(answers)
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # how a terminal says that nobody writes any more
            break
        if not more:
            break
        shown += more
        if waiting and shown.endswith(b": "):
            os.write(terminal, waiting.pop(0))
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(status)


def a_passphrase_is_asked_for_and_not_shown():
    with People() as people:
        words = ("new", "--name", "Anna", "--device", "laptop")
        shown, code = answer_on_a_terminal(people, "anna", words, [b"correct horse\n", b"correct house\n"])
        assert code == 1 and "not the same" in shown and "horse" not in shown, shown
        shown, code = answer_on_a_terminal(people, "anna", words, [b"correct horse\n", b"\x03\n"])
        assert code == 1, shown
        shown, code = answer_on_a_terminal(people, "anna", words, [b"\n", b"\n"])
        assert code == 1 and "empty" in shown, shown
        assert not (people.home("anna") / "certificate").exists()
        shown, code = answer_on_a_terminal(people, "anna", words, [b"correct horse\n", b"correct horse\n"])
        assert code == 0 and "user     Anna" in shown and "horse" not in shown, shown
        people.run("anna", "renew")
        shown, code = answer_on_a_terminal(people, "anna", ("renew",), [b"correct horse\n"])
        assert code == 0 and "horse" not in shown, shown


def damaged_files_are_refused():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        people.run("ben", "new", "--name", "Ben", "--device", "phone")
        people.run("anna", "pins", "--add", people.certificate("ben"))
        for name, words in (("certificate", ("show",)), ("root.key", ("renew",)), ("devices", ("show",)),
                            ("pins", ("pins",))):
            path = people.home("anna") / name
            good = path.read_bytes()
            for bad in (good[:-1], good[:40] + bytes([good[40] ^ 1]) + good[41:], good + bytes(4 << 20)):
                path.write_bytes(bad)
                assert "sotto:" in people.run("anna", *words, code=1), name
            path.write_bytes(good)
            people.run("anna", *words)


def an_export_brings_the_root_back():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        link(people, "anna", "phone", "--device", "phone")
        people.run("anna", "revoke", "phone")
        export = people.folder / "export"
        people.run("anna", "export", export)
        assert stat.S_IMODE(export.stat().st_mode) == 0o600
        assert "already" in people.run("anna", "export", export, code=1)
        assert "wrong passphrase" in people.run("new", "import", export, export_passphrase="x", code=1)
        people.run("new", "import", export, "--device", "desktop")
        assert people.user_id("new") == people.user_id("anna")
        assert "1 device, by list 1" in people.run("new", "show")
        # the numbers go on, and a device of the lost list can be named by its key
        key = re.search(r"key (.*)", people.run("phone", "show")).group(1)
        assert "revoked already" in people.run("new", "revoke", key, code=1)
        laptop = re.search(r"key (.*)", people.run("anna", "show")).group(1)
        assert "by list 2" in people.run("new", "revoke", laptop)
        assert "No such file" in people.run("anna", "export", people.folder / "none" / "x", code=1)


def people_are_known_and_verified():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        people.run("ben", "new", "--name", "Ben", "--device", "phone")
        assert "nobody" in people.run("anna", "pins")
        people.run("anna", "pins", "--add", people.certificate("ben"))
        people.run("ben", "pins", "--add", people.certificate("anna"))
        numbers = [re.findall(r"\b\d{5}\b", people.run(who, "verify", whom)) for who, whom in
                   (("anna", "Ben"), ("ben", "Anna"))]
        assert len(numbers[0]) == 12 and numbers[0] == numbers[1]
        assert "▀" in people.run("anna", "verify", "Ben")
        wrong = numbers[0][1:] + numbers[0][:1]
        assert "THE NUMBERS DIFFER" in people.run("anna", "verify", "Ben", "--code", " ".join(wrong), code=1)
        assert people.run("anna", "pins").startswith("pinned")
        people.run("anna", "verify", "Ben", "--code", " ".join(numbers[0]))
        assert people.run("anna", "pins").startswith("verified")
        people.run("ben", "verify", "Anna", "--code", "SOTTO1:" + "".join(numbers[0]))
        assert people.run("ben", "pins").startswith("verified")


def a_changed_root_and_a_name_in_conflict_wait_for_a_decision():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        for device, name in (("ben", "Ben"), ("ben2", "Ben"), ("cyrillic", "B\u0435n"), ("upper", "BEN"),
                             ("other", "Carl")):
            people.run(device, "new", "--name", name, "--device", "d")
        people.run("anna", "pins", "--add", people.certificate("ben"))
        people.run("anna", "pins", "--add", people.certificate("other"))
        before = people.run("anna", "pins")
        assert "CHANGED" in people.run("anna", "pins", "--add", people.certificate("ben2"), code=1)
        assert "CONFLICT" in people.run("anna", "pins", "--add", people.certificate("cyrillic"), code=1)  # Cyrillic e
        assert "CONFLICT" in people.run("anna", "pins", "--add", people.certificate("upper"), code=1)
        assert "already" in people.run("anna", "pins", "--add", people.certificate("ben"), code=1)
        assert people.run("anna", "pins") == before
        people.run("anna", "pins", "--add", people.certificate("ben2"), "--replace", "Ben")
        people.run("anna", "pins", "--add", people.certificate("upper"), "--name", "Ben of the choir")
        known = people.run("anna", "pins")
        assert people.user_id("ben2")[:19] in known and people.user_id("ben")[:19] not in known
        people.run("anna", "pins", "--rename", "Ben of the choir", "--name", "Benno")
        assert "Benno (claims: BEN)" in people.run("anna", "pins")
        assert "has this name" in people.run("anna", "pins", "--rename", "Carl", "--name", "Benno", code=1)
        people.run("anna", "pins", "--forget", "Benno")
        assert "Benno" not in people.run("anna", "pins")
        assert "nobody called" in people.run("anna", "pins", "--forget", "Benno", code=1)


def wrong_command_lines_say_what_is_right():
    with People() as people:
        nonsense = people.run("x", "nonsense", code=2)
        assert "lists what" in nonsense and "nonsense: there is no such command" in nonsense
        assert "--name" in people.run("x", "new", code=2)
        assert "--name" in people.run("x", "new", "--name", "a\nb", code=2)
        assert "--device" in people.run("x", "new", "--name", "Anna", "--device", "d" * 33, code=2)
        assert "expected" in people.run("x", "revoke", code=2)
        assert "expected" in people.run("x", "show", "more", code=2)
        assert "lists the options" in people.run("x", "show", "--nonsense", code=2)
        assert "--add" in people.run("x", "pins", "--add", "a", "--forget", "b", code=2)
        assert "there is no identity" in people.run("x", "show", code=1)
        assert "takes no --listen" in people.run("x", "show", "--listen", "127.0.0.1:0", code=2)


def what_went_wrong_is_said_with_what_to_do():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        export = people.folder / "export"
        # the one that is missing is named
        assert "use --export-passphrase-file" in people.run("anna", "export", export, export_passphrase="", code=1)
        assert "use --passphrase-file" in people.run("anna", "renew", passphrase="", code=1)
        root = people.home("anna") / "root.key"
        assert "sotto id export" in people.run("new", "import", root, code=1)
        assert "no export" in people.run("new", "import", people.certificate("anna"), code=1)
    for words, code, said in (((), 2, "sotto id COMMAND"), (("nonsense",), 2, "nonsense: there is no such command"),
                              (("key", "--help"), 0, "make a secret"), (("key", "twice"), 2, "takes nothing else"),
                              (("link", "ho st", "room"), 1, "like call.example:7900"),
                              (("link", "host", "a room"), 1, "1 to 63 letters"), (("call", "--help"), 0, "/kick NAME")):
        done = subprocess.run([SOTTO, *words], text=True, capture_output=True)
        assert done.returncode == code and said in done.stdout + done.stderr, (words, done)
        assert not re.search("^[0-9a-f]{32}$", done.stdout, re.M), "a secret is made where help was asked for"


def each_command_says_all_of_itself():
    with People() as people:
        overview = people.run("x", "--help")
        for name, word, options in (("new", "", ("--name", "--device", "--no-passphrase")),
                                    ("show", "", ("--certificate",)), ("renew", "", ()),
                                    ("add-device", "", ("--listen", "--relay", "--connect", "--code", "--token")),
                                    ("revoke", " DEVICE", ()), ("verify", " USER", ("--yes", "--code")),
                                    ("pins", "", ("--add", "--rename", "--replace", "--forget")),
                                    ("export", " FILE", ("--export-passphrase-file",)),
                                    ("import", " FILE", ("--device", "--export-passphrase-file"))):
            assert re.search(rf"^  {name}{word} ", overview, re.M), name
            text = people.run("x", name, "--help")
            assert text.startswith(f"sotto id {name}{word} [options]\n")
            for option in (*options, "--home"):
                assert re.search(rf"{option}\b", text), (name, option)
            takes_keys = name in ("new", "renew", "add-device", "revoke", "export", "import")
            assert ("--passphrase-file" in text) == takes_keys, name
            # no line is broken by a terminal of 120 columns
            assert max(map(len, text.splitlines())) <= 120, name


if __name__ == "__main__":
    main(a_new_identity_is_kept_for_its_user_alone, keys_open_by_their_passphrase_alone,
         a_passphrase_is_asked_for_and_not_shown, damaged_files_are_refused,
         an_export_brings_the_root_back, people_are_known_and_verified,
         a_changed_root_and_a_name_in_conflict_wait_for_a_decision, wrong_command_lines_say_what_is_right,
         what_went_wrong_is_said_with_what_to_do,
         each_command_says_all_of_itself)
