"""The demo's judgement: what it calls good, and that everything short of it is a failure."""
import os
import sys
import types

from harness import main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "media", "call", "demo"))
# pylint: disable=wrong-import-position
import figures
import script

SECOND = 1000000


def person(name, joined, left):
    """Somebody who seals 30 pictures a second from 0 s to 10 s."""
    sealed = [[i, i * SECOND // 30] for i in range(300)]
    return types.SimpleNamespace(name=name, stats={
        "pseudonym": name.lower(), "joined_us": joined * SECOND, "left_us": left * SECOND, "received": [],
        "sent": {"video": {"dropped": 0, "frames": sealed}}})


def hear(receiver, sender, opened, key=60, decoded=240, last=10, pauses=()):
    ranges = [[first, last_one] for first, last_one in opened]
    pauses = [[int(begin * SECOND), int(end * SECOND)] for begin, end in pauses]
    receiver.stats["received"].append({"name": sender.name, "video": {
        "received": 240, "opened": 240, "failed": 0, "replayed": 0, "late": 0, "incomplete": 0, "refused": 0,
        "decoded": decoded, "opened_indexes": ranges, "first_key_index": key, "first_decoded_us": 2 * SECOND,
        "last_decoded_us": last * SECOND, "last_opened_us": last * SECOND, "pauses": pauses}})


def report(forwarded=240, upsets=(), **heard):
    ada, ben = person("Ada", 0, 10), person("Ben", 2, 10)
    if heard:
        hear(ben, ada, **heard)
    server = types.SimpleNamespace(pairs={("ada", "ben", "video"): forwarded})
    return figures.pair_report(ada, ben, "video", server, upsets)


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
    assert not figures.server_report(nothing)["ok"]


def upset(began, back, hits=()):
    return script.Upset("something", began * SECOND, back * SECOND, "it was over", hits)


def frames_of_an_upset_are_left_out_for_whom_it_hit():
    # from 5 s on nothing, for 3 s after it was over
    lost = {"opened": [(60, 149), (270, 299)], "pauses": [(5, 9)], "decoded": 120}
    assert not report(**lost)["ok"] and not report(upsets=[upset(5, 6, ("Cleo",))], **lost)["ok"]
    pair = report(upsets=[upset(5, 6, ("Ben",))], **lost)
    assert pair["ok"] and pair["opened_share"] == 1 and 29 < pair["decoded_per_second"] < 30, pair
    # and no frame more
    assert not report(upsets=[upset(5, 6, ("Ben",))], **dict(lost, opened=[(60, 149), (282, 299)]))["ok"]


def waited(happened, until=10, **heard):
    ada, ben = person("Ada", 0, 10), person("Ben", 2, 10)
    hear(ada, ben, [(60, 299)])
    hear(ben, ada, [(60, 299)], **heard)
    return figures.upset_report(happened, until * SECOND, [ada, ben])


def pictures_have_three_seconds_to_be_back():
    both = ("Ada", "Ben")
    assert waited(upset(4, 5, both), pauses=[(4, 8)])["worst_seconds"] == 3
    assert waited(upset(4, 5, both), pauses=[(4, 8)])["ok"]
    assert not waited(upset(4, 5, both), pauses=[(4, 8.1)])["ok"]
    # they never came again
    assert not waited(upset(4, 5, both), last=4)["ok"]
    # whom it should not have hit may not stand still for longer either
    assert waited(upset(4, 5), pauses=[(4.5, 7)])["ok"] and not waited(upset(4, 5), pauses=[(4.5, 8)])["ok"]
    assert not waited(upset(4, 5), last=4)["ok"]
    # what the next upset did is the next one's
    assert waited(upset(4, 5), until=7, pauses=[(6.9, 9.95)])["ok"]
    # a second leaf of somebody who started again
    ada, ben = person("Ada", 0, 10), person("Ben", 2, 10)
    hear(ben, ada, [(0, 99)])
    hear(ada, ben, [(0, 59)], last=3)
    hear(ada, ben, [(200, 299)])
    ada.stats["received"][1]["video"]["first_decoded_us"] = 7 * SECOND
    assert figures.upset_report(upset(4, 5, ("Ben",)), 10 * SECOND, [ada, ben])["worst_seconds"] == 2


def exiled(opened, forwarded=200, refused=180):
    """Ada changes to the next epoch at 5 s; what Dora opened, by index."""
    ada, dora = person("Ada", 0, 10), person("Dora", 0, 10)
    next_epoch = 1 << figures.EPOCH_SHIFT
    frames = ada.stats["sent"]["video"]["frames"]
    ada.stats["sent"]["video"]["frames"] = frames[:150] + [[next_epoch + i, at] for i, (_, at) in enumerate(frames[150:])]
    hear(dora, ada, opened)
    dora.stats["received"][0]["audio"] = dora.stats["received"][0]["video"]
    dora.stats["slots"] = [{"failed": refused}]
    happened = upset(5, 5)
    happened.notes["forwarded"] = {("ada", "dora", "video"): forwarded}
    return figures.exile_report(dora, [ada], happened)


def who_was_removed_opens_nothing_of_the_next_epoch():
    next_epoch = 1 << figures.EPOCH_SHIFT
    good = exiled([(0, 149)])
    assert good["ok"] and good["sealed_after"] == 150 and good["opened_after"] == 0, good
    assert not exiled([(0, 149), (next_epoch, next_epoch)])["ok"]
    # and that shows something only if there was something to open, and she could open before
    assert not exiled([(0, 149)], forwarded=0)["ok"] and not exiled([(0, 149)], refused=0)["ok"]


if __name__ == "__main__":
    main(a_good_pair_is_good, frames_from_before_both_were_there_help_nobody,
         one_frame_in_twenty_may_be_lost_and_no_more, pictures_must_come_at_25_a_second, a_zero_is_a_failure,
         frames_of_an_upset_are_left_out_for_whom_it_hit, pictures_have_three_seconds_to_be_back,
         who_was_removed_opens_nothing_of_the_next_epoch)
