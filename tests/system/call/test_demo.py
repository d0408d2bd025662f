"""The demo's judgement: what it calls good, and that everything short of it is a failure."""
import importlib.machinery
import importlib.util
import os
import types

from harness import main

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "media", "call", "demo")
loader = importlib.machinery.SourceFileLoader("demo", os.path.normpath(PATH))
demo = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
loader.exec_module(demo)

SECOND = 1000000


def person(name, joined, left):
    """Somebody who seals 30 pictures a second from 0 s to 10 s."""
    sealed = [[i, i * SECOND // 30] for i in range(300)]
    return types.SimpleNamespace(name=name, stats={
        "pseudonym": name.lower(), "joined_us": joined * SECOND, "left_us": left * SECOND, "received": [],
        "sent": {"video": {"dropped": 0, "frames": sealed}}})


def hear(receiver, sender, opened, key=60, decoded=240, last=10):
    ranges = [[first, last_one] for first, last_one in opened]
    receiver.stats["received"].append({"name": sender.name, "video": {
        "received": 240, "opened": 240, "failed": 0, "replayed": 0, "late": 0, "incomplete": 0, "refused": 0,
        "decoded": decoded, "opened_indexes": ranges, "first_key_index": key, "first_decoded_us": 2 * SECOND,
        "last_decoded_us": last * SECOND}})


def report(forwarded=240, **heard):
    ada, ben = person("Ada", 0, 10), person("Ben", 2, 10)
    if heard:
        hear(ben, ada, **heard)
    server = types.SimpleNamespace(pairs={("ada", "ben", "video"): forwarded})
    return demo.pair_report(ada, ben, "video", server)


def a_good_pair_is_good():
    pair = report(opened=[(60, 299)])
    assert pair["ok"] and pair["opened_share"] == 1 and pair["sealed"] == 240, pair
    assert 29.8 < pair["decoded_per_second"] < 30 and pair["first_picture_ms"] == 0, pair


def frames_from_before_both_were_there_help_nobody():
    pair = report(opened=[(0, 59), (120, 299)])
    assert pair["opened_from_first_key"] == 180 and not pair["ok"], pair


def one_frame_in_twenty_may_be_lost_and_no_more():
    assert report(opened=[(60, 287)])["ok"]
    assert not report(opened=[(60, 286)])["ok"]


def pictures_must_come_at_25_a_second():
    assert report(opened=[(60, 299)], decoded=201)["ok"]
    assert not report(opened=[(60, 299)], decoded=200)["ok"]


def a_zero_is_a_failure():
    assert not report()["ok"]
    assert not report(opened=[(60, 299)], forwarded=0)["ok"]
    assert not report(opened=[], key=None, decoded=0)["ok"]
    assert not report(opened=[(60, 299)], decoded=1, last=2)["ok"]
    nothing = types.SimpleNamespace(totals={}, cpu=0.0)
    assert not demo.server_report(nothing)["ok"]


if __name__ == "__main__":
    main(a_good_pair_is_good, frames_from_before_both_were_there_help_nobody,
         one_frame_in_twenty_may_be_lost_and_no_more, pictures_must_come_at_25_a_second, a_zero_is_a_failure)
