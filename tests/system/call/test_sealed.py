"""What real members of a call give to the delivery service, in its traffic without WebSocket's masks, its database and its
log: no name, certificate, key, secret or message. The control is the same search, over the same messages opened with the
room's link: it finds names and certificates there, and still no key and no message."""
import base64
import ctypes
import hashlib
import hmac
import os
import re
import signal
import struct
import sys

from harness import BUILD, Call, main, wait_all, wait_for
from screens import same_code
from test_members import QUIET, begin, say

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ds"))

from ds_client import APPEND, PUT_KEY_PACKAGE, RELAY, Fields, vector
from ds_middle import Middle

CLIENT = os.path.join(BUILD, "tests", "sotto-test-keys")
RUN = 12  # bytes, any of what is looked for, that must not be found
NAMES = ("Adalmiina of Sysmä", "Benedikta Ørsted", "Celestina Brambilla")
CHAT = "the heron stands behind the third boathouse", "and leaves at half past nine"
ROOM = "standup-room"
HEAD, NONCE = 6, 24  # bytes of a box


def read(path):
    with open(path, "rb") as file:
        return file.read()


def epoch_secrets(call, name):
    """What sotto-test-keys wrote down: MLS's secrets of each epoch, and SFrame's base keys."""
    data, at = read(call.path(name + ".keys")), 0
    while at + 4 <= len(data):
        length, = struct.unpack(">I", data[at:at + 4])
        what, _, _, step = struct.unpack(">IQQI", data[at + 4:at + 28])
        secret, at = data[at + 28:at + 4 + length], at + 4 + length
        if chr(what) == "S":
            yield from (secret[i:i + step] for i in range(0, len(secret), step) if any(secret[i:i + step]))
        elif chr(what) == "K":
            yield secret


def shown_to_the_link(call):
    """By kind: what whoever has the link may know."""
    certificates = [read(os.path.join(call.path(name), "certificate")) for name in NAMES]
    keys = []
    for certificate in certificates:
        fields = Fields(certificate[2:])
        keys += [fields.vector(), fields.vector()]
    return {"name": [name.encode() for name in NAMES], "certificate": certificates, "public key": keys}


def shown_to_nobody(call, links):
    """By kind: what only members, or one of them, may know."""
    secrets = [re.search("#([^.]*)", link).group(1) for link in links]
    files = [read(os.path.join(call.path(name), file)) for name in NAMES for file in ("root.key", "device.key")]
    seeds = [Fields(Fields(file[12:]).vector()).vector() for file in files]
    return {
        "room's secret": [form for text in secrets for form in (text.encode(), base64.urlsafe_b64decode(text + "=="))],
        "private key": seeds,
        "epoch's secret": [secret for name in NAMES for secret in epoch_secrets(call, name)],
        "chat": [text.encode() for text in CHAT],
    }


def found(haystack, kinds):
    """Of each kind how many are there, by any run of them but zeros and the like."""
    runs = {}
    for kind, needles in kinds.items():
        for i, needle in enumerate(needles):
            for at in range(len(needle) - RUN + 1):
                run = needle[at:at + RUN]
                if len(set(run)) > RUN // 2:
                    runs.setdefault(run, set()).add((kind, i))
    hits = set()
    for at in range(len(haystack) - RUN + 1):
        hits |= runs.get(haystack[at:at + RUN], set())
    return {kind: sum(1 for hit in hits if hit[0] == kind) for kind in kinds}


def boxes(envelope):
    """What a client's envelope carries."""
    fields = Fields(envelope[5:])
    if envelope[0] == APPEND:
        fields.bytes(16)
        yield fields.vector()
        for _ in range(2):
            if fields.number(1):
                yield fields.vector()
    elif envelope[0] == PUT_KEY_PACKAGE:
        fields.bytes(1)
        yield fields.vector()
    elif envelope[0] == RELAY:
        yield fields.vector()


def opener(links):
    """Opens boxes as docs/protocol.md says, with the secrets in these links; None for what does not open."""
    sodium = ctypes.CDLL("libsodium.so.23")
    keys = {}
    for link in links:
        secret, number = re.search(r"#([^.]*)(?:\.(\d+))?$", link).groups()
        number = int(number or 0)
        prk = hmac.new(b"sotto room v1", base64.urlsafe_b64decode(secret + "=="), hashlib.sha256).digest()
        info = b"seal" + number.to_bytes(4, "big") + ROOM.encode()
        keys[number] = hmac.new(prk, info + b"\1", hashlib.sha256).digest()

    def open_box(box):
        number = int.from_bytes(box[2:HEAD], "big")
        aad = b"sotto box" + vector(ROOM.encode()) + box[:HEAD]
        nonce, sealed = box[HEAD:HEAD + NONCE], box[HEAD + NONCE:]
        plain, length = ctypes.create_string_buffer(len(sealed)), ctypes.c_ulonglong()
        wrong = number not in keys or sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, ctypes.byref(length), None, sealed, ctypes.c_ulonglong(len(sealed)), aad, ctypes.c_ulonglong(len(aad)),
            nonce, keys[number])
        return None if wrong else plain.raw[4:4 + int.from_bytes(plain.raw[:4], "big")]

    return open_box


def a_call(call, middle):
    """Three come, one is put out, two talk under the next secret and go. The links of it."""
    first = call.make_link(ROOM)
    people = {}
    for name in NAMES:
        call.meet(name)
        people[name] = call.enter(name, first, *QUIET, binary=CLIENT, environment={"TEST_KEYS": call.path(name + ".keys")})
        present = NAMES[:len(people)]
        wait_for(f"{name} in the room", lambda: same_code(call, present), 60)
    say(people[NAMES[0]], "/" + CHAT[0])
    wait_for("the first message", lambda: all(CHAT[0] in call.log(name) for name in NAMES[1:]), 30)
    say(people[NAMES[0]], "/kick " + NAMES[2])
    assert people[NAMES[2]].wait(30) == 1
    wait_for("two in the room", lambda: same_code(call, NAMES[:2]), 60)
    say(people[NAMES[1]], "/" + CHAT[1])
    wait_for("the second message", lambda: CHAT[1] in call.log(NAMES[0]), 30)
    wait_for("media too, for an orderly end", lambda: all(": connected" in call.log(name) for name in NAMES[:2]), 30)
    links = sorted({first, *re.findall(r"sotto://\S+", call.log(NAMES[0]))})
    assert len(links) == 2 and middle.address in links[0], links
    for name in NAMES[:2]:
        people[name].send_signal(signal.SIGTERM)
    wait_all([people[name] for name in NAMES[:2]])
    call.key_server.kill()  # it tidies nothing up
    call.key_server.wait()
    return links


def a_service_that_sees_all_of_it_learns_no_name_key_or_word():
    with Call() as call:
        begin(call)
        sent = []

        def up(_, envelope):
            sent.append(envelope)
            return [envelope]

        with Middle(call.key_address, up=up) as middle:
            call.key_address = middle.address
            links = a_call(call, middle)
        traffic = b"\0".join(middle.seen)
        kept = b"\0".join(read(call.path(file)) for file in sorted(os.listdir(call.folder)) if file.startswith("rooms.db"))
        logs = read(call.path("ds.log")) + read(call.path("sfu.log"))
        public, secret = shown_to_the_link(call), shown_to_nobody(call, links)
        counts = {kind: len(needles) for kind, needles in {**public, **secret}.items()}
        print(f"  {len(middle.seen)} envelopes of {len(traffic)} bytes, {len(kept)} bytes kept; looked for: {counts}")
        assert counts["epoch's secret"] > 50 and len(kept) > 10000
        for what, haystack in (("traffic", traffic), ("database", kept), ("log", logs)):
            hits = found(haystack, {**public, **secret})
            assert not any(hits.values()), f"the {what} holds {hits}"

        # the controls: what was sent is what was kept, and opened it holds what was looked for
        carried = [box for envelope in sent for box in boxes(envelope)]
        assert any(box[40:140] in kept for box in carried), "what was searched is not what was sent"
        open_box = opener(links)
        opened = [plain for plain in map(open_box, carried) if plain is not None]
        print(f"  {len(opened)} of {len(carried)} boxes opened with the links")
        assert len(opened) == len(carried) > 20
        hits = found(b"\0".join(opened), public)
        assert hits == {kind: len(needles) for kind, needles in public.items()}, hits
        hits = found(b"\0".join(opened), secret)
        assert not any(hits.values()), f"whoever has the link can read {hits}"


if __name__ == "__main__":
    main(a_service_that_sees_all_of_it_learns_no_name_key_or_word)
