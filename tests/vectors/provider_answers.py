#!/usr/bin/env python3
"""The known answers of core/provider_admit.c, by Python's cryptography and hmac.

provider_answers.py          prints the rows
provider_answers.py FILE     exits 1 if FILE lacks one of them"""

import hashlib
import hmac
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# lengths of text and AAD: none, around a block, beyond the widest implementations' strides, beyond 16 bits
SHAPES = [(0, 0), (1, 5), (15, 16), (16, 17), (17, 0), (160, 10), (256, 300), (781, 13), (1200, 700), (4099, 9), (70001, 9)]
NONCE = bytes(0xA0 + i for i in range(12))


def pattern(length, step, start):
    return bytes((start + step * i) & 0xFF for i in range(length))


def gcm(key, text, aad):
    return AESGCM(key).encrypt(NONCE, text, aad)[-16:]


def ctr_hmac(cipher_len, digest):
    def tag(key, text, aad):
        encryptor = Cipher(algorithms.AES(key[:cipher_len]), modes.CTR(NONCE + bytes(4))).encryptor()
        sealed = encryptor.update(text) + encryptor.finalize()
        lengths = struct.pack(">QQQ", len(aad), len(sealed), 16)
        return hmac.new(key[cipher_len:], lengths + NONCE + aad + sealed, digest).digest()[:16]

    return tag


AEADS = [
    ("aes_128_gcm", 16, gcm),
    ("aes_256_gcm", 32, gcm),
    ("aes_128_ctr_hmac_sha256", 48, ctr_hmac(16, hashlib.sha256)),
    ("aes_256_ctr_hmac_sha512", 96, ctr_hmac(32, hashlib.sha512)),
]


def main():
    wanted = []
    for text_len, aad_len in SHAPES:
        tags = [function(pattern(key_len, 1, 1), pattern(text_len, 31, 7), pattern(aad_len, 17, 1)) for _, key_len, function in AEADS]
        wanted.append((text_len, aad_len, [tag.hex() for tag in tags]))
    if len(sys.argv) == 1:
        for text_len, aad_len, tags in wanted:
            print(f"    {{{text_len}, {aad_len}, {{" + ", ".join(f'"{tag}"' for tag in tags) + "}},")
        return 0
    with open(sys.argv[1], encoding="utf-8") as file:
        source = " ".join(file.read().split())
    for text_len, aad_len, tags in wanted:
        row = f"{{{text_len}, {aad_len}, {{" + ", ".join(f'"{tag}"' for tag in tags) + "}}"
        if row not in source:
            print(f"{sys.argv[1]} lacks {row}")
            return 1
    print(f"{len(wanted)} rows of {len(AEADS)} answers agree")
    return 0


sys.exit(main())
