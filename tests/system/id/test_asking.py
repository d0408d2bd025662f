"""Nobody waits for a person: while sotto asks for something, others use the folder, and it takes what they left there."""
import os
import pty
import re
import signal

from people import SOTTO, People, link, main


class Asking:
    """A run of sotto on a terminal, up to its question."""

    def __init__(self, people, device, *words, program=("id",)):
        self.shown = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
            home = ["--home", str(people.home(device))] if program == ("id",) else []
            os.execve(SOTTO, [str(SOTTO), *program, *words, *home], {**clean, "SOTTO_HOME": str(people.home(device))})
        self.read(b": ")

    def read(self, end=None):
        while end is None or not self.shown.endswith(end):
            try:
                more = os.read(self.terminal, 4096)
            except OSError:  # how a terminal says that nobody writes any more
                more = b""
            if not more:
                assert end is None, self.shown
                return
            self.shown += more

    def answer(self, text, last=True):
        self.shown = b""
        os.write(self.terminal, text)
        self.read(None if last else b": ")

    def end(self):
        """What it showed since the answer, and its exit code."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return self.shown.decode(), os.waitstatus_to_exitcode(status)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def at_once(people, device, *words):
    said = people.run(device, *words)
    assert "waiting for it" not in said, said
    return said


def whoever_asks_keeps_the_folder_from_nobody():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        people.run("anna", "export", people.folder / "copy")
        link(people, "anna", "phone", "--device", "phone")
        for device, words, program in (("anna", ("renew",), ("id",)), ("anna", ("revoke", "phone"), ("id",)),
                                       ("anna", ("export", "other"), ("id",)), ("anna", ("add-device",), ("id",)),
                                       ("new", ("new", "--name", "Ben"), ("id",)),
                                       ("imported", ("import", str(people.folder / "copy")), ("id",)),
                                       ("phone", ("add-device", "--connect", "127.0.0.1:1"), ("id",)),
                                       ("anna", ("sotto://127.0.0.1:1/tea#AAAAAAAAAAAAAAAAAAAAAA", "--server", "http://127.0.0.1:1"),
                                        ("call",))):
            asking = Asking(people, device, *words, program=program)
            assert b"assphrase" in asking.shown, asking.shown
            at_once(people, device, "pins")
            asking.kill()
        # the code, too, is typed while others use the folder
        asking = Asking(people, "phone", "add-device", "--connect", "127.0.0.1:1")
        asking.answer(b"correct horse\n", last=False)
        assert b"Code: " in asking.shown, asking.shown
        at_once(people, "phone", "show")
        asking.kill()


def what_was_done_meanwhile_counts():
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        for name in ("phone", "tablet"):
            link(people, "anna", name, "--device", name)
        asking = Asking(people, "anna", "revoke", "phone")
        assert "by list 1;" in at_once(people, "anna", "revoke", "tablet")
        asking.answer(b"correct horse\n")
        said, code = asking.end()
        assert code == 0 and "by list 2;" in said, said
        assert "2 devices, by list 2" in people.run("anna", "show")
        asking = Asking(people, "anna", "revoke", "phone")
        asking.answer(b"correct horse\n")
        assert "is revoked already" in asking.end()[0]


def nobodys_identity_is_written_over():
    with People() as people:
        people.run("other", "new", "--name", "Otto", "--device", "desk")
        people.run("other", "export", people.folder / "copy")
        for number, words in enumerate((("new", "--name", "Ben"), ("import", str(people.folder / "copy")))):
            device = f"d{number}"
            asking = Asking(people, device, *words)
            if words[0] == "import":
                asking.answer(b"battery staple\n", last=False)
            people.run(device, "new", "--name", "Anna", "--device", "laptop")
            asking.answer(b"correct horse\n", last=False)
            asking.answer(b"correct horse\n")
            said, code = asking.end()
            assert code == 1 and "has the identity of Anna" in said, said
            assert re.search("^user +Anna", people.run(device, "show"), re.M)
        # nor by a link that was begun before
        environment = {"SOTTO_PASSPHRASE": "correct horse"}
        old = people.start("other", "add-device", environment=environment)
        where = old.stdout.readline().split()[-1]
        typed = re.search(r"code: (\d{4} \d{4})", old.stdout.readline()).group(1)
        asking = Asking(people, "late", "add-device", "--connect", where, "--device", "late")
        for _ in range(2):
            asking.answer(b"correct horse\n", last=False)
        people.run("late", "new", "--name", "Anna", "--device", "laptop")
        asking.answer(typed.encode() + b"\n")
        said, code = asking.end()
        assert code == 1 and "another identity meanwhile" in said, said
        assert old.communicate(timeout=60) and re.search("^user +Anna", people.run("late", "show"), re.M)


def nobody_is_certified_into_another_identity():
    """While the new device is waited for, the folder is given to another user: its list of devices is not this one's."""
    with People() as people:
        people.run("anna", "new", "--name", "Anna", "--device", "laptop")
        environment = {"SOTTO_PASSPHRASE": "correct horse"}
        old = people.start("anna", "add-device", environment=environment)
        where = old.stdout.readline().split()[-1]
        typed = re.search(r"code: (\d{4} \d{4})", old.stdout.readline()).group(1)
        people.home("anna").rename(people.home("before"))
        people.run("anna", "new", "--name", "Otto", "--device", "desk")
        new = people.start("late", "add-device", "--connect", where, "--device", "late", environment=environment)
        new.communicate(typed + "\n", timeout=60)
        said = "".join(old.communicate(timeout=60))
        assert (old.returncode, new.returncode) == (1, 1) and "another identity meanwhile" in said, said
        assert not (people.home("late") / "certificate").exists()
        for home in ("anna", "before"):
            assert "late" not in people.run(home, "show")


if __name__ == "__main__":
    main(whoever_asks_keeps_the_folder_from_nobody, what_was_done_meanwhile_counts, nobodys_identity_is_written_over,
         nobody_is_certified_into_another_identity)
