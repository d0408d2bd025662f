"""A client that was killed and started again with the same name and secret."""
import os

from harness import CANARY, Call, join_frames, main, media_packets, wait_for


def kid_and_counter(frame):
    """RFC 9605 section 4.3."""
    first, at = frame[0], 1
    kid, counter = first >> 4 & 7, first & 7
    if first & 0x80:
        kid, at = int.from_bytes(frame[at:at + kid + 1], "big"), at + kid + 1
    if first & 0x08:
        counter = int.from_bytes(frame[at:at + counter + 1], "big")
    return kid, counter


def killed_and_started_again_a_client_repeats_no_nonce():
    runs = []
    with Call() as call:
        call.serve(CANARY, environment={"TEST_PACKETS": call.path("packets")})
        seen = 0
        for _ in range(2):
            person = call.join("Ada", "--video", "test")
            wait_for("frames come by", lambda: len(media_packets(call.path("packets"))) > seen + 400
                     if os.path.exists(call.path("packets")) else False)
            person.kill()
            person.wait()
            packets = media_packets(call.path("packets"))
            runs.append([kid_and_counter(frame) for frame in join_frames(packets[seen:])])
            seen = len(packets)
    print(f"  frames: {[len(run) for run in runs]}")
    assert all(len(run) > 100 for run in runs)
    both = runs[0] + runs[1]
    assert len(set(both)) == len(both), "a pair of KID and counter came twice"
    kids = [{kid for kid, _ in run} for run in runs]
    assert all(len(each) == 2 for each in kids) and not kids[0] & kids[1], "a KID came back after the restart"


if __name__ == "__main__":
    main(killed_and_started_again_a_client_repeats_no_nonce)
