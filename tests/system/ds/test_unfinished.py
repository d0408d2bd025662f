"""Messages that never become whole: what they hold is bounded, costs nobody else anything, and has its time."""
import os
import re
import time

import ds_client as ds
from ds_client import Client, Closed
from ds_server import Server
from harness import main, wait_for

MIB = 1 << 20
ROOM_MAX = 32 * MIB
ENVELOPE_MAX = 262144 + 2 * 2097152 + 64


def begin(client, body, kind=ds.APPEND):
    """Sends a request without its end; its number."""
    client.number += 1
    client.ws.send(bytes([kind]) + client.number.to_bytes(4, "big") + body, 2, final=False)
    return client.number


def resident(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s*(\d+) kB", file.read()).group(1)) * 1024


def half_sent_messages_of_a_room_hold_no_more_than_a_room_may():
    # a sanitizer keeps what was freed, unless it is told not to
    sanitizer = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
    with Server(environment=sanitizer).start() as server:
        before = resident(server)
        crowd = [Client(server.address, name=f"p-{i}", timeout=60, after=0) for i in range(32)]
        numbers = [begin(one, bytes(4 * MIB)) for one in crowd]  # 128 MiB
        # those that are over it are told at once, before their message has an end
        wait_for("those over the bound are refused", lambda: server.metric("refused_unfinished_total") == 25)
        assert 7 * 4 * MIB < server.metric("unfinished_bytes") <= ROOM_MAX
        assert resident(server) - before < ROOM_MAX + 32 * MIB, f"{before} -> {resident(server)}"
        refused = []
        for one, number in zip(crowd[7:], numbers[7:]):
            answer = one.answer(number)
            refused.append((answer.type, answer.code, answer.retry_after_ms))
        assert refused == [(ds.ERROR, ds.RATE_LIMITED, 2000)] * 25, refused
        # a message of an ordinary call's size comes in at once, in the place of a large one
        with Client(server.address, name="honest", timeout=60, after=0) as honest:
            assert honest.append(bytes(4096), bytes(16384), bytes(32768)).type == ds.APPENDED
        # they hear and are heard as ever, and another room has all that it may have
        one = crowd[-1]
        one.ws.send(b"", 0)
        assert one.append(b"small").type == ds.APPENDED
        with Client(server.address, room="other", name="ada", timeout=60) as ada:
            part = bytes(2097152)
            assert ada.append(bytes(262144), part, part).type == ds.APPENDED
        for one in crowd:
            one.close()
        wait_for("all is free again", lambda: server.metric("unfinished_bytes") == 0)
        with Client(server.address, name="ben", timeout=60) as ben:
            assert ben.append(bytes(262144), part, part).type == ds.APPENDED


def who_sends_slowly_gives_way_and_comes_again():
    with Server().start() as server:
        slow = [Client(server.address, name=f"p-{i}", timeout=60, after=0) for i in range(7)]
        numbers = [begin(one, bytes(4 * MIB)) for one in slow]
        wait_for("all is held", lambda: server.metric("unfinished_bytes") > 7 * 4 * MIB)
        time.sleep(10.5)  # a turn
        with Client(server.address, name="quick", timeout=60, after=0) as quick:
            part = bytes(2097152)
            assert quick.append(bytes(262144), part, part).type == ds.APPENDED
        refused = slow[0].answer(numbers[0])
        assert refused.type == ds.ERROR and refused.code == ds.RATE_LIMITED, vars(refused)
        assert server.metric("refused_unfinished_total") == 1
        for one in slow:
            one.close()


def a_message_that_does_not_end_ends_its_connection():
    with Server().start() as server:
        clients = [Client(server.address, name=name, timeout=60, after=0) for name in ("a", "b", "c")]
        begun = time.monotonic()
        begin(clients[0], b"x" * 100)
        begin(clients[1], b"", ds.RELAY)
        begin(clients[2], bytes(ENVELOPE_MAX - 4 * MIB))  # some 4 seconds more
        for client in clients:
            try:
                while True:
                    error = client.next()
            except Closed as closed:
                assert closed.code == 4000 + ds.SLOW, closed
            assert error.type == ds.ERROR and error.text == "a message took too long to come", vars(error)
        assert time.monotonic() - begun >= 33
        assert server.metric("dropped_late_total") == 3 and server.metric("unfinished_bytes") == 0


def only_an_append_may_be_long():
    with Server().start() as server:
        for kind in (ds.RELAY, ds.RENEW, ds.PUT_KEY_PACKAGE, ds.CLOSE_ROOM):
            with Client(server.address, name="ada", after=0) as ada:
                begin(ada, bytes(16384 + 64))
                ada.ws.close()
            with Client(server.address, name="ada", after=0) as ada:
                begin(ada, bytes(16384 + 64 - 4), kind)
                try:
                    while True:
                        error = ada.next()
                except Closed as closed:
                    assert closed.code == 4000 + ds.MALFORMED, f"{kind}: {closed}"
                assert error.code == ds.MALFORMED, vars(error)


if __name__ == "__main__":
    main(half_sent_messages_of_a_room_hold_no_more_than_a_room_may, who_sends_slowly_gives_way_and_comes_again,
         a_message_that_does_not_end_ends_its_connection, only_an_append_may_be_long)
