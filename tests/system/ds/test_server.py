"""sotto-ds as an operator and as its clients meet it: over sockets, with tokens, signals and slow readers."""
import base64
import itertools
import json
import os
import random
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import ds_client as ds
from ds_client import Client, Closed, Refused, Socket, vector
from ds_server import PROGRAM, Server
from harness import main, wait_for

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs/protocol.md")


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(key, subject, room="room", allow=("signal",), seconds=300, audience="sotto-ds"):
    head = encode(json.dumps({"alg": "ES256", "typ": "JWT"}).encode())
    claims = {"room": room, "sub": subject, "allow": list(allow), "exp": int(time.time()) + seconds, "aud": audience}
    signed = head + "." + encode(json.dumps(claims).encode())
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return (signed + "." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).encode()


def write_public(key, path):
    with open(path, "wb") as file:
        file.write(key.public_key().public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo))


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def closes_with(client, code):
    """What the client is sent until the connection is closed with that code."""
    messages = []
    try:
        while True:
            messages.append(client.next())
    except Closed as closed:
        assert closed.code == 4000 + code, f"{closed.code}, not {4000 + code}"
    return messages


def hello_error(address, token, room="room"):
    """The error that a hello is answered with; the connection ends after it."""
    ws = Socket(address)
    ws.send(b"\1\0\0\0\1" + vector(token) + vector(room.encode()) + bytes(8))
    error = ds.Message(ws.receive())
    assert error.type == ds.ERROR and error.request == 1, vars(error)
    try:
        ws.receive()
    except Closed as closed:
        assert closed.code == 4000 + error.code
    return error


def operators_get_health_version_and_figures():
    with Server().start() as server:
        assert server.get("/healthz") == (200, "ok\n")
        version = json.loads(server.get("/version")[1])
        assert version["name"] == "sotto-ds" and len(version["build"]) == 40, version
        with Client(server.address, name="ada") as ada:
            assert ada.append(b"one").seq == 1
            assert server.metric("connections") == 1 and server.metric("participants") == 1
            assert server.metric("appends_total") == 1 and server.metric("stored_bytes") == 3
        assert server.get("/metrics", method="HEAD") == (200, "")
        assert server.get("/metrics", method="DELETE")[0] == 405
        assert server.get("/nothing")[0] == 404 and server.get("/ds")[0] == 426
        wait_for("the connection ends", lambda: server.metric("connections") == 0)
    with Server("--metrics", "off").start() as server:
        assert server.get("/metrics")[0] == 404


def an_upgrade_names_path_and_version():
    with Server().start() as server:
        for subprotocols, speaks in (("sotto-ds.2", True), ("other.9, sotto-ds.2", True), ("sotto-ds.3,sotto-ds.2", True),
                                     ("", False), ("sotto-ds.1", False), ("sotto-ds.20", False), ("http", False)):
            try:
                Socket(server.address, subprotocols=subprotocols).close()
                assert speaks, subprotocols
            except Refused as refused:
                assert not speaks and " 400 " in str(refused), f"{subprotocols}: {refused}"
        for path, status in (("/", 404), ("/healthz", 404), ("/ds?name=a/b", 400), ("/ds?name=" + "a" * 64, 400)):
            try:
                Socket(server.address, path)
                assert False, path
            except Refused as refused:
                assert f" {status} " in str(refused), f"{path}: {refused}"
        assert server.get("/healthz")[0] == 200


def dev_serves_this_machine_and_no_page_of_another():
    with Server().start() as server:
        Socket(server.address, headers="Origin: http://localhost:8080\r\n").close()
        for header in ("Origin: https://example.org\r\n", "Origin: null\r\n"):
            try:
                Socket(server.address, headers=header)
                assert False, header
            except Refused as refused:
                assert " 403 " in str(refused), refused


def what_is_no_envelope_ends_the_connection():
    with Server().start() as server:
        for data, opcode in ((b"\xff\0\0\0\1", 2), (b"", 2), (b"hello", 1)):
            with Client(server.address, name="ada") as ada:
                ada.ws.send(data, opcode)
                last = closes_with(ada, ds.MALFORMED)[-1]
                assert last.type == ds.ERROR and last.request == 0 and last.code == ds.MALFORMED
        ws = Socket(server.address)
        ws.send(b"\1\0\0\0\1" + bytes(5000))  # more than any hello, and no token yet
        try:
            ws.receive()
            ws.receive()
            assert False
        except Closed as closed:
            assert closed.code == 4000 + ds.MALFORMED
        with Client(server.address, name="ada") as ada:  # in pieces it is the same message
            body = b"\2" + (99).to_bytes(4, "big") + ds.append_body(b"x" * 100000, None, b"y" * 100000)
            ada.ws.send(body[:1], 2, final=False)
            ada.ws.send(body[1:70000], 0, final=False)
            ada.ws.send(b"", 9)
            ada.ws.send(body[70000:], 0)
            answer = ada.answer(99)
            assert answer.type == ds.APPENDED
            assert ada.fetch(answer.seq, ds.GROUP_INFO).data == b"y" * 100000
            ada.ws.send(b"\2" + bytes(262144 + 2 * 2097152 + 64))  # one byte more than any envelope
            closes_with(ada, ds.MALFORMED)


def the_tree_of_two_thousand_members_comes_in_pieces():
    """An append of the largest parts: what a group of that size (some 600 bytes a leaf) takes, and half as much again."""
    welcome, info = (random.Random(seed).randbytes(2097152) for seed in (1, 2))
    with Server().start() as server:
        with Client(server.address, name="ada", timeout=60) as ada, Client(server.address, name="ben", timeout=60) as ben:
            big = ada.append(b"x" * 262144, welcome, info)
            assert big.type == ds.APPENDED, big.__dict__
            assert ben.fetch_all(big.seq, ds.WELCOME) == welcome and ben.fetch_all(big.seq, ds.GROUP_INFO) == info
            piece = ben.fetch(big.seq, ds.GROUP_INFO, 2097151)
            assert piece.data == info[-1:] and piece.total == 2097152 and piece.offset == 2097151
            assert len(ben.fetch(big.seq, ds.GROUP_INFO, 7).data) == 262144  # a piece at most, from anywhere
            assert ben.fetch(big.seq, ds.COMMIT, 262143).data == b"x"
            small = ada.append(b"small", None, b"info")
            missing = ben.fetch(small.seq, ds.GROUP_INFO, 4)  # behind its end
            assert missing.type == ds.ERROR and missing.code == ds.NOT_FOUND
            # bytes are rated as before: another of that size has to wait
            refused = ada.append(b"x" * 262144, welcome, info)
            assert refused.type == ds.ERROR and refused.code == ds.RATE_LIMITED and refused.retry_after_ms > 5000
            assert server.metric("stored_bytes") < 5 << 20
        # what a page holds and what is pushed stays small
        with Client(server.address, name="cleo", after=0) as cleo:
            assert [len(entry[3]) for entry in cleo.read(1).entries] == [262144, 5]


def what_is_stored_stays_bounded_however_large_its_parts():
    part = bytes(2097152)
    with Server().start() as server:
        for i in range(24):  # each a participant of its own, for the rate is one's own
            with Client(server.address, name=f"p-{i}", timeout=60) as one:
                assert one.append(b"commit %d" % i, part, part).type == ds.APPENDED
        with Client(server.address, name="reader", after=0) as reader:
            assert server.metric("stored_bytes") <= 64 << 20
            # Welcomes go first: the log is what members need to follow
            assert [entry[0] for entry in reader.read(1).entries] == list(range(1, 25))
            assert reader.admitted.group_infos == list(range(17, 25))
            assert reader.fetch(24, ds.WELCOME).type == ds.PART and reader.fetch(1, ds.WELCOME).type == ds.ERROR


def all_rooms_together_hold_what_they_may_and_each_its_share():
    mib = 1 << 20
    with Server("--max-stored", "8", "--max-rooms", "4").start() as server:  # a MiB a room, and 4 for who needs more
        def fill(room, size):
            with Client(server.address, room=room, name=room, timeout=60, after=0) as one:
                return one.append(bytes(100), None, bytes(size - 100))

        assert fill("a", 2 * mib).type == ds.APPENDED and fill("b", 2 * mib).type == ds.APPENDED
        assert fill("c", 2 * mib).type == ds.APPENDED
        part = bytes(2 * mib)
        for i, body in enumerate(((bytes(101), None, part[:-100]), (bytes(1), part, part))):  # a byte too much, and all
            with Client(server.address, room="d", name=f"d-{i}", timeout=60, after=0) as one:
                refused = one.append(*body)
                assert refused.type == ds.ERROR and refused.code == ds.FULL, vars(refused)
                assert refused.retry_after_ms == 10000 and refused.text.startswith("no place for"), vars(refused)
        assert server.metric("stored_bytes") == 6 * mib and server.metric("refused_full_total") == 2
        assert fill("d", 2 * mib).type == ds.APPENDED
        assert server.metric("stored_bytes") == 8 * mib
        assert server.get("/healthz")[0] == 200
        # a call goes on in what its room has, its oldest entries making place
        with Client(server.address, room="a", name="a2", timeout=60, after=0) as one:
            assert one.append(bytes(1000), None, bytes(mib)).type == ds.APPENDED
        server.process.terminate()
        server.process.wait(20)
        server.start()
        assert 7 * mib < server.metric("stored_bytes") <= 8 * mib
        assert os.path.getsize(server.database) < 12 * mib


def tokens_admit_and_nothing_else_does():
    key, other = new_key(), new_key()
    with Server(dev=False) as server:
        write_public(key, server.path("issuer.pem"))
        server.options += ["--token-key", server.path("issuer.pem")]
        server.start()
        with Client(server.address, token=make_token(key, "ada")) as ada:
            assert ada.admitted.pseudonym == "ada" and 290 < ada.admitted.token_left_s <= 300
            for token, code in ((b"", ds.TOKEN), (b"x", ds.TOKEN), (make_token(other, "ada"), ds.TOKEN),
                                (make_token(key, "ada", "elsewhere"), ds.TOKEN),
                                (make_token(key, "ada", audience="sotto-sfu"), ds.TOKEN),
                                (make_token(key, "ada", seconds=-1), ds.TOKEN),
                                (make_token(key, "ada", allow=("publish", "subscribe")), ds.FORBIDDEN)):
                assert hello_error(server.address, token).code == code, token
            assert ada.ask(ds.KICK, vector(b"ben")).code == ds.FORBIDDEN
            assert ada.append(b"one").seq == 1
            # a key that is taken away ends what it signs, at the next look
            write_public(other, server.path("issuer.pem"))
            server.process.send_signal(signal.SIGHUP)
            wait_for("the new key is read", lambda: "token_keys_loaded" in server.log())
            assert hello_error(server.address, make_token(key, "ben")).code == ds.TOKEN
            assert ada.ask(ds.RENEW, vector(make_token(key, "ada"))).code == ds.TOKEN
            assert ada.ask(ds.RENEW, vector(make_token(other, "ada"))).type == ds.DONE
        with Client(server.address, token=make_token(other, "cat", seconds=2)) as cat:
            closes_with(cat, ds.EXPIRED)
        log = server.log()
        assert "event=admitted room=room pseudonym=ada" in log and "event=left room=room pseudonym=ada" in log
        assert "the token has expired" in log and "eyJ" not in log


def an_admin_puts_out_and_closes():
    with Server().start() as server:
        with Client(server.address, name="ada") as ada, Client(server.address, name="ben") as ben:
            ada.append(b"one")
            assert ada.ask(ds.KICK, vector(b"ben")).type == ds.DONE
            closes_with(ben, ds.KICKED)
            assert ada.pushed_message(ds.LEFT).pseudonym == "ben"
            ada.post(ds.CLOSE_ROOM)
            closes_with(ada, ds.ROOM_CLOSED)
        server.kill()
        server.start()
        for name in ("ada", "ben"):
            assert hello_error(server.address, b"").code == ds.ROOM_CLOSED, name
        with Client(server.address, room="other", name="ben") as ben:
            assert ben.admitted.head == 0


def sigterm_tells_clients_to_go_and_keeps_what_they_appended():
    with Server("--drain", "20").start() as server:
        with Client(server.address, name="ada") as ada, Client(server.address, name="ben") as ben:
            for i in range(5):
                ada.append(b"%d" % i)
            begun = time.monotonic()
            server.process.terminate()
            assert closes_with(ada, ds.DRAINING)[-1].code == ds.DRAINING
            closes_with(ben, ds.DRAINING)
        assert server.process.wait(20) == 0 and time.monotonic() - begun < 15
        server.start()
        with Client(server.address, name="ada") as ada:
            assert [entry[3] for entry in ada.entries(5)] == [b"0", b"1", b"2", b"3", b"4"]


def the_database_is_for_one_process():
    with Server().start() as server:
        second = subprocess.run([PROGRAM, *server.options], capture_output=True, text=True, timeout=20)
        assert second.returncode == 1 and "in use" in second.stderr, second.stderr
        assert server.get("/healthz")[0] == 200


def what_is_wrong_with_the_settings_is_said():
    with Server() as server:
        write_public(new_key(), server.path("issuer.pem"))
        for arguments, code, says in ((["--help"], 0, "--database FILE"), (["--version"], 0, "sotto-ds "),
                                      (["--dev", "--check-config"], 0, "well"), ([], 2, "database is missing"),
                                      (["--database", "x", "--token-key", "/nonexistent", "--check-config"], 2, "token-key"),
                                      (["--database", "x", "--token-key", server.path("issuer.pem"), "--check-config"], 0, "well"),
                                      (["--dev", "--database", "/nonexistent/x"], 1, "cannot be opened"),
                                      (["--dev", "--nonsense"], 2, "nonsense")):
            run = subprocess.run([PROGRAM, *arguments, *(["--listen", "127.0.0.1:0"] if "/nonexistent/x" in arguments else [])],
                                 capture_output=True, text=True, timeout=20)
            assert run.returncode == code and says in run.stdout + run.stderr, f"{arguments}: {run}"
        assert not os.path.exists("x"), "--check-config makes a database"


def why_a_server_does_not_start_is_said():
    with Server().start() as server:
        issuer = server.path("issuer.pem")
        write_public(new_key(), issuer)
        free = ["--dev", "--listen", "127.0.0.1:0"]
        for arguments, says in ((["--dev", "--listen", server.address], ": Address already in use"),
                                ([*free, "--tls-cert", issuer, "--tls-key", issuer], "are tls-cert and tls-key a PEM"),
                                ([*free, "--port-file", "/nonexistent/port"], "file=/nonexistent/port"),
                                (["--dev", "--listen", "192.0.2.1:0"], "loopback"),
                                # which libwebsockets would wait for, as if it were listening
                                (["--listen", "192.0.2.1:7801", "--database", server.path("x"), "--token-key", issuer],
                                 "listen: 192.0.2.1:7801: Cannot assign requested address")):
            run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20)
            assert run.returncode in (1, 2) and says in run.stdout + run.stderr, f"{arguments}: {run}"


def the_documents_exchange_is_what_is_spoken():
    with open(DOCUMENT, encoding="utf-8") as file:
        block = file.read().split("### A worked exchange")[1].split("```")[1]
    told = []  # [arrow, digits]: up to the first word that is no hex; a line without an arrow goes on
    for line in block.strip("\n").split("\n"):
        words = line.split()
        if words[0] in ("─►", "◄─"):
            told.append([words.pop(0), ""])
        told[-1][1] += "".join(itertools.takewhile(re.compile("([0-9a-f]{2})+").fullmatch, words))
    sent = [bytes.fromhex(digits) for arrow, digits in told if arrow == "─►"]
    got = [ds.Message(bytes.fromhex(digits)) for arrow, digits in told if arrow == "◄─"]
    assert sent[0] == b"\1\0\0\0\1" + vector(b"tok") + vector(b"tea") + (1).to_bytes(8, "big")
    assert sent[1] == b"\2\0\0\0\2" + ds.append_body(b"\xc0\xc1", None, b"\xe2", bytes(range(0xf0, 0x100)))
    assert sent[2] == b"\x08\0\0\0\3" + vector(b"\xb1\xb2") and len(sent) == 3
    assert [message.type for message in got] == [ds.ADMITTED, ds.ENTRY, ds.APPENDED, ds.ENTRY, ds.DONE, ds.RELAYED]
    assert got[0].pseudonym == "p-1" and got[0].present == ["p-1", "p-2"] and got[0].limits == (20, 200, 40, 100, 1000)
    assert got[1].entry == (1, False, True, b"\xaa") and got[2].seq == 2 and got[3].entry[3] == b"\xc0\xc1"
    # and the server answers just so, but for what is at random and the token's life
    with Server().start() as server:
        with Client(server.address, room="tea", name="p-2") as other:
            assert other.append(b"\xaa", None, b"x").seq == 1
            ws = Socket(server.address, "/ds?name=p-1")
            ws.send(sent[0].replace(vector(b"tok"), vector(b"")))
            admitted = ds.Message(ws.receive())
            for name in ("oldest", "head", "waiting", "pseudonym", "group_infos", "limits"):
                assert getattr(admitted, name) == getattr(got[0], name), name
            assert sorted(admitted.present) == got[0].present
            assert ws.receive() == bytes.fromhex(told[2][1])
            for request, answers in ((sent[1], told[4:6]), (sent[2], told[7:9])):
                ws.send(request)
                for _, digits in answers:
                    assert ws.receive() == bytes.fromhex(digits), digits
            ws.close()


def it_speaks_tls():
    with Server() as server:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", server.path("key.pem"), "-out", server.path("chain.pem"), "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        server.options += ["--tls-cert", server.path("chain.pem"), "--tls-key", server.path("key.pem")]
        server.start()
        tls = ssl.create_default_context(cafile=server.path("chain.pem"))
        with Client(server.address, name="ada", tls=tls) as ada, Client(server.address, name="ben", tls=tls) as ben:
            big = ada.append(b"x" * 262144, b"y" * 524288, b"z" * 524288)
            assert big.type == ds.APPENDED and ben.entries(1)[0][3] == b"x" * 262144
            for _ in range(8):
                assert ben.fetch_all(1, ds.WELCOME) == b"y" * 524288
            for i in range(15):
                assert ada.append(b"%d" % i).seq == i + 2
            assert [entry[3] for entry in ben.entries(15)] == [b"%d" % i for i in range(15)]


def a_slow_reader_is_dropped_and_the_others_hear_all():
    senders, each, payload = 24, 16, 16000
    with Server("--relay-interval", "1").start() as server:
        slow = Client(server.address, name="slow")
        slow.ws.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        clients = [Client(server.address, name=f"p-{i}", timeout=60) for i in range(senders)]
        heard = [0] * senders
        failures = []

        def send_and_hear(i):
            try:
                last = {}
                # in step, so that however busy the machine is only the slow one falls behind
                for step in range(each):
                    clients[i].post(ds.RELAY, vector(bytes([i, step]) + bytes(payload)))
                    while heard[i] < senders * (step + 1):
                        message = clients[i].next()
                        assert message.type != ds.ERROR, vars(message)
                        if message.type == ds.RELAYED:
                            sender, k = message.payload[:2]
                            assert last.get(sender, -1) + 1 == k, f"{sender}: {k} after {last.get(sender)}"
                            last[sender], heard[i] = k, heard[i] + 1
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=send_and_hear, args=(i,)) for i in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(90)
        assert not failures and heard == [senders * each] * senders, (failures, heard)
        assert server.metric("dropped_slow_total") == 1 and server.metric("participants") == senders
        for client in (*clients, slow):
            client.close()


def connections_that_never_say_hello_are_bounded():
    with Server().start() as server:
        host, port = server.address.rsplit(":", 1)
        with Client(server.address, name="ada") as ada:
            idle = [socket.create_connection((host, int(port)), 5) for _ in range(200)]
            # those beyond 64 are closed at once, and so become readable
            wait_for("the others are closed", lambda: len(select.select(idle, [], [], 0)[0]) == len(idle) - 64)
            assert ada.append(b"one").seq == 1
            for connection in idle:
                connection.close()
            wait_for("there is place again", lambda: is_answered(server))
            ada.close()


def is_answered(server):
    try:
        return server.get("/healthz")[0] == 200
    except OSError:
        return False


if __name__ == "__main__":
    main(operators_get_health_version_and_figures, an_upgrade_names_path_and_version,
         dev_serves_this_machine_and_no_page_of_another, what_is_no_envelope_ends_the_connection,
         the_tree_of_two_thousand_members_comes_in_pieces, what_is_stored_stays_bounded_however_large_its_parts,
         all_rooms_together_hold_what_they_may_and_each_its_share,
         tokens_admit_and_nothing_else_does, an_admin_puts_out_and_closes,
         sigterm_tells_clients_to_go_and_keeps_what_they_appended, the_database_is_for_one_process,
         what_is_wrong_with_the_settings_is_said,
         why_a_server_does_not_start_is_said, the_documents_exchange_is_what_is_spoken, it_speaks_tls,
         a_slow_reader_is_dropped_and_the_others_hear_all,
         connections_that_never_say_hello_are_bounded)
