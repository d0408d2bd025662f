"""Calls over links that lose packets, and that fall silent."""
import contextlib
import signal
import time

from harness import Call, main, near, wait_all, wait_for
from network import SERVER, Machine, enter
from tokens import make_token, serve_with_tokens

RED, BLUE = (255, 0, 0), (0, 0, 255)


@contextlib.contextmanager
def two_apart(loss, *videos):
    """Ada and Ben, each behind a link of their own."""
    with Call() as call, contextlib.ExitStack() as stack:
        key = serve_with_tokens(call, f"{SERVER}:0")
        machines, people = [], []
        for name, video in zip(("Ada", "Ben"), videos):
            machines.append(Machine(loss))
            stack.callback(machines[-1].close)
            people.append(call.join(name, "--video", video, "--token", make_token(key, name.lower() + "-1"),
                                    prefix=machines[-1].prefix))
        wait_for("the two hear each other", lambda: "Ben is here" in call.log("Ada") and "Ada is here" in call.log("Ben"),
                 30)
        yield call, machines, people


def leave(people):
    for person in people:
        person.send_signal(signal.SIGINT)
    wait_all(people)


def opened_share(stream, count):
    """Of the last frames up to the last one opened; before them the connection was still coming about."""
    end = stream["opened_indexes"][-1][1] + 1
    return sum(last + 1 - max(first, end - count) for first, last in stream["opened_indexes"] if last >= end - count) / count


def with_one_packet_in_twenty_lost_the_call_goes_on():
    with two_apart(0.05, "test", "test") as (call, machines, people):
        time.sleep(10)
        leave(people)
        print(f"  packets carried {[m.carried for m in machines]}, lost {[m.lost for m in machines]}")
        assert all(machine.lost > 100 for machine in machines), "nothing was lost: this shows nothing"
        for by, sender in (("Ada", "Ben"), ("Ben", "Ada")):
            video, audio = (call.heard(by, sender)[kind] for kind in ("video", "audio"))
            shares = opened_share(video, 8 * 30), opened_share(audio, 8 * 50)
            seconds = (video["last_decoded_us"] - video["first_decoded_us"]) / 1e6
            print(f"  {by} opened {shares[0]:.1%} of video, {shares[1]:.1%} of audio; "
                  f"{video['decoded'] / seconds:.1f} pictures a second")
            assert call.stats(by)["joins"] == 1, "the connection was given up"
            assert video["failed"] == video["replayed"] == video["refused"] == 0, "a lost packet cost more than its frame"
            assert min(shares) >= 0.95 and video["decoded"] / seconds >= 25


def two_seconds_of_silence_end_no_session():
    with two_apart(0.0, "test:red", "test:blue") as (call, machines, people):
        silent = time.monotonic()
        for machine in machines:
            machine.loss = 1.0
        time.sleep(2)
        for machine in machines:
            machine.loss = 0.0
        time.sleep(5)
        leave(people)
        for by, sender in (("Ada", "Ben"), ("Ben", "Ada")):
            video = call.heard(by, sender)["video"]
            pause = max(video["pauses"], key=lambda times: times[1] - times[0])
            print(f"  {by} was without {sender}'s pictures for {(pause[1] - pause[0]) / 1e6:.2f} s")
            assert pause[0] / 1e6 > silent - 1 and pause[1] - pause[0] > 1.5e6, "nothing was lost: this shows nothing"
            assert call.stats(by)["joins"] == 1, "the session was given up"


def ten_seconds_of_silence_are_survived():
    with two_apart(0.0, "test:red", "test:blue") as (call, machines, people):
        for machine in machines:
            machine.loss = 1.0
        wait_for("both miss each other", lambda: all("lost contact with" in call.log(name) for name in ("Ada", "Ben")), 10)
        time.sleep(7)
        for machine in machines:
            machine.loss = 0.0
        back = time.monotonic()
        wait_for("they are back", lambda: "Ben is back" in call.log("Ada") and "Ada is back" in call.log("Ben"), 25)
        print(f"  back after {time.monotonic() - back:.1f} s")
        time.sleep(2)
        leave(people)
        assert near(call.picture("Ada").tile(0, 1), BLUE) and near(call.picture("Ben").tile(0, 1), RED)
        for by, sender in (("Ada", "Ben"), ("Ben", "Ada")):
            assert call.heard(by, sender)["video"]["last_decoded_us"] > (back + 1) * 1e6


if __name__ == "__main__":
    enter()
    main(with_one_packet_in_twenty_lost_the_call_goes_on, two_seconds_of_silence_end_no_session,
         ten_seconds_of_silence_are_survived)
