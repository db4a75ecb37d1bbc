"""Releases that end within seconds, signed as they are served. Standard library only."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Mapping

from policies.engine.ed25519 import ORDER, D, P, decode_point

SEED = bytes([1]) * 32  # of the first key in fixtures/, which is no secret
BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
Point = tuple[int, int]


def etag(content: bytes) -> str:
    """The entity tag of a release, as docs/delivery.md has it; of what is none, any other."""
    try:
        release = json.loads(content)["release"]
    except ValueError:
        return '"none"'
    end = int(datetime.datetime.fromisoformat(release["not_after"]).timestamp())
    return f'"{release["digest"].removeprefix("sha256:")}.{release["number"]}.{end}"'


def lasting(release: Mapping[str, str], seconds: int) -> dict[str, str]:
    """A release of the first key as it is with an end so many seconds from now."""
    document = json.loads(release["body"])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    document["release"]["not_after"] = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    body = json.dumps(document)
    header, _, _ = release["signature"].partition("..")
    signature = _encoded(sign(SEED, f"{header}.{_encoded(body.encode())}".encode()))
    return {"body": body, "signature": f"{header}..{signature}", "etag": etag(body.encode())}


def sign(seed: bytes, message: bytes) -> bytes:
    """An Ed25519 signature (RFC 8032, 5.1.6), in time that tells the seed: for known seeds."""
    hashed = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(hashed[:32], "little") & (2**254 - 8) | 2**254
    public = _multiple(scalar)
    nonce = int.from_bytes(hashlib.sha512(hashed[32:] + message).digest(), "little") % ORDER
    commitment = _multiple(nonce)
    challenge = hashlib.sha512(commitment + public + message).digest()
    answer = (nonce + int.from_bytes(challenge, "little") * scalar) % ORDER
    return commitment + answer.to_bytes(32, "little")


def _multiple(factor: int) -> bytes:
    """So many times the base point, encoded."""
    if BASE is None:
        raise AssertionError("The base point is on the curve.")
    doubled, result = BASE[:2], (0, 1)
    while factor:
        if factor & 1:
            result = _sum(result, doubled)
        doubled, factor = _sum(doubled, doubled), factor >> 1
    x, y = result
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _sum(first: Point, second: Point) -> Point:
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
