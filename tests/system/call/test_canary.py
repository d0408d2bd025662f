"""What passes the forwarding unit, after SRTP removal, by a test-only build of it. The search is shown to find what it looks
for where that is to be found."""
from harness import CANARY, TEST_CLIENT, Call, find_runs, join_frames, main, media_packets, read_blobs, wait_all, write_blobs


def run_canaries(plain):
    """Two people through the canary server; needles and hits."""
    with Call() as call:
        call.serve(CANARY, environment={"TEST_PACKETS": call.path("packets")})
        # the media are those that people send: pictures that move, and sound
        people = [call.join(name, "--video", "test", "--seconds", "5", binary=TEST_CLIENT,
                            environment=dict({"TEST_FRAMES": call.path(name)}, **plain)) for name in ("Ada", "Ben")]
        wait_all(people)
        packets = media_packets(call.path("packets"))
        assert len({packet[8:12] for packet in packets}) == 4, "sound and pictures of two people were to come by"
        with open(call.path("joined"), "wb") as file:
            file.write(b"".join(join_frames(packets)))
        write_blobs(call.path("frames"), read_blobs(call.path("Ada")) + read_blobs(call.path("Ben")))
        return find_runs(call.path("frames"), call.path("joined"))


def no_run_of_an_encoded_frame_passes_the_server():
    needles, hits = run_canaries({})
    assert needles > 100, "too few frames to say anything"
    assert hits == 0, f"plaintext stands in the packets {hits} times"


def the_same_search_finds_frames_that_are_not_encrypted():
    needles, hits = run_canaries({"TEST_PLAIN": "1"})
    assert needles > 100 and hits > 10000, "the search above could not have found anything"


if __name__ == "__main__":
    main(no_run_of_an_encoded_frame_passes_the_server, the_same_search_finds_frames_that_are_not_encrypted)
