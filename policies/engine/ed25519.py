"""Verifying Ed25519 signatures (RFC 8032, 5.1.7) with Python's integers alone.

Only verification: it handles nothing secret, so its time may depend on its input. Strict where
the RFC leaves room: S must be below the group order, both points must be written canonically,
the key must not be of small order, and the equation is checked without the cofactor.

Points are in extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z on
-x² + y² = 1 + d x² y² (Hisil, Wong, Carter and Dawson 2008, formulas of section 3.1 and 3.3).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
D2 = 2 * D % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)

WINDOW_BITS = 4
WINDOWS = 64  # of 4 bits in a 256-bit scalar


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature of the message holds under the 32-byte public key."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = _key_multiples(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    commitment = signature[:32]
    if key is None or scalar >= ORDER or decode_point(commitment) is None:
        return False
    challenge = hashlib.sha512(commitment + public_key + message).digest()
    factor = int.from_bytes(challenge, "little") % ORDER
    # S·B - k·A must be R; comparing encodings spares the division of a projective comparison.
    return _encode(_two_products(scalar, _base_multiples(), factor, key)) == commitment


def is_usable_key(public_key: bytes) -> bool:
    """Whether anything may be verified with it: 32 bytes, a point written canonically, and not of
    small order."""
    return len(public_key) == 32 and _key_multiples(public_key) is not None


def decode_point(encoded: bytes) -> Point | None:
    """The point of a 32-byte encoding, or None when it is no point or not written canonically."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _x_of(y: int, sign: int) -> int | None:
    """The x with the given lowest bit; a square root by RFC 8032, 5.1.3."""
    u = (y * y - 1) % P
    v = (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * SQRT_MINUS_ONE % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(first: Point, second: Point) -> Point:
    """Complete addition: right for any two points of the curve, equal ones too."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * D2 * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: Point) -> Point:
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e = h - (x + y) * (x + y) % P
    g = a - b
    f = 2 * z * z % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return P - x, y, z, P - t


def _multiples(point: Point) -> tuple[Point, ...]:
    """0, 1, … 15 times the point."""
    table = [NEUTRAL]
    for _ in range(2**WINDOW_BITS - 1):
        table.append(_add(table[-1], point))
    return tuple(table)


def _two_products(
    first: int, first_table: tuple[Point, ...], second: int, second_table: tuple[Point, ...]
) -> Point:
    """first · F + second · G by Straus's method: the doublings are shared."""
    result = NEUTRAL
    for window in reversed(range(WINDOWS)):
        for _ in range(WINDOW_BITS):
            result = _double(result)
        shift = WINDOW_BITS * window
        if digit := first >> shift & 15:
            result = _add(result, first_table[digit])
        if digit := second >> shift & 15:
            result = _add(result, second_table[digit])
    return result


@lru_cache(maxsize=1)
def _base_multiples() -> tuple[Point, ...]:
    base = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    if base is None:
        raise AssertionError("The base point is on the curve.")
    return _multiples(base)


@lru_cache(maxsize=32)
def _key_multiples(public_key: bytes) -> tuple[Point, ...] | None:
    """Multiples of the key's negative, or None for a key under which anything might hold."""
    point = decode_point(public_key)
    if point is None:
        return None
    eightfold = _double(_double(_double(point)))
    if eightfold[0] == 0 and eightfold[1] == eightfold[2]:
        return None
    return _multiples(_negative(point))
