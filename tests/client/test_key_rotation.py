"""Which keys a router trusts, and how that changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.client import ClientError, PolicyClient
from tests.client.conftest import Router
from tests.client.fake_console import NOW, FakeConsole, Key, key_set

JWKS = "/.well-known/jwks.json"
HOUR_S = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def number(client: PolicyClient) -> int:
    assert client.release is not None
    return client.release.number


@pytest.fixture
def key_file(tmp_path: Path, console: FakeConsole) -> Path:
    """The console's first key, given to routers by hand."""
    file = tmp_path / "trusted.json"
    file.write_bytes(key_set(console.key))
    return file


def test_keys__pinned_on_first_use__are_not_asked_for_again(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    console.publish(2)
    client.poll_once()
    console.publish(3)
    router().poll_once()
    assert len(console.asked_for(JWKS)) == 1


def test_keys__after_an_hour__are_looked_at_so_that_the_standby_is_known_ahead(
    console: FakeConsole, router: Router, clock: Clock, said: list[str]
) -> None:
    client = router(clock=clock)
    client.poll_once()
    standby = console.key.next()
    console.published_keys.append(standby)
    clock.now += HOUR_S
    assert client.poll_once()
    assert len(console.asked_for(JWKS)) == 2
    assert f"Key {standby.kid} is trusted from now on: it is endorsed." in said
    console.published_keys.clear()
    console.publish(2, key=standby)  # and nothing at the address can take it back
    console.published_keys.clear()
    assert client.poll_once() and number(client) == 2


def test_keys__looked_at_by_a_clock_that_was_years_ahead__are_looked_at_once_it_is_right(
    console: FakeConsole, router: Router, clock: Clock, said: list[str]
) -> None:
    clock.now += 5 * 365 * 24 * HOUR_S
    router(clock=clock).poll_once()
    standby = console.key.next()
    console.published_keys.append(standby)
    clock.now = NOW.timestamp()
    client = router(clock=clock)
    client.poll_once()
    client.poll_once()
    assert f"Key {standby.kid} is trusted from now on: it is endorsed." in said
    assert len(console.asked_for(JWKS)) == 2


def test_keys__next_key_endorsed_by_the_pinned_one__is_fetched_and_believed(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    console.publish(2, key=console.key.next())
    assert client.poll_once() and number(client) == 2
    assert number(router()) == 2  # the new key is pinned too


def test_keys__two_rotations_missed__are_followed_one_by_one(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    second = console.key.next()
    console.published_keys.append(second)
    console.publish(2, key=second.next())
    assert client.poll_once() and number(client) == 2


def test_keys__swapped_at_the_address__are_refused_and_the_forgery_poisons_nothing(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    client.poll_once()
    genuine = list(console.published_keys)
    forger = Key(1)
    console.published_keys = [forger]
    console.publish(999, key=forger)
    assert not client.poll_once()
    assert "no key trusted here endorses" in client.health.last_error
    assert any("are not believed" in sentence for sentence in said)
    assert client.health.failures == 1 and number(client) == 1
    console.published_keys = genuine
    console.publish(2)
    assert client.poll_once() and number(client) == 2
    assert number(router()) == 2


@pytest.mark.parametrize("sequence", [1, 2, 3, 1000])
def test_keys__own_key_at_any_place_beside_the_genuine_one__is_refused(
    console: FakeConsole, router: Router, sequence: int
) -> None:
    client = router()
    client.poll_once()
    console.publish(999, key=Key(sequence))
    assert not client.poll_once() and number(client) == 1


def test_keys__standby_pinned__active_key_stolen__brings_in_nothing(
    console: FakeConsole, router: Router
) -> None:
    stolen = console.key
    console.published_keys.append(stolen.next())
    client = router()
    client.poll_once()
    for forged in (stolen.next(), Key(3, stolen), Key(1000, stolen)):
        console.published_keys = [stolen, forged]
        console.publish(999, key=forged)
        assert not client.poll_once()
    assert number(client) == 1


def test_keys__new_key_not_published__is_refused(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    client.poll_once()
    console.publish(2, key=Key())
    console.published_keys.pop()
    assert not client.poll_once()
    assert "does not publish" in said[-1]


def test_revocation__by_the_standby__shuts_out_the_stolen_key_and_what_it_forged(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    stolen, standby = console.key, console.key.next()
    console.published_keys.append(standby)
    client = router()
    client.poll_once()
    console.publish(999)  # the thief's, with the console's own entity tag for all we know
    assert client.poll_once() and number(client) == 999
    standby.revoke(stolen)
    console.publish(2, key=standby)
    assert client.poll_once() and number(client) == 2  # 999 counts for nothing
    assert f"Key {stolen.kid} is revoked as compromised." in said
    console.publish(1000, key=stolen)
    assert not client.poll_once()
    assert "was revoked on" in client.health.last_error
    again = router()
    assert number(again) == 2 and not again.poll_once()


def test_revocation__while_every_release_is_refused__is_seen_before_one_under_its_key_is_taken(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    standby = console.key.next()
    console.published_keys.append(standby)
    console.publish(2)
    client = router(clock=clock)
    assert client.poll_once()
    console.publish(1)  # a replay, by who has the key and the way to the routers
    clock.now += HOUR_S / 2
    assert not client.poll_once()
    standby.revoke(console.key)
    clock.now += HOUR_S / 2
    console.publish(999)
    assert not client.poll_once() and number(client) == 2
    assert client.health.compromised


def test_revocation__in_a_set_without_the_key_that_is_looked_for__is_believed(
    console: FakeConsole, router: Router
) -> None:
    standby = console.key.next()
    console.published_keys.append(standby)
    client = router()
    client.poll_once()
    standby.revoke(console.key)
    console.publish(2, key=Key(1))
    console.published_keys.remove(console.published_keys[-1])
    assert not client.poll_once()
    assert "does not publish" in client.health.last_error
    assert client.health.compromised and router().health.compromised


def test_revocation__left_out_of_the_set_later__holds_on(
    console: FakeConsole, router: Router
) -> None:
    stolen, standby = console.key, console.key.next()
    console.published_keys.append(standby)
    client = router()
    client.poll_once()
    standby.revoke(stolen)
    console.publish(2, key=standby)
    assert client.poll_once()
    stolen.revocation = None
    console.publish(3, key=stolen)
    assert not client.poll_once() and not router().poll_once()


def test_revocation__of_a_later_key_by_an_earlier__counts_for_nothing(
    console: FakeConsole, router: Router
) -> None:
    stolen, standby = console.key, console.key.next()
    console.published_keys.append(standby)
    client = router()
    client.poll_once()
    stolen.revoke(standby)
    console.publish(2, key=standby)
    assert client.poll_once() and number(client) == 2


def test_revocation__retired__refuses_the_key_but_remembers_its_numbers(
    console: FakeConsole, router: Router
) -> None:
    first, second = console.key, console.key.next()
    console.publish(5)
    console.published_keys.append(second)
    client = router()
    client.poll_once()
    second.revoke(first, "retired")
    console.publish(4, key=second)
    assert not client.poll_once()
    assert "older than release 5" in client.health.last_error
    console.publish(6, key=second)
    assert client.poll_once() and number(client) == 6


def test_keys__key_set_unreachable__keeps_the_release(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router(jwks_url=console.url + "/api/v1/outcomes")
    assert not client.poll_once()
    assert "holds no Ed25519 key" in said[-1]


def test_keys__set_of_a_console_of_before__learns_its_place_from_the_key_itself(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    first = console.key
    told, first.sequence = first.sequence, 0  # as consoles published keys before
    client = router(clock=clock)
    client.poll_once()
    first.sequence = told
    console.publish(2, key=first.next())
    assert client.poll_once() and number(client) == 2


def test_trusted_keys__file__is_believed_without_asking_for_keys_first(
    console: FakeConsole, router: Router, key_file: Path
) -> None:
    console.published_keys.clear()
    assert router(trusted_keys=key_file).poll_once()


def test_trusted_keys__successor_endorsed_by_one_of_the_file__is_believed_and_kept(
    console: FakeConsole, router: Router, key_file: Path
) -> None:
    client = router(trusted_keys=key_file)
    client.poll_once()
    console.publish(2, key=console.key.next())
    assert client.poll_once() and number(client) == 2
    assert number(router(trusted_keys=key_file)) == 2


def test_trusted_keys__several_without_sequences__say_what_to_do(
    console: FakeConsole, router: Router, tmp_path: Path, said: list[str]
) -> None:
    first = console.key
    standby = first.next()
    old = [{name: key.jwk[name] for name in ("kty", "crv", "kid", "x")} for key in (first, standby)]
    file = tmp_path / "trusted.json"
    file.write_text(json.dumps({"keys": old}))
    console.published_keys = [first, standby]
    client = router(trusted_keys=file)
    assert client.poll_once()  # what they sign is believed as before
    [told] = [sentence for sentence in said if "tell no sequence" in sentence]
    assert standby.kid in told and f"Save {console.url}/.well-known/jwks.json as" in told
    console.publish(2, key=standby.next())
    assert not client.poll_once()
    assert "tell no sequence" in said[-1] and "somebody may have changed" not in said[-1]
    file.write_bytes(key_set(*console.published_keys))  # which is what it says
    assert router(trusted_keys=file).poll_once()


def test_trusted_keys__another_key__is_refused_even_when_published(
    console: FakeConsole, router: Router, tmp_path: Path, said: list[str]
) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(json.dumps(Key().jwk))
    assert not router(trusted_keys=file).poll_once()
    assert "no key trusted here endorses" in said[-1]


def test_trusted_keys__another_file__forgets_what_the_first_one_brought_in(
    console: FakeConsole, router: Router, key_file: Path
) -> None:
    router(trusted_keys=key_file).poll_once()
    other = Key(1)
    key_file.write_bytes(key_set(other))
    console.published_keys = [other]
    console.publish(2, key=other)
    client = router(trusted_keys=key_file)
    assert client.poll_once() and number(client) == 2


@pytest.mark.parametrize("listed", [1, 2])
def test_trusted_keys__file_written_anew__keeps_the_revocation_that_its_keys_endorse(
    console: FakeConsole, router: Router, clock: Clock, tmp_path: Path, listed: int
) -> None:
    stolen, standby = console.key, console.key.next()
    console.published_keys = [stolen, standby]
    file = tmp_path / "trusted.json"
    file.write_bytes(key_set(*console.published_keys[:listed]))
    console.publish(1, key=standby)
    client = router(clock=clock, trusted_keys=file)
    assert client.poll_once()
    standby.revoke(stolen)
    clock.now += HOUR_S
    assert client.poll_once()
    client.close()
    stolen.revocation = None  # the thief has the address, and hides it
    console.publish(999, key=stolen)
    file.write_bytes(file.read_bytes() + b"\n")
    for _ in range(2):
        again = router(clock=clock, trusted_keys=file)
        assert not again.poll_once()
        assert "was revoked on" in again.health.last_error and number(again) == 1
        again.close()


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', "[]"])
def test_trusted_keys__file_without_a_key__is_refused_at_once(
    router: Router, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(content)
    with pytest.raises(ClientError, match=r"trusted\.json"):
        router(trusted_keys=file)


def test_trusted_keys__signed_release_in_their_place__is_refused_at_once(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    file = tmp_path / "trusted.json"
    release = {"body": console.body.decode(), "signature": console.signature}
    file.write_text(json.dumps({**release, "keys": [console.key.jwk]}))
    with pytest.raises(ClientError, match="cannot vouch for itself"):
        router(trusted_keys=file)


def test_trusted_keys__file_absent__is_refused_at_once(router: Router, tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot be read"):
        router(trusted_keys=tmp_path / "absent.json")
