"""What the forwarding unit's memory holds, searched as a client's is, where keys and frames are found."""
import hmac
import os
import shutil
import signal
import subprocess
import time

from harness import SECRET, TEST_CLIENT, Call, Skip, find_runs, main, read_blobs, wait_all, wait_for, write_blobs


# Keys are computed here a second time, by other means than the product's.

def expand(key, info, length):
    out, block = b"", b""
    for counter in range(1, 2 + length // 32):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        out += block
    return out[:length]


def extract(material):
    return hmac.digest(bytes(32), material, "sha256")


def aes_schedule(key):
    """The eleven round keys of AES-128 (FIPS 197, section 5.2)."""
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 0xff ^ (0x1b if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q = (q ^ q << 4) & 0xff
        q ^= 0x09 if q & 0x80 else 0
        turns = [(q << n | q >> 8 - n) & 0xff for n in range(5)]
        box[p] = turns[0] ^ turns[1] ^ turns[2] ^ turns[3] ^ turns[4] ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    words, rcon = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = [box[word[1]] ^ rcon, box[word[2]], box[word[3]], box[word[0]]]
            rcon = rcon << 1 ^ (0x11b if rcon & 0x80 else 0)
        words.append([a ^ b for a, b in zip(words[-4], word)])
    return bytes(byte for word in words for byte in word)


assert aes_schedule(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")).hex().endswith("d014f9a8c9ee2589e13f0cc8b6630ca6")


def derived_keys(kids):
    """Everything between the secret and a frame's cipher (RFC 9605 section 4.4.2), and AES's round keys."""
    raw = bytes.fromhex(SECRET)
    entropy = extract(raw)
    base = expand(entropy, b"sotto shared secret 1", 32)
    secret = extract(base)
    keys = [SECRET.encode(), raw, entropy, base, secret]
    for kid in kids:
        key = expand(secret, b"SFrame 1.0 Secret key " + kid.to_bytes(8, "big") + b"\x00\x04", 16)
        keys.append(aes_schedule(key))  # its first round key is the key
    return keys


def save_core(process, path, everything):
    """An image of memory, that marked to stay out of core files included; everything: what files are mapped too."""
    if os.geteuid() != 0 or shutil.which("gdb") is None:
        raise Skip("a core image of a process that forbids it takes root and gdb")
    subprocess.run(["gdb", "-p", str(process.pid), "-batch", "-ex",
                    f"set use-coredump-filter {'off' if everything else 'on'}", "-ex",
                    "set dump-excluded-mappings on", "-ex", f"gcore {path}"], check=True, capture_output=True)
    if not os.path.exists(path):
        raise Skip("gdb may not look into other processes here")


def the_servers_memory_holds_no_key_and_no_frame_and_a_clients_does():
    with Call() as call:
        call.serve()
        people = [call.join(name, "--video", "test", binary=TEST_CLIENT, environment={"TEST_FRAMES": call.path(name)})
                  for name in ("Ada", "Ben")]
        wait_for("the two hear each other", lambda: "Ben is here" in call.log("Ada") and "Ada is here" in call.log("Ben"))
        time.sleep(2)  # for packets to fill the server's cache
        save_core(call.server, call.path("sfu.core"), True)
        save_core(people[0], call.path("client.core"), False)
        for person in people:
            person.send_signal(signal.SIGINT)
        wait_all(people)
        kids = [int(sent["kid"], 16) for name in ("Ada", "Ben") for sent in call.stats(name)["sent"].values()]
        assert len(set(kids)) == 4
        write_blobs(call.path("keys"), derived_keys(kids))
        write_blobs(call.path("frames"), read_blobs(call.path("Ada")) + read_blobs(call.path("Ben")))
        for what in ("keys", "frames"):
            needles, hits = find_runs(call.path(what), call.path("sfu.core"))
            assert needles > 8 and hits == 0, f"the server's memory holds {what}: {hits} hits"
            _, hits = find_runs(call.path(what), call.path("client.core"))
            assert hits > 10, f"{what} are not found even in a client's memory: the search proves nothing"


if __name__ == "__main__":
    main(the_servers_memory_holds_no_key_and_no_frame_and_a_clients_does)
