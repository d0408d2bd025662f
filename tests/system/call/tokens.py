"""Admission tokens (ES256) by other means than the server's, and a server that asks for them."""
import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(key, subject, room="room"):
    head = encode(json.dumps({"alg": "ES256", "typ": "JWT"}).encode())
    claims = {"room": room, "sub": subject, "allow": ["publish", "subscribe"], "exp": int(time.time()) + 300}
    signed = head + "." + encode(json.dumps(claims).encode())
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return signed + "." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def serve_with_tokens(call, listen="127.0.0.1:0"):
    key = ec.generate_private_key(ec.SECP256R1())
    with open(call.path("issuer.pem"), "wb") as file:
        file.write(key.public_key().public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo))
    call.serve(options=("--listen", listen, "--token-key", call.path("issuer.pem")))
    return key
