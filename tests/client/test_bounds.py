"""Whoever answers in the console's place costs a router little memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from policies.client import ClientError
from policies.client.bounds import KEY_SET, PROBLEM, RECEIPT, SIGNATURE
from policies.client.errors import AnswerTooLarge
from policies.client.exchange import Exchanger
from policies.client.keys import parse_signature
from policies.client.keyset import parse_key_set
from policies.client.static import StaticSource
from policies.client.transport import Transport
from tests.client.conftest import Router
from tests.client.fake_console import TOKEN, Answer, Asked, FakeConsole, encoded, running_console

# A few kilobytes on their way, 8 MB unpacked, and 700 MB once made into values.
BOMB = gzip.compress(b"[" + b"NaN," * 2_000_000 + b"0]")
PACKED = {"Content-Encoding": "gzip"}
LITTLE, AS_MUCH_AS_A_POLICY = 6_000_000, 80_000_000


class Impostor(FakeConsole):
    """Answers in the console's place where something is `planted`, by the last word of its path."""

    planted: Mapping[str, Answer] = {}

    def answer(self, asked: Asked) -> Answer:
        at = asked.path.rpartition("/")[2]
        return self.planted[at] if at in self.planted else super().answer(asked)


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    with running_console(Impostor) as console:
        assert isinstance(console, Impostor)
        yield console


@contextmanager
def within(most_bytes: int) -> Iterator[None]:
    """Memory never grows by more than this meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()


def transport(console: FakeConsole) -> Transport:
    return Transport(console.url, lambda: TOKEN, Exchanger(timeout_s=20))


def test_poll__error_that_unpacks_to_very_much__is_told_by_its_status_alone(
    impostor: Impostor, router: Router
) -> None:
    client = router(url=impostor.url, timeout_s=20)
    answer: Answer = (503, {**PACKED, "Retry-After": "7"}, BOMB)
    impostor.planted = {"policy": answer}
    with within(LITTLE):
        assert not client.poll_once()
    health = client.health
    assert health.last_error == f"{impostor.url}/api/v1/policy answers 503 Service Unavailable"
    assert (health.failures, health.retry_after_s) == (1, 7)


def test_poll__error_that_is_long_as_it_is__is_not_read_to_its_end(
    impostor: Impostor, router: Router
) -> None:
    client = router(url=impostor.url)
    # Who read on would find it cut short.
    too_long = b" " * (PROBLEM.most_bytes + 1)
    impostor.planted = {"policy": (503, {"Content-Length": "99999999"}, too_long)}
    assert not client.poll_once()
    assert client.health.last_error.endswith("answers 503 Service Unavailable")


def test_poll__body_that_nobody_signed__is_not_made_into_values(
    impostor: Impostor, router: Router
) -> None:
    client = router(url=impostor.url, timeout_s=20)
    signed = {**PACKED, "Policy-Signature": impostor.signature}
    impostor.planted = {"policy": (200, signed, BOMB)}
    with within(AS_MUCH_AS_A_POLICY):
        assert not client.poll_once()
    assert "signature does not hold" in client.health.last_error


ASKED: list[tuple[str, Callable[[FakeConsole], object]]] = [
    ("jwks.json", lambda console: transport(console).fetch_keys()),
    ("jwks.json", lambda console: StaticSource(console.url, Exchanger()).fetch_keys()),
    ("policy.jws", lambda console: StaticSource(console.url, Exchanger()).fetch_policy(None)),
]


@pytest.mark.parametrize(("at", "ask"), ASKED, ids=["keys", "static keys", "static signature"])
def test_fetch__keys_or_signature_that_unpack_to_very_much__are_not_taken(
    impostor: Impostor, at: str, ask: Callable[[FakeConsole], object]
) -> None:
    impostor.planted = {"policy.json": (200, {}, impostor.body), at: (200, PACKED, BOMB)}
    with within(LITTLE), pytest.raises(ClientError, match="larger than"):
        ask(impostor)


@pytest.mark.parametrize("path", ["outcomes", "status"])
def test_report__receipt_that_unpacks_to_very_much__is_not_taken(
    impostor: Impostor, path: str
) -> None:
    impostor.planted = {path: (200, PACKED, BOMB)}
    console = transport(impostor)
    with within(LITTLE), pytest.raises(AnswerTooLarge):
        console.post_outcomes([]) if path == "outcomes" else console.post_status(b"{}")


def test_bounds__of_many_values_in_few_bytes__refuse_before_much_is_made_of_them() -> None:
    def many(bound: int) -> bytes:
        return b"[" + b"0," * bound + b"0]"

    with pytest.raises(ClientError, match="at most 20,000 values"):
        parse_key_set(many(KEY_SET.most_values), "here")
    header = encoded(many(SIGNATURE.most_values))
    with pytest.raises(ClientError, match="no readable signature"):
        parse_signature(f"{header}..AAAA")
    with pytest.raises(ClientError, match="too long"):
        parse_signature("A" * (SIGNATURE.most_bytes + 1))


def test_receipt__of_a_whole_batch_refused__is_within_the_bound(impostor: Impostor) -> None:
    line = b'{"index": 499, "pointer": "/attempts/0/latency_ms", "message": "' + b"x" * 200 + b'"}'
    answer = b'{"accepted": 0, "duplicates": 0, "rejected": [' + b",".join([line] * 500) + b"]}"
    assert len(answer) < RECEIPT.most_bytes
    impostor.outcomes = (200, {}, answer)
    rejected = transport(impostor).post_outcomes([])["rejected"]
    assert isinstance(rejected, list) and len(rejected) == 500
