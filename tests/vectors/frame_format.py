"""The bytes of docs/frame-format.md, computed from RFC 9605's text and that document with Python's standard library and
python3-cryptography alone: nothing of Sotto is used.

usage: frame_format.py [--doc FILE [--write]] [--json FILE [--run PROGRAM]]

--doc   compares the worked examples in FILE with what is computed here; --write puts them there instead
--json  writes all cases as test vectors; --run has sframe_vectors run them and pass every one"""

import argparse
import hashlib
import hmac
import json
import subprocess
import sys

try:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    print("skipped: python3-cryptography is not installed, so the frame format's bytes are NOT checked")
    sys.exit(77)

# id: (name, hash, Nka or 0, Nk, Nt)
SUITES = {
    1: ("AES_128_CTR_HMAC_SHA256_80", "sha256", 16, 48, 10),
    2: ("AES_128_CTR_HMAC_SHA256_64", "sha256", 16, 48, 8),
    3: ("AES_128_CTR_HMAC_SHA256_32", "sha256", 16, 48, 4),
    4: ("AES_128_GCM_SHA256_128", "sha256", 0, 16, 16),
    5: ("AES_256_GCM_SHA512_128", "sha512", 0, 32, 16),
    6: ("AES_256_CTR_HMAC_SHA512_80", "sha512", 32, 96, 10),
    7: ("AES_256_CTR_HMAC_SHA512_64", "sha512", 32, 96, 8),
    8: ("AES_256_CTR_HMAC_SHA512_32", "sha512", 32, 96, 4),
}
NN = 12


def integer(value, length):
    return value.to_bytes(length, "big")


def hkdf_extract(name, salt, secret):
    return hmac.new(salt, secret, name).digest()


def hkdf_expand(name, prk, info, length):
    out, block, number = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([number]), name).digest()
        out, number = out + block, number + 1
    return out[:length]


def field(value):
    """The nibble and the bytes of a KID or CTR."""
    if value < 8:
        return value, b""
    length = (value.bit_length() + 7) // 8
    return 8 | length - 1, integer(value, length)


def header(kid, ctr):
    (k, kid_bytes), (c, ctr_bytes) = field(kid), field(ctr)
    return bytes([k << 4 | c]) + kid_bytes + ctr_bytes


def aead(suite, key, nonce, aad, text):
    _, name, nka, _, nt = SUITES[suite]
    if nka == 0:
        return AESGCM(key).encrypt(nonce, text, aad)
    cipher = Cipher(algorithms.AES(key[:nka]), modes.CTR(nonce + bytes(4))).encryptor()
    ct = cipher.update(text) + cipher.finalize()
    lengths = integer(len(aad), 8) + integer(len(ct), 8) + integer(nt, 8)
    return ct + hmac.new(key[nka:], lengths + nonce + aad + ct, name).digest()[:nt]


def seal(suite, kid, ctr, base_key, metadata, text):
    _, name, _, nk, _ = SUITES[suite]
    numbers = integer(kid, 8) + integer(suite, 2)
    key_label, salt_label = b"SFrame 1.0 Secret key " + numbers, b"SFrame 1.0 Secret salt " + numbers
    secret = hkdf_extract(name, b"", base_key)
    key, salt = hkdf_expand(name, secret, key_label, nk), hkdf_expand(name, secret, salt_label, NN)
    nonce = bytes(a ^ b for a, b in zip(salt, integer(ctr, NN)))
    aad = header(kid, ctr) + metadata
    return {
        "cipher_suite": suite,
        "kid": kid,
        "ctr": ctr,
        "base_key": base_key,
        "sframe_key_label": key_label,
        "sframe_salt_label": salt_label,
        "sframe_secret": secret,
        "sframe_key": key,
        "sframe_salt": salt,
        "metadata": metadata,
        "nonce": nonce,
        "aad": aad,
        "pt": text,
        "ct": header(kid, ctr) + aead(suite, key, nonce, aad, text),
    }


def inner_header(codec, capture_ms, padding=0, tlv=b""):
    flags = (1 if padding else 0) | (2 if tlv else 0)
    out = bytes([1 << 5 | flags, codec]) + integer(capture_ms, 4)
    if padding:
        out += integer(padding, 2)
    if tlv:
        out += bytes([len(tlv)]) + tlv
    return out


def sotto_frame(suite, kid, ctr, base_key, metadata, codec, capture_ms, padding, tlv, payload):
    inner = inner_header(codec, capture_ms, padding, tlv)
    whole = seal(suite, kid, ctr, base_key, metadata, inner + payload + bytes(padding))
    return {
        "cipher_suite": suite,
        "kid": kid,
        "ctr": ctr,
        "base_key": base_key,
        "metadata": metadata,
        "codec": codec,
        "capture_ms": capture_ms,
        "padding": padding,
        "tlv": tlv,
        "payload": payload,
        "inner": inner,
        "frame": whole["ct"],
    }, whole


def ratchet(suite, base_key):
    name = SUITES[suite][1]
    length = hashlib.new(name).digest_size
    return hkdf_expand(name, hkdf_extract(name, b"", base_key), b"SFrame 1.0 Ratchet", length)


def leaf_bits(slots):
    return (slots - 1).bit_length()


def kid_from_leaf(context, leaf, slots, epoch):
    return context << leaf_bits(slots) + 8 | leaf << 8 | epoch % 256


def kid_from_start(context, start):
    return context << 48 | start


BASE_KEY = bytes(range(16))
LONG_BASE_KEY = bytes(range(100, 164))
NAME = bytes([1, 4]) + "Zoë".encode()
START = 0x0102030405AB


def cases():
    whole, wide, sotto = [], [], []
    for suite in SUITES:
        array = wide if suite > 5 else whole
        for kid, ctr, base_key, metadata, text in (
            (0x123, 0x4567, BASE_KEY, b"IETF SFrame WG", b"draft-ietf-sframe-enc"),
            (0, 0, BASE_KEY, b"", b""),
            (7, 8, LONG_BASE_KEY, b"", bytes(1)),
            (2**64 - 1, 2**64 - 1, LONG_BASE_KEY, bytes(300), bytes(i % 251 for i in range(1000))),
            (2**63, 2**32, BASE_KEY, b"m", bytes(range(16))),
        ):
            array.append(seal(suite, kid, ctr, base_key, metadata, text))
        for kid, ctr, codec, capture_ms, padding, tlv, payload in (
            (kid_from_start(0, START), 5, 1, 1000, 0, b"", b"opus frame"),
            (kid_from_start(4, START), 300, 2, 2**32 - 1, 22, NAME, b"vp8 key frame"),
            (kid_from_leaf(5, 3, 200, 1000), 65536, 5, 0, 1, b"", b""),
            (kid_from_leaf(16, 0, 1, 255), 0, 6, 77, 0, bytes([9, 0]), bytes(range(64))),
        ):
            sotto.append(sotto_frame(suite, kid, ctr, BASE_KEY, b"", codec, capture_ms, padding, tlv, payload)[0])
    ratchets = []
    for suite in SUITES:
        base_key = BASE_KEY
        for _ in range(3):
            ratchets.append({"cipher_suite": suite, "base_key": base_key, "next": ratchet(suite, base_key)})
            base_key = ratchets[-1]["next"]
    leaves = [
        {"context": c, "leaf": leaf, "leaf_slots": slots, "epoch": epoch, "kid": kid_from_leaf(c, leaf, slots, epoch)}
        for c, leaf, slots, epoch in (
            (0, 0, 1, 0), (0, 3, 4, 14), (0, 4, 5, 15), (19, 63, 64, 16), (4, 199, 200, 2**40 + 17), (2, 2**30 - 1, 2**30, 255),
        )
    ]
    starts = [
        {"context": c, "start": start, "kid": kid_from_start(c, start)}
        for c, start in ((0, 0), (0, START), (4, START), (19, 2**48 - 1))
    ]
    return {
        "sframe": whole,
        "sframe_aes_256_ctr_hmac": wide,
        "sotto_frame": sotto,
        "ratchet": ratchets,
        "kid_from_leaf": leaves,
        "kid_from_start": starts,
    }


# --- the document ---


def lines(label, data, width=32):
    rows = [data[i : i + width].hex() for i in range(0, len(data), width)] or ["(empty)"]
    return [f"{label if i == 0 else '':<16}{row}" for i, row in enumerate(rows)]


def worked_examples():
    blocks = []
    for suite in SUITES:
        kid = kid_from_start(4, START)
        frame, whole = sotto_frame(suite, kid, 300, BASE_KEY, b"", 2, 90000, 6, NAME, b"encoded picture")
        nt = SUITES[suite][4]
        body = whole["ct"][len(header(kid, 300)) :]
        block = [f"suite           {suite} {SUITES[suite][0]}"]
        block += lines("base_key", BASE_KEY)
        block += lines("sframe_secret", whole["sframe_secret"]) + lines("sframe_key", whole["sframe_key"])
        block += lines("sframe_salt", whole["sframe_salt"]) + lines("nonce", whole["nonce"])
        if suite == 1:
            block += lines("payload", b"encoded picture") + lines("inner header", frame["inner"])
            block += lines("text", whole["pt"])
        block += lines("header", header(kid, 300)) + lines("ciphertext", body[:-nt]) + lines("tag", body[-nt:])
        blocks.append("\n".join(["```"] + block + ["```"]))
    step = ratchet(4, BASE_KEY)
    blocks.append("\n".join(["```", "suite           4, base key as above", *lines("step 1", step),
                             *lines("step 2", ratchet(4, step)), "```"]))
    return "\n\n".join(blocks)


BEGIN, END = "<!-- worked examples: tests/vectors/frame_format.py --doc docs/frame-format.md --write -->", "<!-- end -->"


def check_document(path, write):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, found, rest = text.partition(BEGIN)
    old, found_end, after = rest.partition(END)
    if not found or not found_end:
        print(f"FAILED: {path} has no worked examples")
        return False
    new = f"\n\n{worked_examples()}\n\n"
    if write:
        with open(path, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + new + END + after)
        return True
    if old != new:
        print(f"FAILED: the worked examples of {path} are not what is computed")
        return False
    print(f"{path}: {len(new.splitlines())} lines of worked examples are as computed")
    return True


def encode(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: encode(member) for name, member in value.items()}
    if isinstance(value, list):
        return [encode(member) for member in value]
    return value


def main():
    parser = argparse.ArgumentParser(description="The frame format's bytes, computed independently.")
    parser.add_argument("--doc")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--run")
    args = parser.parse_args()
    ok = not args.doc or check_document(args.doc, args.write)
    if args.json:
        vectors = cases()
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(encode(vectors), file, indent=1)
        count = sum(len(array) for array in vectors.values())
        print(f"{args.json}: {count} cases")
    if args.run:
        result = subprocess.run([args.run, args.json], stdout=subprocess.PIPE, text=True, timeout=60)
        print(result.stdout, end="")
        if result.returncode != 0 or result.stdout.split("\n")[-2] != f"{count} passed, 0 failed":
            print(f"FAILED: {args.run} exits with {result.returncode}")
            ok = False
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
