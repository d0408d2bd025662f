"""Neither the database nor the traffic of the delivery service holds a name, a certificate or a key, if clients seal what
they send; the same search finds each of them when they do not. What the clients of a real call send is searched by
tests/system/call/test_sealed.py."""
import os
import socket
import threading

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ds_client import (APPENDED, DONE, ERROR, GROUP_INFO, KEY_PACKAGES, LAST_RESORT, ONE_USE, PART, PUT_KEY_PACKAGE,
                       RELAY, RELAYED, TAKE_KEY_PACKAGES, WAITING, WELCOME, Client, append_body, vector)
from ds_server import Server
from harness import main

RUN = 12  # bytes of a planted string, any of them, that must not be found

# what a call has, by what carries it
PLANTED = {
    "name": b"Augusta Ada King, Countess of Lovelace",
    "certificate": os.urandom(200),
    "device key": os.urandom(32),
    "group's tree": os.urandom(400),
    "path secret": os.urandom(32),
    "init key": os.urandom(32),
    "heartbeat": b"heartbeat" + os.urandom(40),
}


class Wire(threading.Thread):
    """A relay between clients and the server that writes down every byte, both ways."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.target = (address.rsplit(":", 1)[0], int(address.rsplit(":", 1)[1]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.seen = bytearray()
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                self.seen += data
                sink.sendall(data)
        except OSError:
            pass
        sink.close()


def everything_once(address, seal):
    """Every request that carries something, and whatever comes of it."""
    with Client(address, name="p-1") as one, Client(address, name="p-2") as two:
        answer = one.append(seal(PLANTED["path secret"] + PLANTED["name"]),
                            seal(PLANTED["group's tree"] + PLANTED["certificate"]),
                            seal(PLANTED["device key"] + PLANTED["certificate"]))
        assert answer.type == APPENDED
        two.entries(1)
        for part in (WELCOME, GROUP_INFO):
            assert two.fetch(answer.seq, part).type == PART
        for use in (WAITING, ONE_USE, LAST_RESORT):
            package = seal(PLANTED["init key"] + PLANTED["certificate"] + PLANTED["name"])
            assert one.ask(PUT_KEY_PACKAGE, bytes([use]) + vector(package)).type == DONE
        assert two.ask(TAKE_KEY_PACKAGES, vector(b"") + b"\0\1").type == KEY_PACKAGES
        assert one.ask(RELAY, vector(seal(PLANTED["heartbeat"]))).type == DONE
        two.pushed_message(RELAYED)
        two.append(seal(PLANTED["name"]), append_id=bytes(16))


def found(haystack):
    """Names of what was planted, any run of which is in there."""
    return {name for name, planted in PLANTED.items()
            if any(planted[i:i + RUN] in haystack for i in range(len(planted) - RUN + 1))}


def database(server):
    """All that lies in the server's folder but its log; with what SQLite keeps in pages that it no longer uses."""
    data = b""
    for name in sorted(os.listdir(server.folder)):
        if name != "log":
            with open(server.path(name), "rb") as file:
                data += file.read()
    return data


def run_with(seal):
    """(database, traffic, log) of a server that was killed, and so has tidied nothing up."""
    with Server().start() as server:
        wire = Wire(server.address)
        everything_once(wire.address, seal)
        server.kill()
        wire.listener.close()
        return database(server), bytes(wire.seen), server.log().encode()


def what_is_not_sealed_is_found():
    stored, traffic, log = run_with(lambda plain: plain)
    assert found(traffic) == set(PLANTED), set(PLANTED) - found(traffic)
    assert found(stored) == set(PLANTED) - {"heartbeat"}, found(stored)  # which is relayed and never kept
    assert not found(log)


def what_is_sealed_is_not():
    key = ChaCha20Poly1305(ChaCha20Poly1305.generate_key())

    def seal(plain):
        nonce = os.urandom(12)
        return nonce + key.encrypt(nonce, plain, b"room")

    stored, traffic, log = run_with(seal)
    assert len(stored) > 2000 and len(traffic) > 4000
    for what, haystack in (("database", stored), ("traffic", traffic), ("log", log)):
        assert not found(haystack), f"{what}: {found(haystack)}"


def the_database_does_not_say_who_appended_what():
    with Server().start() as server:
        with Client(server.address, name="appender-1") as one, Client(server.address, name="holder-2") as two:
            for _ in range(3):
                assert one.append(b"commit", group_info=b"info").type == APPENDED
            # it knows whose they were: two of one participant are kept
            assert one.fetch(1, GROUP_INFO).type == ERROR and one.fetch(2, GROUP_INFO).type == PART
            assert two.ask(PUT_KEY_PACKAGE, bytes([ONE_USE]) + vector(b"package")).type == DONE
        server.kill()
        stored = database(server)
    assert b"holder-2" in stored and b"appender-1" not in stored


if __name__ == "__main__":
    main(what_is_not_sealed_is_found, what_is_sealed_is_not, the_database_does_not_say_who_appended_what)
