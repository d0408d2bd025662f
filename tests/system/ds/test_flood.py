"""A flood of one participant costs its sender: what others append is neither refused nor held up by more than what the
flooder may append by its own rate."""
import multiprocessing
import os
import select
import statistics
import time

from ds_client import APPEND, APPENDED, DONE, ENTRY, KICK, RELAY, Client, Closed, append_body, vector
from ds_server import Server
from harness import main

SECONDS = 4
GARBAGE = os.urandom(200000)


def flood(address, name, reports):
    """Sends as fast as it is taken, whatever is answered, and connects again when it is put out."""
    begun, sent, accepted, put_out = time.monotonic(), 0, 0, 0
    while time.monotonic() - begun < SECONDS:
        try:
            with Client(address, name=name, after=0, timeout=2) as client:
                while time.monotonic() - begun < SECONDS:
                    client.post(APPEND, append_body(GARBAGE))
                    client.post(RELAY, vector(GARBAGE[:16000]))
                    client.post(APPEND, append_body(b"small"))
                    sent += 3
                    while client.ws.received or select.select([client.ws.socket], [], [], 0)[0]:
                        accepted += client.next().type == APPENDED
        except (Closed, TimeoutError):
            put_out += 1
    reports.put((sent, accepted, put_out))


def measure(client, seconds):
    """Appends in time with its rate; how long each took until its entry came back, in ms."""
    took, begun, count = [], time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        count += 1
        commit = b"%d " % count + os.urandom(200)
        start = time.monotonic()
        answer = client.append(commit)
        assert answer.type == APPENDED, f"refused: {vars(answer)}"
        while client.pushed_message(ENTRY).entry[3] != commit:
            pass
        took.append((time.monotonic() - start) * 1000)
        time.sleep(max(0, 0.2 - (time.monotonic() - start)))
    return sorted(took)


def run_with_flood(server, name, measured):
    reports = multiprocessing.Queue()
    process = multiprocessing.Process(target=flood, args=(server.address, name, reports))
    process.start()
    took = measure(measured, SECONDS)
    report = reports.get(timeout=30)
    process.join(30)
    return took, report


def a_flood_holds_nobody_up_by_more_than_its_rate():
    with Server().start() as server:
        with Client(server.address, name="ada", after=0) as ada:
            quiet = measure(ada, SECONDS)
            appends = server.metric("appends_total")
            flooded, (sent, accepted, _) = run_with_flood(server, "flooder", ada)
            stored = server.metric("appends_total") - appends - len(flooded)
            print(f"  median {statistics.median(quiet):.1f} ms, worst {quiet[-1]:.1f} ms; under the flood "
                  f"{statistics.median(flooded):.1f} ms, {flooded[-1]:.1f} ms; {sent} sent, {stored} stored")
            # 20 at once, one more each 200 ms; the flooder's time is a little longer than what was measured
            assert 0 < stored <= 20 + 5 * (SECONDS + 2), stored
            assert server.metric("rate_limited_total") > 0
            # all that the flooder may append, 25 appends of at most 4.2 MB in all, takes the disk less than this
            assert statistics.median(flooded) < statistics.median(quiet) + 50
            assert accepted <= stored


def one_who_was_put_out_floods_in_vain():
    with Server().start() as server:
        with Client(server.address, name="ada", after=0) as ada:
            quiet = measure(ada, SECONDS)
            with Client(server.address, name="gone"):
                assert ada.ask(KICK, vector(b"gone")).type == DONE
            appends = server.metric("appends_total")
            flooded, (sent, accepted, put_out) = run_with_flood(server, "gone", ada)
            print(f"  median {statistics.median(quiet):.1f} ms; under the flood {statistics.median(flooded):.1f} ms; "
                  f"put out {put_out} times")
            assert sent == accepted == 0 and put_out > 10
            assert server.metric("appends_total") == appends + len(flooded)
            assert statistics.median(flooded) < statistics.median(quiet) + 50


if __name__ == "__main__":
    main(a_flood_holds_nobody_up_by_more_than_its_rate, one_who_was_put_out_floods_in_vain)
