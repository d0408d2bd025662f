"""What the participants' figures and the server's say, and whether it is good enough."""
import os

OPENED_MIN = 0.95  # of the frames sealed while both were there, from the first key frame on
FPS_MIN = 25.0
BACK_MAX_S = 3.0  # without pictures, for any upset
EXILED_MIN = 50  # frames that have to reach who was removed, or nothing is shown by her opening none
IN_FLIGHT_US = 300000  # sealed so shortly before an upset, a frame may be lost by it
EPOCH_SHIFT = 32  # a frame's index: the epoch, and its number in it


def streams_of(receiver, sender, kind):
    """What one saw of another: one stream, or one for each of the leaves that it had."""
    return [entry[kind] for entry in receiver.stats["received"] if entry["name"] == sender.name]


def together(sender, receiver):
    return (max(sender.stats["joined_us"], receiver.stats["joined_us"]),
            min(sender.stats["left_us"], receiver.stats["left_us"]))


def hits(upset, sender, receiver):
    return sender.name in upset.hits or receiver.name in upset.hits


def gaps_of(upsets, sender, receiver):
    """Times of which a pair's frames are not asked: from an upset until its pictures have to be back."""
    return [(upset.began_us - IN_FLIGHT_US, upset.back_us + int(BACK_MAX_S * 1e6)) for upset in upsets
            if hits(upset, sender, receiver)]


def overlaps(span, others):
    return any(span[0] < end and span[1] > begin for begin, end in others)


def decoded_per_second(stream, gaps):
    first, last, count = stream["first_decoded_us"], stream["last_decoded_us"], stream["decoded"]
    for pause in stream["pauses"]:
        if overlaps(pause, gaps):
            last -= pause[1] - pause[0]
    return (count - 1) * 1e6 / (last - first) if count > 1 and last > first else 0.0


def first_after(streams, at_us):
    """When something was first decoded from that time on: a stream's first, or after a pause; None: never."""
    found = []
    for stream in streams:
        spans = [span for span in stream["pauses"] if span[0] <= at_us < span[1]]
        if stream["first_decoded_us"] >= at_us:
            found.append(stream["first_decoded_us"])
        elif spans:
            found.append(spans[0][1])
        elif stream["last_decoded_us"] > at_us:
            found.append(at_us)
    return min(found, default=None)


def pair_report(sender, receiver, kind, server, upsets=()):
    sent, streams = sender.stats["sent"][kind], streams_of(receiver, sender, kind)
    latest = max(streams, key=lambda stream: stream["last_opened_us"], default=None)
    both, gaps = together(sender, receiver), gaps_of(upsets, sender, receiver)
    frames = [(index, at) for index, at in sent["frames"] if both[0] <= at <= both[1]]
    report = {
        "sender": sender.name, "receiver": receiver.name, "kind": kind,
        "seconds_together": round(max(0, both[1] - both[0]) / 1e6, 3),
        "sealed": len(frames),
        "forwarded": server.pairs.get((sender.stats["pseudonym"], receiver.stats["pseudonym"], kind), 0),
        "dropped_at_capture": sent["dropped"],
    }
    counts = ("received", "opened", "failed", "replayed", "late", "incomplete", "refused", "decoded")
    report.update({name: sum(stream[name] for stream in streams) for name in counts})
    first_key = latest["first_key_index"] if latest else None
    wanted = {index for index, at in frames
              if first_key is not None and index >= first_key and not overlaps((at, at), gaps)}
    opened = opened_indexes(streams)
    report["sealed_from_first_key"] = len(wanted)
    report["opened_from_first_key"] = len(wanted & opened)
    first = first_after(streams, both[0])
    report["first_picture_ms" if kind == "video" else "first_sound_ms"] = (
        round((first - both[0]) / 1000) if first is not None else None)
    report["decoded_per_second"] = round(decoded_per_second(latest, gaps), 2) if latest else 0
    judge(report)
    return report


def opened_indexes(streams):
    return {index for stream in streams for first, last in stream["opened_indexes"] for index in range(first, last + 1)}


def judge(report):
    reasons = []
    if report["sealed_from_first_key"] == 0:
        reasons.append("no frame was sealed while both were there, or none opened")
        report["opened_share"] = 0.0
    else:
        report["opened_share"] = round(report["opened_from_first_key"] / report["sealed_from_first_key"], 4)
        if report["opened_share"] < OPENED_MIN:
            reasons.append(f"only {report['opened_share']:.1%} of the frames were opened")
    if report["forwarded"] == 0:
        reasons.append("the server counted no frame forwarded")
    if report["kind"] == "video" and report["decoded_per_second"] < FPS_MIN:
        reasons.append(f"only {report['decoded_per_second']:.1f} pictures a second")
    if report["kind"] == "audio" and report["decoded"] == 0:
        reasons.append("no sound was decoded")
    report["reasons"] = reasons
    report["ok"] = not reasons


def upset_report(upset, until_us, people):
    """For each screen and sender: how long after the upset was over pictures came again; where they should not have
    stopped, how long they stood still at the most."""
    waits = []
    for receiver in people:
        for sender in people:
            if sender is receiver:
                continue
            streams = streams_of(receiver, sender, "video")
            if hits(upset, sender, receiver):
                first = first_after(streams, upset.back_us)
                wait = (first - upset.back_us) / 1e6 if first is not None else None
            else:
                wait = longest_pause(streams, upset.began_us, until_us)
            waits.append({"screen": receiver.name, "of": sender.name, "stopped": hits(upset, sender, receiver),
                          "seconds": round(wait, 3) if wait is not None else None})
    seconds = [wait["seconds"] for wait in waits]
    worst = max(seconds) if None not in seconds else None
    return {"what": upset.what, "again": upset.again, "away_seconds": round((upset.back_us - upset.began_us) / 1e6, 3),
            "screens": waits, "worst_seconds": worst, "stopped": bool(upset.hits),
            "ok": worst is not None and worst <= BACK_MAX_S}


def longest_pause(streams, begin_us, end_us):
    """In seconds; None if pictures had not come again by then."""
    if not any(stream["last_decoded_us"] >= min(end_us, begin_us + BACK_MAX_S * 1e6) for stream in streams):
        return None
    return max(((last - first) / 1e6 for stream in streams for first, last in stream["pauses"]
                if first < end_us - IN_FLIGHT_US and last > begin_us), default=0.0)


def epoch_before(people, at_us):
    """The last one that anybody sealed a frame under until then."""
    return max(index >> EPOCH_SHIFT for person in people for sent in person.stats["sent"].values()
               for index, at in sent["frames"] if at < at_us)


def exile_report(dora, people, upset):
    """What the one who was removed could do with what the server went on sending her."""
    last_epoch = epoch_before(people, upset.began_us)
    after = opened_before = opened_after = 0
    for person in people:
        for kind, sent in person.stats["sent"].items():
            streams = streams_of(dora, person, kind)
            opened = opened_indexes(streams)
            new = {index for index, at in sent["frames"]
                   if index >> EPOCH_SHIFT > last_epoch and at < dora.stats["left_us"]}
            after += len(new)
            opened_after += len(new & opened)
            opened_before += sum(stream["opened"] for stream in streams) - len(new & opened)
    forwarded = sum(count for (_, subscriber, _), count in upset.notes["forwarded"].items()
                    if subscriber == dora.stats["pseudonym"])
    refused = sum(slot["failed"] for slot in dora.stats["slots"])
    last_us = max((stream["last_opened_us"] for person in people for kind in ("audio", "video")
                   for stream in streams_of(dora, person, kind)), default=0)
    return {
        "name": dora.name, "seconds_after": round((dora.stats["left_us"] - upset.began_us) / 1e6, 2),
        "opened_before": opened_before, "sealed_after": after, "forwarded_after": forwarded, "refused_after": refused,
        "opened_after": opened_after, "last_opened_seconds": round((last_us - upset.began_us) / 1e6, 2),
        "ok": opened_before > 0 and after >= EXILED_MIN and forwarded >= EXILED_MIN and refused >= EXILED_MIN and
              opened_after == 0,
    }


def server_report(server):
    packets_in, packets_out = (server.totals.get(f"rtp_packets_{way}_total", 0) for way in ("in", "out"))
    worker_us = server.totals.get("cpu_microseconds_total", 0)
    return {
        "packets_in": packets_in, "packets_out": packets_out,
        "cpu_seconds": round(server.cpu, 2), "worker_cpu_seconds": round(worker_us / 1e6, 3),
        "cpu_us_per_forwarded_packet": round(server.cpu * 1e6 / packets_out, 2) if packets_out else None,
        "worker_cpu_us_per_forwarded_packet": round(worker_us / packets_out, 2) if packets_out else None,
        "retransmitted": server.totals.get("retransmitted_total", 0),
        "key_frames_asked_for": server.totals.get("plis_out_total", 0),
        "ok": packets_in > 0 and packets_out > 0,
    }


def roster_report(people, dora):
    """Who saw whom, and under which code: while all four were there, and after one was removed."""
    with_her = {person.name: (person.codes_of(4) or [None])[-1] for person in (*people, dora)}
    without = {person.name: (person.codes_of(3) or [None])[-1] for person in people}
    numbers = {}
    for person in people:
        for other in person.stats["group"]["roster"]:
            if other["safety_number"]:
                numbers.setdefault(" and ".join(sorted((person.name, other["name"]))), set()).add(other["safety_number"])
    return {
        "screens": {person.name: person.roster_of(3) for person in people},
        "call_codes": with_her, "call_codes_after_removal": without,
        "safety_numbers": {pair: sorted(found) for pair, found in numbers.items()},
        "ok": all(None not in codes.values() and len(set(codes.values())) == 1 for codes in (with_her, without)) and
              len(numbers) > 0 and all(len(found) == 1 for found in numbers.values()),
    }


def make_report(people, dora, server, upsets):
    end_us = min(person.stats["left_us"] for person in people)
    ends = [upset.began_us for upset in upsets[1:]] + [end_us]
    report = {
        "ok": False,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0]},
        "pairs": [pair_report(sender, receiver, kind, server, upsets) for sender in people for receiver in people
                  if sender is not receiver for kind in ("video", "audio")],
        "upsets": [upset_report(upset, until_us, people) for upset, until_us in zip(upsets, ends)],
        "removed": exile_report(dora, people, upsets[0]),
        "server": server_report(server), "roster": roster_report(people, dora),
        "participants": [{
            "name": person.name, "picture": os.path.basename(person.stem) + ".png",
            "seconds": round((person.stats["left_us"] - person.stats["started_us"]) / 1e6, 2),
            "cpu_seconds": round(person.stats["cpu_us"] / 1e6, 2),
            "sent": {kind: {name: value for name, value in sent.items() if name != "frames"}
                     for kind, sent in person.stats["sent"].items()},
        } for person in people],
    }
    report["ok"] = all(part["ok"] for part in (*report["pairs"], *report["upsets"], report["removed"], report["server"],
                                               report["roster"]))
    return report
