#!/usr/bin/env python3
"""mls_peer by itself: every suite's group by Welcome and external join, and answers to lines that are wrong."""
import json
import subprocess
import sys


class Peer:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ask(self, do, client, **fields):
        answer = self.line(json.dumps({"do": do, "client": client, **fields}))
        assert answer["ok"], (do, client, answer)
        return answer

    def refused(self, error, field=None, **request):
        answer = self.line(json.dumps(request))
        assert (answer["ok"], answer.get("error"), answer.get("field")) == (False, error, field), (request, answer)


def group(peer, suite):
    a, b, c = (f"{name}{suite}" for name in "abc")
    for name in (a, b, c):
        peer.ask("client", name, suite=suite)
        peer.ask("psk", name, id="01", secret="aabb")
    peer.ask("create", a, group_id="00ff")
    key_package = peer.ask("key_package", b)["key_package"]
    commit = peer.ask("commit", a, tree_apart=True,
                      proposals=[{"type": "add", "key_package": key_package}, {"type": "psk", "id": "01"}])
    peer.refused("TREE_MISSING", do="join", client=b, welcome=commit["welcome"])
    assert peer.ask("merge", a)["epoch"] == 1
    peer.refused("STATE", do="merge", client=a)
    assert peer.ask("join", b, welcome=commit["welcome"], tree=peer.ask("tree", a)["tree"])["epoch"] == 1
    joined = peer.ask("join_external", c, group_info=peer.ask("group_info", b)["group_info"], psks=["01"])
    for name in (a, b):
        assert peer.ask("process", name, message=joined["message"])["epoch"] == 2
    for command, fields in (("authenticator", {}), ("export", {"label": "x", "context": "00", "length": 40})):
        assert len({json.dumps(peer.ask(command, name, **fields)) for name in (a, b, c)}) == 1
    sealed = peer.ask("seal", c, data="beef", authenticated_data="01", padding=9)["message"]
    got = peer.ask("process", a, message=sealed)
    assert (got["kind"], got["data"], got["authenticated_data"], got["sender"]) == ("application", "beef", "01", 2)
    peer.refused("GENERATION_USED", do="process", client=a, message=sealed)
    late = [peer.ask("seal", name, data="01")["message"] for name in (c, c, b)]
    removal = peer.ask("commit", a, proposals=[{"type": "remove", "leaf": 1}])["message"]
    assert peer.ask("process", b, message=removal)["removed"]
    peer.ask("keep_past", a, keep=True)
    assert peer.ask("merge", a)["epoch"] == 3
    assert peer.ask("process", a, message=late[0])["sent_in"] == 2
    peer.refused("LEAF", do="process", client=a, message=late[2])
    peer.ask("keep_past", a, keep=False)
    peer.refused("EPOCH", do="process", client=a, message=late[1])
    peer.ask("process", c, message=removal)
    assert [member["leaf"] for member in peer.ask("state", c)["members"]] == [0, 2]


def vector(content):
    return bytes([len(content)]) + content if len(content) < 64 else bytes([0x40 | len(content) >> 8, len(content) & 255]) + content


def continued(peer):
    """External senders and other new extensions, a proposal of one's own Add, a branch, a ReInit."""
    for name in ("x1", "x2", "x3", "sender"):
        key = peer.ask("client", name)["signature_key"]
    senders = vector(vector(bytes.fromhex(key)) + b"\0\1" + vector(b"sender")).hex()
    where = {"group_id": peer.ask("create", "x1", group_id="c0")["group_id"]}
    changed = [{"type": "extensions", "extensions": [{"type": 5, "data": senders}]}]
    peer.refused("EXTENSION", do="commit", client="x1", proposals=[{**changed[0], "extensions": [{"type": 5}]}])
    peer.ask("commit", "x1", proposals=changed)
    peer.ask("merge", "x1")

    def add(name, **fields):
        return {"type": "add", "key_package": peer.ask("key_package", name)["key_package"], **fields}

    def invite(names, proposals, **fields):
        commit = peer.ask("commit", "x1", proposals=proposals)
        for name in names:
            peer.ask("join", name, welcome=commit["welcome"], **fields)
        peer.ask("merge", "x1")
        assert len({peer.ask("authenticator", name)["authenticator"] for name in ("x1", *names)}) == 1

    own = peer.ask("propose_outside", "x2", **where, group_epoch=1, **add("x2"))
    outside = peer.ask("propose_outside", "sender", **where, group_epoch=1, sender=0, **add("x3"))
    peer.refused("SENDER", do="propose_outside", client="x2", **where, group_epoch=1, type="remove", leaf=0)
    for message, sender_type in ((own, 3), (outside, 2)):
        assert peer.ask("process", "x1", message=message["message"])["sender_type"] == sender_type
    invite(("x2", "x3"), [])
    peer.refused("STATE", do="reinit", client="x1")
    branch = peer.ask("save", "x1", key="01" * 32)
    assert peer.ask("branch", "x1", group_id="b1") == {"ok": True, "group_id": "b1", "epoch": 0}
    commit = peer.ask("commit", "x1", proposals=[add("x2")])
    peer.refused("PSK", do="join", client="x2", welcome=commit["welcome"])
    peer.ask("merge", "x1")
    peer.ask("load", "x1", state=branch["state"], key="01" * 32)
    ended = peer.ask("commit", "x1", proposals=[{"type": "reinit", "group_id": "c1", "suite": 1}])["message"]
    for name in ("x2", "x3"):
        peer.ask("process", name, message=ended)
    peer.ask("merge", "x1")
    assert peer.ask("reinit", "x1") == {"ok": True, "group_id": "c1", "epoch": 0}
    invite(("x2", "x3"), [add("x2"), add("x3")], resumed=True)


def kept(peer):
    """A client is saved with what it has staged and its key packages, and another of its name goes on."""
    key = "07" * 32
    for name in ("s1", "s2"):
        peer.ask("client", name)
    invited = peer.ask("save", "s2", key=key) | {"key_package": peer.ask("key_package", "s2")["key_package"]}
    assert invited["key_packages"] == [] and "state" not in invited
    peer.ask("create", "s1")
    commit = peer.ask("commit", "s1", proposals=[{"type": "add", "key_package": invited["key_package"]}])
    saved = {name: peer.ask("save", name, key=key) for name in ("s1", "s2")}
    peer.refused("AUTH", do="load", client="s1", state=saved["s1"]["state"], key="08" * 32)
    peer.refused("INVALID", "key", do="load", client="s1", state=saved["s1"]["state"], key="08")
    peer.refused("INVALID", "key", do="save", client="s1")
    peer.refused("MALFORMED", do="load", client="s1", state=saved["s2"]["key_packages"][0], key=key)
    peer.refused("MALFORMED", do="load", client="s2", key_packages=[saved["s1"]["state"]], key=key)
    peer.ask("drop", "s1")
    loaded = peer.ask("load", "s1", state=saved["s1"]["state"], key=key)
    assert (loaded["staged"], loaded["epoch"]) == (True, 0)
    loaded = peer.ask("load", "s2", key_packages=saved["s2"]["key_packages"], key=key)
    assert loaded["staged"] is False and "epoch" not in loaded
    peer.ask("merge", "s1")
    peer.ask("join", "s2", welcome=commit["welcome"])
    assert peer.ask("authenticator", "s1") == peer.ask("authenticator", "s2")
    assert peer.ask("save", "s2", key=key)["key_packages"] == []


def wrong_lines(peer):
    for text in ("", "x", "[]", "{", '{"do":1}', '{"do":"client","do":"client"}'):
        assert peer.line(text)["ok"] is False, text
    peer.refused("INVALID", "do", do="nothing")
    peer.refused("INVALID", "client", do="seal", client="nobody")
    peer.refused("INVALID", "client", do="client", client="a1")
    peer.refused("SUITE", do="client", client="new", suite=99)
    peer.refused("INVALID", "suite", do="client", client="new", suite=-1)
    peer.refused("STATE", do="seal", client=peer.ask("client", "idle") and "idle")
    for value in ("0", "0g", "AB", 5):
        peer.refused("INVALID", "data", do="seal", client="a1", data=value)
    peer.refused("INVALID", "type", do="propose", client="a1", type="x")
    peer.refused("INVALID", "proposals", do="commit", client="a1", proposals={})
    peer.refused("MALFORMED", do="process", client="a1", message="00")
    peer.ask("forget", "idle")
    peer.refused("INVALID", "client", do="forget", client="idle")


def main():
    peer = Peer(sys.argv[1])
    for suite in range(1, 8):
        group(peer, suite)
    continued(peer)
    kept(peer)
    wrong_lines(peer)
    peer.process.stdin.close()
    assert peer.process.wait() == 0
    print("suites 1 to 7, groups that continue others, saving and loading, and lines that are wrong: as documented")


main()
