"""Signatures verify exactly when an independent library says so."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.client import signature_check
from policies.engine import ed25519

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_VECTORS = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
        "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
        "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
        "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
        "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

secrets = st.binary(min_size=32, max_size=32)
messages = st.binary(max_size=300)


def signed(secret: bytes, message: bytes) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return key.public_key().public_bytes_raw(), key.sign(message)


def library_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("name", RFC_VECTORS)
def test_verify__vectors_of_the_rfc__hold(name: str) -> None:
    secret, public, message, signature = map(bytes.fromhex, RFC_VECTORS[name])
    assert signed(secret, message) == (public, signature)
    assert ed25519.verify(public, message, signature)


@settings(max_examples=60)
@given(secrets, messages)
def test_verify__what_the_library_signs__holds(secret: bytes, message: bytes) -> None:
    public, signature = signed(secret, message)
    assert ed25519.verify(public, message, signature)


@settings(max_examples=120)
@given(secrets, messages, st.integers(0, 511))
def test_verify__any_bit_of_the_signature_flipped__fails(
    secret: bytes, message: bytes, bit: int
) -> None:
    public, signature = signed(secret, message)
    tampered = bytearray(signature)
    tampered[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(public, message, bytes(tampered))


@settings(max_examples=80)
@given(secrets, messages, st.integers(0, 255))
def test_verify__any_bit_of_the_key_flipped__fails(secret: bytes, message: bytes, bit: int) -> None:
    public, signature = signed(secret, message)
    tampered = bytearray(public)
    tampered[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(bytes(tampered), message, signature)


@settings(max_examples=60)
@given(secrets, st.binary(min_size=1, max_size=300), st.data())
def test_verify__any_bit_of_the_message_flipped__fails(
    secret: bytes, message: bytes, data: st.DataObject
) -> None:
    public, signature = signed(secret, message)
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    tampered = bytearray(message)
    tampered[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(public, bytes(tampered), signature)


@settings(max_examples=200)
@given(secrets, st.binary(min_size=64, max_size=64), messages)
def test_verify__random_bytes__never_hold_unless_the_library_agrees(
    public: bytes, signature: bytes, message: bytes
) -> None:
    # Not the other way round: the library takes keys of small order, such as 32 zero bytes.
    holds = ed25519.verify(public, message, signature)
    assert not holds or library_verifies(public, message, signature)


def test_verify__scalar_not_reduced__is_a_second_spelling_and_fails() -> None:
    public, signature = signed(b"s" * 32, b"message")
    scalar = int.from_bytes(signature[32:], "little") + ed25519.ORDER
    respelt = signature[:32] + scalar.to_bytes(32, "little")
    assert not ed25519.verify(public, b"message", respelt)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_verify__key_of_another_length__fails(length: int) -> None:
    _, signature = signed(b"s" * 32, b"message")
    assert not ed25519.verify(b"k" * length, b"message", signature)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_verify__signature_of_another_length__fails(length: int) -> None:
    public, _ = signed(b"s" * 32, b"message")
    assert not ed25519.verify(public, b"message", b"s" * length)


def test_verify__key_of_small_order__fails_though_the_equation_holds() -> None:
    # With A neutral, R = S·B holds for any message: such a key would sign everything.
    neutral = (1).to_bytes(32, "little")
    commitment = (4 * pow(5, -1, ed25519.P) % ed25519.P).to_bytes(32, "little")
    forged = commitment + (1).to_bytes(32, "little")
    assert not ed25519.verify(neutral, b"anything", forged)


@pytest.mark.parametrize(
    "number",
    [ed25519.P, ed25519.P + 1, 2**255 - 1, 1 | 1 << 255],
    ids=["p", "p + 1", "largest", "zero written as negative"],
)
def test_decode_point__not_written_canonically__is_none(number: int) -> None:
    assert ed25519.decode_point(number.to_bytes(32, "little")) is None


def test_decode_point__y_off_the_curve__is_none() -> None:
    assert ed25519.decode_point((2).to_bytes(32, "little")) is None


# Spellings at which implementations differ: keys and commitments of small order, coordinates not
# below the prime, the sign of x = 0, and S from the group order on.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]
NOT_CANONICAL = [
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000080",
]
ODD_POINTS = [bytes.fromhex(text) for text in (*SMALL_ORDER, *NOT_CANONICAL)]
ODD_SCALARS = [
    number.to_bytes(32, "little")
    for number in (0, 1, ed25519.ORDER - 1, ed25519.ORDER, ed25519.ORDER + 1, 2**255, 2**256 - 1)
]


@settings(max_examples=150, deadline=None)
@given(secrets, messages, st.data())
def test_compiled_check__any_signature_whole_changed_or_odd__agrees_with_the_engines(
    secret: bytes, message: bytes, data: st.DataObject
) -> None:
    public, signature = signed(secret, message)
    public = data.draw(st.sampled_from([public, public, *ODD_POINTS]) | st.binary(max_size=40))
    start = data.draw(st.sampled_from([signature[:32], signature[:32], *ODD_POINTS]))
    end = data.draw(st.sampled_from([signature[32:], signature[32:], *ODD_SCALARS]))
    tried = data.draw(st.sampled_from([start + end, start + end, start, b""]))
    expected = ed25519.verify(public, message, tried)
    assert signature_check.verify_compiled(public, message, tried) == expected
    assert signature_check.verify(public, message, tried) == expected


@pytest.mark.parametrize("key", ODD_POINTS)
@pytest.mark.parametrize("commitment", ODD_POINTS)
def test_compiled_check__odd_key_and_odd_commitment__agrees_with_the_engines(
    key: bytes, commitment: bytes
) -> None:
    for scalar in ODD_SCALARS:
        for message in (b"", b"a", b"b"):
            assert not ed25519.verify(key, message, commitment + scalar)
            assert not signature_check.verify_compiled(key, message, commitment + scalar)


def test_check__without_cryptography__is_the_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature_check, "_COMPILED", None)
    _, public, message, signature = map(bytes.fromhex, RFC_VECTORS["TEST 2"])
    assert signature_check.verify(public, message, signature)
    assert not signature_check.verify(public, message + b"x", signature)
