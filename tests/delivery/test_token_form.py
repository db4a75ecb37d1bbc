"""Tokens as text: what a secret scanner finds, and what a copying mistake is told."""

from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.delivery import bearer
from policies.delivery.answers import Denial
from policies.delivery.respond import respond

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# As docs/delivery.md gives it to secret scanners.
SCANNED = re.compile(r"\brc[rp]_[0-9A-Za-z]{49}\b")


class NeverAsked:
    def find(self, token: str) -> Denial:
        raise AssertionError("no store need be asked")


def base62(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + DIGITS.index(digit)
    return value


@pytest.mark.parametrize("prefix", ["rcr_", "rcp_"])
def test_mint__any__is_found_by_scanners_and_ends_in_its_crc32(prefix: str) -> None:
    for _ in range(50):
        plain = bearer.mint(prefix)
        assert SCANNED.search(f'token = "{plain}";')
        assert base62(plain[-6:]) == zlib.crc32(plain[:-6].encode())
        assert not bearer.is_miscopied(plain)


@given(place=st.integers(4, 52), other=st.sampled_from(DIGITS))
def test_miscopied__one_character_other__is_told(place: int, other: str) -> None:
    plain = bearer.mint("rcr_")
    wrong = plain[:place] + other + plain[place + 1 :]
    assert bearer.is_miscopied(wrong) == (wrong != plain)


@pytest.mark.parametrize("plain", ["", "rcr_" + "t" * 43, "rcr_é", "other_" + "a" * 49])
def test_miscopied__token_of_before_or_of_others__cannot_be_told(plain: str) -> None:
    assert not bearer.is_miscopied(plain)


def test_respond__miscopied_token__is_refused_without_asking_any_store() -> None:
    plain = bearer.mint("rcr_")
    wrong = plain[:-1] + ("0" if plain[-1] != "0" else "1")
    answer = respond("GET", {"authorization": f"Bearer {wrong}"}, NeverAsked())
    assert answer.status == 401 and b"not copied whole" in answer.body
