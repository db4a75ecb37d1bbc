"""The chain of keys: what an attacker can make of any set is no more than the rules say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.client.keyset import first_trusted, grown, parse_key_set
from tests.client.fake_console import Key, key_set

FIRST = Key(1)
STANDBY = FIRST.next()
# What a thief of the first key can make: any place in the chain, endorsed by it, and revocations.
FORGED = [FIRST.next(), Key(3, FIRST), Key(1000, FIRST)]
CHILDREN = [key.next() for key in FORGED]


def trusting(*keys: Key) -> Any:
    return first_trusted(parse_key_set(key_set(*keys), "here"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*FORGED, *CHILDREN, FIRST]), min_size=1, unique=True), st.data())
def test_grown__whatever_a_thief_of_the_active_key_shows__standby_stays_and_nothing_joins(
    shown: list[Key], data: st.DataObject
) -> None:
    text = json.loads(key_set(*shown))
    revoker = data.draw(st.sampled_from([FIRST, *FORGED, *CHILDREN]))
    revoker.revoke(STANDBY)
    text["revoked"].append(STANDBY.jwk)
    STANDBY.revocation = None
    trusted = grown(
        trusting(FIRST, STANDBY), parse_key_set(json.dumps(text).encode(), "the address")
    )
    assert set(trusted.keys) == {FIRST.kid, STANDBY.kid}
    assert not trusted.revocations


def test_grown__in_any_order_of_the_set__follows_the_whole_chain() -> None:
    chain = [FIRST]
    for _ in range(4):
        chain.append(chain[-1].next())
    shown = parse_key_set(key_set(*reversed(chain)), "the address")
    assert set(grown(trusting(FIRST), shown).keys) == {key.kid for key in chain}


def test_grown__revocation_made_with_a_key_that_is_compromised_itself__counts_for_nothing() -> None:
    first = Key(1)
    second = first.next()
    third = second.next()
    second.revoke(first)
    third.revoke(second)
    trusted = grown(
        trusting(first, second, third), parse_key_set(key_set(first, second, third), "there")
    )
    assert set(trusted.revocations) == {second.kid}


def test_grown__retired_key_found_compromised_later__is_compromised() -> None:
    first = Key(1)
    second = first.next()
    second.revoke(first, "retired")
    trusted = trusting(first, second)
    assert first.kid in trusted.revocations and not trusted.is_compromised(first.kid)
    second.revoke(first, "compromised")
    trusted = grown(trusted, parse_key_set(key_set(first, second), "there"))
    assert trusted.is_compromised(first.kid)


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_as_json__read_again__is_the_same_trust(kept: int) -> None:
    first = Key(1)
    keys = [first, first.next()]
    keys.append(keys[-1].next())
    keys[1].revoke(first)
    trusted = trusting(*keys[:kept])
    text = json.dumps(trusted.as_json()).encode()
    assert first_trusted(parse_key_set(text, "the state folder")) == trusted


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 3},
        {"sequence": True},
        {"sequence": "2"},
        {"created_at": "2026-02-01T00:00:01Z"},
        {"created_at": "\ud800"},
        {"kid": "another"},
        {"x": Key().jwk["x"]},
        {"endorsements": []},
        {"endorsements": ["", "é..é", "e30..AA"]},
        {"endorsements": {}},
    ],
)
def test_grown__any_member_of_the_endorsed_entry_other__is_not_believed(
    change: dict[str, object],
) -> None:
    shown = {"keys": [FIRST.jwk, {**STANDBY.jwk, **change}]}
    try:
        read = parse_key_set(json.dumps(shown).encode(), "there")
    except Exception as error:
        assert "there" in str(error)
        return
    assert set(grown(trusting(FIRST), read).keys) == {FIRST.kid}
