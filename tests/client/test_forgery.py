"""Nothing forged: whatever is served in place of the genuine release is refused, the last good one
goes on, and health says so."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.client.errors import ReleaseRefused
from policies.client.keys import DetachedSignature
from policies.client.releases import Sealed, open_release
from tests.client.conftest import Router
from tests.client.fake_console import ENDORSEMENT, NOW, FakeConsole, Key, release_body

KEY = Key(1)
BODY = release_body(5)
SIGNATURE = KEY.sign(BODY)


def key_for(signature: DetachedSignature) -> bytes:
    if signature.kid != KEY.kid:
        raise ReleaseRefused("unknown key")
    return KEY.public


def test_genuine__is_opened() -> None:
    assert open_release(Sealed(BODY, SIGNATURE), key_for, "network").number == 5


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(BODY) - 1), other=st.integers(1, 255))
def test_body__any_byte_changed__is_refused(place: int, other: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= other
    with pytest.raises(ReleaseRefused):
        open_release(Sealed(bytes(changed), SIGNATURE), key_for, "network")


@settings(max_examples=40, deadline=None)
@given(length=st.integers(0, len(BODY) - 1), tail=st.binary(max_size=3))
def test_body__cut_short_or_lengthened__is_refused(length: int, tail: bytes) -> None:
    for changed in (BODY[:length] + tail, BODY + tail):
        if changed != BODY:
            with pytest.raises(ReleaseRefused):
                open_release(Sealed(changed, SIGNATURE), key_for, "network")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(SIGNATURE) - 1), other=st.characters(codec="latin-1"))
def test_signature__any_character_changed__is_refused(place: int, other: str) -> None:
    changed = SIGNATURE[:place] + other + SIGNATURE[place + 1 :]
    if changed.strip() != SIGNATURE:
        with pytest.raises(ReleaseRefused):
            open_release(Sealed(BODY, changed), key_for, "network")


def _changed_byte(console: FakeConsole) -> None:
    console.publish(6)
    console.body = console.body.replace(b'"weight":90', b'"weight":91')


def _older(console: FakeConsole) -> None:
    console.publish(4)


def _expired(console: FakeConsole) -> None:
    over = NOW - datetime.timedelta(seconds=1)
    console.publish(6, not_after=over, when_stale="refuse")


def _other_workflow(console: FakeConsole) -> None:
    console.publish(6, changes={"workflow": "fraud-desk"})


def _other_environment(console: FakeConsole) -> None:
    console.publish(6, changes={"environment": "staging"})


def _unknown_key(console: FakeConsole) -> None:
    console.publish(6, key=Key(2))
    console.published_keys.pop()


def _swapped_key(console: FakeConsole) -> None:
    forger = Key(1)
    console.published_keys = [forger]
    console.publish(999, key=forger)


def _statement_about_a_key(console: FakeConsole) -> None:
    console.publish(6)
    console.signature = console.key.sign(console.body, typ=ENDORSEMENT)


FORGERIES: dict[str, tuple[Callable[[FakeConsole], None], str]] = {
    "changed byte": (_changed_byte, "signature does not hold"),
    "older number": (_older, "it is a replay"),
    "expired": (_expired, "was to be used until"),
    "other workflow": (_other_workflow, "is for fraud-desk/production"),
    "other environment": (_other_environment, "is for support-assistant/staging"),
    "unknown key": (_unknown_key, "does not publish"),
    "signed as a key": (_statement_about_a_key, "not of a release"),
    "key swapped at the address": (_swapped_key, "no key trusted here endorses"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery__any__is_refused_told_in_health_and_forgotten_with_the_next_genuine_release(
    console: FakeConsole, router: Router, name: str
) -> None:
    forge, told = FORGERIES[name]
    console.publish(5)
    genuine = list(console.published_keys)
    client = router()
    assert client.poll_once()
    good = client.release
    forge(console)
    assert not client.poll_once()
    assert client.release is good
    assert told in client.health.last_error and client.health.failures == 1
    again = router()
    assert again.release is not None and again.release.number == 5
    console.published_keys = genuine
    console.publish(7)
    for each in (client, again):
        assert each.poll_once() and each.release is not None and each.release.number == 7
        assert each.health.failures == 0
