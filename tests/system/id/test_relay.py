"""add-device through a real delivery service: linked wherever both devices are; and with a service in the middle that
looks, alters, makes up, holds back, and tries a code; and with strangers in the room."""
import os
import re
import subprocess
import sys
import threading

from people import SOTTO, People, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ds"))

from ds_client import DONE, HELLO, JOINED, RELAY, RELAYED, Client, Fields, vector
from ds_middle import Middle, with_payload
from ds_server import Server

PASSPHRASE = {"SOTTO_PASSPHRASE": "correct horse"}
SECONDS = 60  # that a run may wait for a message


class Run:
    """One add-device: the root's device waits at a service; others come by `where` and the code."""

    def __init__(self, people, address, *words, root="laptop", environment=None):
        self.people = people
        self.process = people.start(root, "add-device", "--relay", address, *words,
                                    environment={**PASSPHRASE, **(environment or {})})
        first = self.process.stdout.readline()
        assert first, self.process.communicate(timeout=SECONDS)
        self.where = first.split()[-1]
        self.code = re.search(r"code: (\d{4} \d{4})", self.process.stdout.readline()).group(1)

    def join(self, device, where=None, code=None, environment=None, *words):
        process = self.people.start(device, "add-device", "--connect", where or self.where, "--device", device, *words,
                                    environment={**PASSPHRASE, **(environment or {})})
        out, err = process.communicate((code or self.code) + "\n", timeout=2 * SECONDS)
        self.people.outputs.append(out + err)
        return process.returncode, out + err

    def end(self):
        out, err = self.process.communicate(timeout=2 * SECONDS)
        self.people.outputs.append(out + err)
        return self.process.returncode, out + err


def anna(people, device="laptop"):
    people.run(device, "new", "--name", "Anna", "--device", "laptop", "--no-passphrase", passphrase=None)


def wrong(code):
    return f"{(int(code[0]) + 1) % 10}{code[1:]}"


def certified(people, device):
    return (people.home(device) / "certificate").exists()


def two_devices_are_linked_and_the_service_sees_equal_sizes():
    with People() as people, Server().start() as server, Middle(server.address) as middle:
        people.run("laptop", "new", "--name", "Annabella", "--device", "laptop")
        run = Run(people, middle.address)
        assert re.fullmatch(re.escape(middle.address) + "/link-[0-9a-hj-km-np-tv-z]{8}", run.where), run.where
        result, out = run.join("telephone")
        assert result == 0 and "device   telephone" in out, out
        result, out = run.end()
        assert result == 0 and "added    telephone" in out, out
        assert people.user_id("telephone") == people.user_id("laptop")
        relays = [envelope for envelope in middle.seen if envelope[0] in (RELAY, RELAYED)]
        assert len(relays) >= 10 and {len(Fields(relay[5:]).vector()) for relay in relays} == {4096}
        crossed = b"".join(middle.seen)
        certificate = (people.home("telephone") / "certificate").read_bytes()
        assert b"Annabella" in certificate and b"telephone" in certificate  # what is looked for is there to be found
        for secret in (b"Annabella", b"telephone", run.code.encode(), run.code.replace(" ", "").encode()):
            assert secret not in crossed, secret
        assert not any(certificate[i:i + 12] in crossed for i in range(len(certificate) - 12))
        # and again renews it
        run = Run(people, server.address + "/a-room-of-ours")
        assert run.where == server.address + "/a-room-of-ours"
        assert run.join("telephone")[0] == 0 and run.end()[0] == 0


def errors_say_what_to_do():
    with People() as people, Server().start() as server:
        anna(people)
        run = Run(people, server.address)
        result, out = run.join("phone", code=wrong(run.code))
        assert result == 1 and "the other device ended it" in out, out
        result, out = run.end()
        assert result == 1 and "the codes differ" in out, out
        assert not certified(people, "phone") and "phone" not in people.run("laptop", "show")
        result, out = run.join("phone")
        assert result == 1 and "nobody waits at" in out, out
        result, out = run.join("phone", where=server.address + "/no/room")
        assert result == 1 and "expected a delivery service and a room" in out, out
        address, server.address = server.address, None
        server.kill()
        result, out = run.join("phone", where=address + "/link-00000000")
        assert result == 1 and "cannot be reached" in out, out
        assert "cannot be reached" in people.run("laptop", "add-device", "--relay", address, code=1)
        for words, says in ((("--relay", "a", "--listen", "b"), "one of --listen and --relay"),
                            (("--relay", "a", "--connect", "b"), "one of --listen and --relay"),
                            (("--code", "12345678"), "belong to the new device"),
                            (("--name", "x"), "takes no --name")):
            assert says in people.run("laptop", "add-device", *words, code=2), words


def a_service_that_asks_for_tokens_gets_them():
    with People() as people:
        def token(pseudonym):
            return subprocess.run([SOTTO, "token", "--key", people.folder / "issuer", "--room", "ours", "--name",
                                   pseudonym, "--signal"], check=True, capture_output=True, text=True).stdout.strip()

        subprocess.run([SOTTO, "token", "new-key", people.folder / "issuer"], check=True, capture_output=True)
        with Server("--token-key", str(people.folder / "issuer.pub"), dev=False).start() as server:
            anna(people)
            refused = people.run("laptop", "add-device", "--relay", server.address, code=1)
            assert "the delivery service refuses: the token is missing or not valid" in refused, refused
            refused = people.run("laptop", "add-device", "--relay", server.address, "--token", token("a"), code=1)
            assert "refuses" in refused  # it is not for the room that was drawn
            run = Run(people, server.address + "/ours", "--token", token("a"))
            assert run.join("phone", environment={"SOTTO_TOKEN": token("b")})[0] == 0
            assert run.end()[0] == 0


def flip(at):
    return lambda payload: payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:]


def last(payload):  # of the message: the zeros behind it are none of its bytes
    return flip(len(payload.rstrip(b"\0")) - 1)(payload)


SHARE = (21, 5)  # where it stands in a start, a reply: an element whose first bit is set is none


def altered(server, people, device, message, change, also):
    """A linking in which a message, 0 for the first, is altered; also: the genuine one comes after it."""
    relays = []

    def up(_, envelope):
        if envelope[0] == RELAY:
            relays.append(envelope)
            if len(relays) == message + 1:
                return [with_payload(envelope, change)] + ([envelope] if also else [])
        return [envelope]

    with Middle(server.address, up=up) as middle:
        run = Run(people, middle.address)
        result, out = run.join(device)
        rooted, root_out = run.end()
    assert len(relays) > message
    return result, rooted, out + root_out


def what_is_no_message_of_it_is_passed_over():
    """Before each message in turn comes one that is nearly the same."""
    changes = [flip(0), flip(3), flip(4095), lambda payload: payload[:-1], lambda payload: payload + b"\0",
               lambda payload: b"\x03" + payload[1:]]
    with People() as people, Server().start() as server:
        anna(people)
        for message in range(5):
            for change in changes + ([flip(SHARE[message])] if message < 2 else [last] if message == 4 else []):
                result, rooted, out = altered(server, people, "phone", message, change, also=True)
                assert (result, rooted) == (0, 0) and certified(people, "phone"), (message, out)


def what_a_service_in_the_middle_alters_is_noticed():
    """What shows that the code is known, and what is sealed with it, in a middle and in the last byte: one guess."""
    with People() as people, Server().start() as server:
        anna(people)
        for message in (2, 3):
            for number, change in enumerate((flip(40), last)):
                device = f"phone-{message}-{number}"
                result, rooted, out = altered(server, people, device, message, change, also=True)
                assert result == 1 and rooted == 1 and not certified(people, device), (device, out)
                assert "the codes differ" in out, out
                assert (device in people.run("laptop", "show")) == (message == 3), device


def what_a_service_makes_up_links_nobody():
    garbage = (vector(b"x"), vector(bytes(4096)), vector(b"\x01" + vector(b"\0\1\1") + bytes(4090)),
               vector(b"\x01" + vector(os.urandom(60)) + bytes(4096 - 62)))
    with People() as people, Server().start() as server:
        anna(people)
        for made_up in [bytes([RELAYED]) + bytes(4) + body for body in garbage]:
            def down(_, envelope):
                return [envelope, made_up]

            with Middle(server.address, down=down) as middle:
                run = Run(people, middle.address)
                assert run.join("phone")[0] == 0 and run.end()[0] == 0
        for made_up in b"", b"\xff" * 9:
            def ends(_, envelope):
                return [envelope, made_up] if envelope[0] == 0x81 else [envelope]

            with Middle(server.address, down=ends) as middle:
                # not a Run: what is made up may be there before it has said where it waits
                root = people.start("laptop", "add-device", "--relay", middle.address, environment=PASSPHRASE)
                out, err = root.communicate(timeout=2 * SECONDS)
                people.outputs.append(out + err)
                assert root.returncode == 1 and "sotto:" in err and "added" not in out, out + err


# the group's generator (RFC 9496, appendix A.1): a share as good as any
ELEMENT = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
OF_NEW, OF_ROOT = b"\x01", b"\x02"


def payload(side, kind, body):
    made = side + vector(b"\0\1" + bytes([kind]) + body)
    return made + bytes(4096 - len(made))


def strangers_in_the_room_end_nothing():
    """They say all kinds of things, begin runs of their own, come and go; the devices are linked all the same."""
    said = [b"x", bytes(4096), os.urandom(4096), payload(OF_NEW, 3, bytes(10)), payload(OF_NEW, 5, vector(bytes(16))),
            payload(OF_NEW, 1, bytes(48)), payload(OF_ROOT, 4, bytes(64) + vector(bytes(40)))]
    starts = [payload(OF_NEW, 1, os.urandom(16) + ELEMENT) for _ in range(3)]
    with People() as people, Server().start() as server:
        anna(people)
        run = Run(people, server.address)
        room = run.where.rpartition("/")[2]
        with Client(server.address, room, name="stranger", after=0) as stranger:
            for made_up in said + starts:
                assert stranger.ask(RELAY, vector(made_up)).type == DONE
            Client(server.address, room, name="passer-by", after=0).close()
            result, out = run.join("phone")
            assert result == 0, out
        result, out = run.end()
        assert result == 0 and "added    phone" in out, out


def a_strangers_guess_is_the_one_guess():
    """Who begins and shows a tag, or answers the new device, has used it: both sides end at once, and say why."""
    with People() as people, Server().start() as server:
        anna(people)
        run = Run(people, server.address)
        room = run.where.rpartition("/")[2]
        with Client(server.address, room, name="stranger", after=0) as stranger:
            stranger.ask(RELAY, vector(payload(OF_NEW, 1, bytes(16) + ELEMENT)))
            stranger.ask(RELAY, vector(payload(OF_NEW, 3, bytes(64) + vector(bytes(40)))))
            result, out = run.end()
            assert result == 1 and "the codes differ" in out, out
        made_up = payload(OF_ROOT, 2, ELEMENT)
        result, rooted, out = altered(server, people, "phone", 1, lambda _: made_up, also=True)
        assert (result, rooted) == (1, 1) and "the codes differ" in out and not certified(people, "phone"), out


def who_fills_the_room_is_told():
    with People() as people, Server().start() as server:
        anna(people)

        def down(_, envelope):
            return [envelope] + [bytes([RELAYED]) + bytes(4) + vector(b"x")] * (1000 if envelope[0] == JOINED else 0)

        with Middle(server.address, down=down) as middle:
            run = Run(people, middle.address)
            with Client(server.address, run.where.rpartition("/")[2], name="stranger", after=0):
                result, out = run.end()
        assert result == 1 and "strangers fill the room" in out, out


def the_service_has_one_guess():
    """The root's device and the new one meet in rooms apart, and in each the service's own device tries a code."""
    for right in (False, True):
        with People() as people, Server().start() as server:
            anna(people)
            anna(people, "mallory")

            def apart(connection, envelope):
                if envelope[0] != HELLO or connection == 0:
                    return [envelope]
                fields = Fields(envelope[5:])
                token, _, since = fields.vector(), fields.vector(), fields.bytes(8)
                return [envelope[:5] + vector(token) + vector(b"apart") + since]

            with Middle(server.address, up=apart) as middle:
                run = Run(people, middle.address)
                as_root = Run(people, server.address + "/apart", root="mallory")  # its code is its guess
                result, out = run.join("phone")
                assert result == 1 and not certified(people, "phone"), out
                assert as_root.end()[0] == 1
                room = run.where.rpartition("/")[2]
                guess = run.code if right else wrong(run.code)
                result, out = run.join("mallory-phone", where=f"{server.address}/{room}", code=guess)
                # the control: with the right code it would have succeeded
                assert certified(people, "mallory-phone") == right == (result == 0), out
                rooted, root_out = run.end()
                assert (rooted == 0) == right and ("the codes differ" in root_out) != right, root_out
                result, out = run.join("mallory-phone", where=f"{server.address}/{room}")
                assert result == 1 and "nobody waits" in out, out  # the guess is spent: there is no second one


def who_is_held_back_or_answered_by_an_echo_gives_up_in_time():
    """All at once, for each takes a minute."""
    def swallow(_, envelope):
        return [] if envelope[0] == RELAYED else [envelope]

    def echo(connection, envelope):  # one's own words for ever; what the other says never
        if envelope[0] == RELAYED and envelope not in said[connection]:
            return []
        return [envelope, envelope] if envelope[0] == RELAYED else [envelope]

    def note(connection, envelope):
        said.setdefault(connection, []).append(bytes([RELAYED]) + bytes(4) + envelope[5:])
        return [envelope]

    def deaf(_, envelope):
        return [] if envelope[0] in (DONE, RELAYED) else [envelope]

    said = {}
    with People() as people, Server().start() as server:
        anna(people)
        runs, threads, results = [], [], {}
        for name, hooks in (("swallow", {"down": swallow}), ("echo", {"up": note, "down": echo}), ("deaf", {"down": deaf})):
            middle = Middle(server.address, **hooks)
            run = Run(people, middle.address)
            runs.append((run, middle))
            threads.append(threading.Thread(target=lambda n=name, r=run: results.update({n: r.join(n)})))
            threads[-1].start()
        for thread in threads:
            thread.join(2 * SECONDS)
        for run, middle in runs:
            run.process.kill()  # it waits ten minutes for a first word
            run.end()
            middle.__exit__()
        for name in ("swallow", "echo"):
            assert results[name][0] == 1 and f"waited {SECONDS} s for the other device" in results[name][1], results
        assert results["deaf"][0] == 1 and f"waited {SECONDS} s for the delivery service" in results["deaf"][1], results


if __name__ == "__main__":
    main(two_devices_are_linked_and_the_service_sees_equal_sizes, errors_say_what_to_do,
         a_service_that_asks_for_tokens_gets_them, what_is_no_message_of_it_is_passed_over,
         what_a_service_in_the_middle_alters_is_noticed, what_a_service_makes_up_links_nobody,
         strangers_in_the_room_end_nothing, a_strangers_guess_is_the_one_guess, who_fills_the_room_is_told,
         the_service_has_one_guess, who_is_held_back_or_answered_by_an_echo_gives_up_in_time)
