"""add-device between two homes over TCP: linked, renewed, refused; and with a stranger, or a server, in between."""
import re
import socket
import threading

from people import People, link, main


def a_second_device_is_the_same_user():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        old, new = link(people, "laptop", "phone", "--device", "phone")
        assert "added    phone" in old and "device   phone" in new
        assert people.user_id("phone") == people.user_id("laptop")
        assert "another device" in people.run("phone", "show")
        assert not (people.home("phone") / "root.key").exists()
        assert re.search(r"phone +[0-9a-f ]+ until", people.run("laptop", "show"))
        # only the root's device does what takes the root
        for words in (("renew",), ("revoke", "laptop"), ("export", people.folder / "x"), ("add-device",)):
            assert "root" in people.run("phone", *words, code=1), words
        # and again renews it: the same key, a later certificate
        keys = [re.search(r"key (.*)", people.run("phone", "show")).group(1)]
        link(people, "laptop", "phone")
        keys.append(re.search(r"key (.*)", people.run("phone", "show")).group(1))
        assert keys[0] == keys[1]


def a_wrong_code_ends_it_on_both_sides():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        old, _ = link(people, "laptop", "phone", "--device", "phone", wrong_code=True, expect=(1, 1))
        assert "the codes differ" in old
        assert not (people.home("phone") / "certificate").exists()
        assert "phone" not in people.run("laptop", "show")
        link(people, "laptop", "phone", "--device", "phone")  # a new run, with a new code


def a_revoked_device_is_not_linked_again():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        link(people, "laptop", "phone", "--device", "phone")
        people.run("laptop", "revoke", "phone")
        old, _ = link(people, "laptop", "phone", expect=(1, 1))
        assert "was revoked" in old
        link(people, "laptop", "phone2", "--device", "phone")
        assert "1 device, by list 1" in people.run("phone2", "show")


def a_device_stays_with_its_user():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        people.run("ben", "new", "--name", "Ben", "--device", "d")
        link(people, "laptop", "phone", "--device", "phone")
        _, new = link(people, "ben", "phone", expect=(0, 1))
        assert "another user" in new
        assert people.user_id("phone") == people.user_id("laptop")
        assert "has your root" in people.run("laptop", "add-device", "--connect", "127.0.0.1:1", code=1)
        assert "8 digits" in people.run("y", "add-device", "--connect", "127.0.0.1:1", code=1, text="1234\n")
        assert "address and a port" in people.run("y", "add-device", "--connect", "nowhere", code=1, text="12345678\n")


def begin(people, device="laptop"):
    """A run that waits: the process, its address, its code."""
    process = people.start(device, "add-device", environment={"SOTTO_PASSPHRASE": "correct horse"})
    host, port = process.stdout.readline().split()[-1].split(":")
    code = re.search(r"code: (\d{4} \d{4})", process.stdout.readline()).group(1)
    return process, (host, int(port)), code


def connect(people, device, address, code, expect=0):
    fresh = people.start(device, "add-device", "--connect", f"{address[0]}:{address[1]}", "--device", "phone",
                         environment={"SOTTO_PASSPHRASE": "correct horse"})
    out, err = fresh.communicate(code + "\n", timeout=60)
    assert fresh.returncode == expect, f"{out}{err}"
    return out + err


def ends(process, code):
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, f"{out}{err}"
    return out + err


def hear_end(stranger):
    try:
        return stranger.recv(1000) == b""
    except ConnectionResetError:  # closed before all was read
        return True


START = b"\0\0\0\x33" + b"\0\1\1" + bytes(16)
# a ristretto255 element: the base point, from RFC 9496
SHARE = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def strangers_cost_nobody_the_attempt():
    """Who connects first and says nothing, or garbage, or half of something, is not the new device; who is, is served."""
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        process, address, code = begin(people)
        strangers = []
        for said, closed in ((b"", False), (b"GET / HTTP/1.1\r\n\r\n", True), (bytes(4), True),
                             (b"\0\0\0\4\0\1\1\0", True), (b"\xff" * 64, True), (b"\0\0\0", False),
                             (b"\0\0\0\x33\0\1\1", False), (START + b"\xff" * 32, True), (START + SHARE, False),
                             (START + SHARE + b"\0\0\0\5\0\1\3aa", True)):
            stranger = socket.create_connection(address, timeout=60)
            strangers.append(stranger)
            stranger.sendall(said)
            if said.startswith(START + SHARE):  # who says as much gets the reply that is no secret
                reply = receive(stranger)
                assert reply[4:7] == b"\0\1\2" and len(reply) == 4 + 3 + 32, reply
            if closed:
                assert hear_end(stranger), said
        assert "device   phone" in connect(people, "phone", address, code)
        assert "waiting on" in ends(process, 0)
        for stranger in strangers:
            stranger.close()


def a_flood_of_silence_keeps_nobody_out():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        process, address, code = begin(people)
        silent = [socket.create_connection(address, timeout=60) for _ in range(100)]
        assert all(map(hear_end, silent[:80]))  # the oldest go for the newest
        # and those that stay go in time, though nobody else comes
        assert all(map(hear_end, silent))
        connect(people, "phone", address, code)
        said = ends(process, 0)
        assert said.count("waiting on") == 1, said


def a_guess_is_the_only_one():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        process, address, code = begin(people)
        silent = socket.create_connection(address, timeout=60)
        wrong = f"{(int(code[0]) + 1) % 10}{code[1:]}"
        connect(people, "mallory", address, wrong, expect=1)
        assert "the codes differ" in ends(process, 1)
        assert hear_end(silent)
        assert "refused" in connect(people, "phone", address, code, expect=1)  # nobody listens any more
        assert not (people.home("phone") / "certificate").exists()


def receive(connection):
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        more = connection.recv(4096)
        if not more:
            return None
        data += more
    return data


def a_server_in_between_that_changes_a_byte_is_noticed():
    with People() as people:
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop")
        for changed in (None, 0, 1, 2, 3):
            environment = {"SOTTO_PASSPHRASE": "correct horse"}
            old = people.start("laptop", "add-device", environment=environment)
            host, port = old.stdout.readline().split()[-1].split(":")
            code = re.search(r"code: (\d{4} \d{4})", old.stdout.readline()).group(1)
            relay = socket.create_server(("127.0.0.1", 0))
            seen = []

            def carry():
                with relay, relay.accept()[0] as new, socket.create_connection((host, int(port))) as root:
                    for i in range(5):
                        message = receive(root if i % 2 else new)
                        if not message:
                            return
                        seen.append(message)
                        if i == changed:
                            at = len(message) - (32 if i < 2 else 1)  # an odd share is none
                            message = message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]
                        (new if i % 2 else root).sendall(message)

            thread = threading.Thread(target=carry)
            thread.start()
            fresh = people.start(f"phone{changed}", "add-device", "--connect", f"127.0.0.1:{relay.getsockname()[1]}",
                                 "--device", "phone", environment=environment)
            fresh.communicate(code + "\n", timeout=60)
            if changed in (0, 1):  # start and reply guess nothing: the device is waited on
                connect(people, "again", (host, int(port)), code)
            old.communicate(timeout=60)
            thread.join(60)
            assert not thread.is_alive()
            assert (people.home(f"phone{changed}") / "certificate").exists() == (changed is None), changed
            assert (old.returncode == 0) == (changed in (None, 0, 1)), changed
            crossed = b"".join(seen)
            assert b"Anna" not in crossed and b"phone" not in crossed


if __name__ == "__main__":
    main(a_second_device_is_the_same_user, a_wrong_code_ends_it_on_both_sides, a_revoked_device_is_not_linked_again,
         a_device_stays_with_its_user, strangers_cost_nobody_the_attempt, a_flood_of_silence_keeps_nobody_out,
         a_guess_is_the_only_one, a_server_in_between_that_changes_a_byte_is_noticed)
