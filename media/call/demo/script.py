"""What happens in the call, in order. Each upset waits for what can be seen of the one before; nothing is timed by hope,
and nothing is waited for without end."""
import dataclasses
import time

import screen

APART_S = 4  # by which one comes later and one goes earlier
CALM_S = 3  # between what happens: figures are of calls, not of upsets alone
EXILE_S = 6  # for which who was removed goes on listening
PATIENCE_S = 20


class Failure(Exception):
    """The call did not go on; says at what."""


@dataclasses.dataclass
class Upset:
    """Something that happened, in microseconds of the clock that participants' figures are on."""
    what: str
    began_us: int
    back_us: int  # from when on pictures may be expected again
    again: str  # what happened then
    hits: tuple = ()  # whose pictures were gone, of all or with all others; nobody's: they should not stop at all
    notes: dict = dataclasses.field(default_factory=dict)


def now_us():
    return time.monotonic_ns() // 1000


class Stage:
    """The call while it goes on."""

    def __init__(self, server, keys, people, dora, link, codec):
        self.server, self.keys, self.people, self.dora, self.link, self.codec = server, keys, people, dora, link, codec
        self.began = time.monotonic()
        self.progress = screen.Progress(self.began)

    @property
    def everybody(self):
        return (*self.people, self.dora)

    def enter(self, person):
        person.enter(self.server.address, self.link, self.codec)

    def say(self, text):
        self.progress.say(text)

    def look(self):
        self.server.look()
        for person in self.everybody:
            if person.process is not None and person.process.poll() is not None and not person.may_end:
                raise Failure(f"{person.name} ended with code {person.process.returncode}: {person.last_words()}")
        self.progress.tick([person.name for person in self.everybody if person.runs()])

    def run_for(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            time.sleep(0.1)

    def wait_for(self, what, condition):
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise Failure(f"{what}: not within {PATIENCE_S} s")
            self.look()
            time.sleep(0.1)

    def wait_for_leaving(self, person):
        self.wait_for(f"{person.name} leaves", lambda: not person.runs())
        if person.process.returncode != 0:
            raise Failure(f"{person.name} ended with code {person.process.returncode}: {person.last_words()}")


def gather(stage):
    """Ada opens the room, and is its admin; Ben comes late."""
    ada, ben, cleo = stage.people
    stage.say("Ada opens the room; Cleo and Dora follow its link")
    stage.enter(ada)
    stage.wait_for("Ada opens the room", lambda: "in the room" in ada.log())
    stage.enter(cleo)
    stage.enter(stage.dora)
    stage.run_for(APART_S)
    stage.say("Ben comes late")
    stage.enter(ben)
    stage.wait_for("four on every screen", lambda: all(person.codes_of(4) for person in stage.everybody))
    stage.wait_for("everybody is seen and heard", lambda: all(
        f"{other.name} is here" in person.log() for person in stage.people for other in stage.everybody if other is not person))
    stage.run_for(CALM_S)


def remove(stage):
    """Dora's client is changed: removed, it stays connected and keeps every key that it ever had."""
    ada, dora = stage.people[0], stage.dora
    before = dict(stage.server.pairs)
    began = now_us()
    stage.say("Ada removes Dora, whose client is made to stay on and to keep every key")
    ada.type("/kick Dora")
    stage.wait_for("all see that Dora was removed", lambda: "out of the room" in dora.log() and all(
        "Dora was removed by" in person.log() for person in stage.people))
    stage.wait_for("three on every screen", lambda: all(person.screens()[-1][1] == 3 for person in stage.people))
    stage.wait_for("a new link", lambda: len({person.new_link() for person in stage.people}) == 1 and ada.new_link())
    stage.link = ada.new_link()
    stage.say("Dora is out, and with her the old link; the others have a new one")
    stage.run_for(EXILE_S)
    stage.server.look()
    forwarded = {pair: count - before.get(pair, 0) for pair, count in stage.server.pairs.items()}
    dora.leave()
    stage.wait_for_leaving(dora)
    return Upset("Dora is removed", began, began, "she was", notes={"forwarded": forwarded})


def crash(stage):
    _, ben, _ = stage.people
    others = [person for person in stage.people if person is not ben]
    read = {person.name: len(person.log()) for person in stage.people}
    epoch = max(number for person in others for number, *_ in person.screens())
    stage.say("Ben's program is killed")
    began = now_us()
    ben.kill()

    def since(person):
        return person.log()[read[person.name]:]

    ben.process = None
    stage.wait_for("the others miss Ben", lambda: all("lost contact with Ben" in since(person) for person in others))
    stage.say("the others have lost contact with Ben; Ben starts again, as the same device, by the new link")
    back = now_us()
    stage.enter(ben)
    stage.wait_for("Ben and the others see each other", lambda: all(
        f"{other.name} is here" in since(ben) and any(f"Ben is {how}" in since(other) for how in ("back", "here"))
        for other in others))
    stage.wait_for("one device of Ben's on every screen, in a later epoch", lambda: all(
        person.screens()[-1][0] > epoch and person.screens()[-1][1] == len(stage.people) and
        person.screens()[-1][2].count("Ben (demo)") == 1 for person in stage.people))
    stage.run_for(CALM_S)
    return Upset("Ben's program is killed", began, back, "he started again", hits=(ben.name,))


def kill_key_server(stage):
    read = {person.name: len(person.log()) for person in stage.people}
    stage.say("sotto-ds is killed, and started again")
    began = now_us()
    stage.keys.kill()
    if not stage.keys.start():
        raise Failure("sotto-ds does not start again")
    back = now_us()
    stage.wait_for("all have found sotto-ds again", lambda: all(
        "the delivery service is back" in person.log()[read[person.name]:] for person in stage.people))
    stage.run_for(CALM_S)
    return Upset("sotto-ds is killed", began, back, "it was back")


def kill_media_server(stage):
    read = {person.name: len(person.log()) for person in stage.people}
    stage.say("sotto-sfu is killed, and started again")
    stage.server.look()
    began = now_us()
    stage.server.kill()
    if not stage.server.start():
        raise Failure("sotto-sfu does not start again")
    back = now_us()
    stage.wait_for("all are connected again", lambda: all(
        ": connected\n" in person.log()[read[person.name]:] for person in stage.people))
    stage.run_for(2 * CALM_S)
    return Upset("sotto-sfu is killed", began, back, "it was back", hits=tuple(person.name for person in stage.people))


def part(stage):
    _, _, cleo = stage.people
    stage.say("Cleo leaves early")
    cleo.leave()
    stage.wait_for_leaving(cleo)
    stage.run_for(APART_S)
    stage.server.look()
    stage.say("the others leave")
    for person in stage.people:
        if person.runs():
            person.leave()
    for person in stage.people:
        stage.wait_for_leaving(person)


def play(stage):
    """What upset the call, in order."""
    gather(stage)
    upsets = [act(stage) for act in (remove, crash, kill_key_server, kill_media_server)]
    part(stage)
    stage.progress.end()
    return upsets
