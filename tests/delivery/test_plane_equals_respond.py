"""The plane's fast answers are those that `respond` defines, whatever the headers say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.delivery.answering import JWKS_PATH, POLICY_PATH
from policies.delivery.answers import READ, REPORT, Denial, KnownToken, VerifiedRelease
from policies.delivery.holdings import HeldRelease, Holdings
from policies.delivery.memory import Memory, token_key
from policies.delivery.messages import text_headers
from policies.delivery.plane import Plane, PlaneSettings
from policies.delivery.respond import Answer, problem, respond, respond_with_keys
from tests.services import loops
from tests.services.plane import UNLIMITED, Clock, ask, ask_slowly

RELEASE = VerifiedRelease.of(b'{"schema":1}' * 50, '"abc.1.99"', "header..signature")
WALL = 2_000_000_000.0
BOTH = frozenset({READ, REPORT})
TOKENS: dict[str, KnownToken | Denial] = {
    "rcr_good": KnownToken(1, 1, BOTH, math.inf),
    "rcr_ends": KnownToken(2, 1, BOTH, WALL + 1),
    "rcr_over": KnownToken(3, 1, BOTH, WALL),
    "rcr_reports": KnownToken(4, 1, frozenset({REPORT}), math.inf),
    "rcr_unpublished": KnownToken(5, 2, BOTH, math.inf),
    "rcr_bad_release": KnownToken(6, 3, BOTH, math.inf),
    "rcr_last_good": KnownToken(7, 4, BOTH, math.inf),
    "rcr_revoked": Denial.REVOKED,
}
HOLDINGS = Holdings(
    tokens={token_key(text.encode()): token for text, token in TOKENS.items()},
    personal={token_key(b"rcp_good"): math.inf, token_key(b"rcp_over"): WALL},
    releases={
        1: HeldRelease(11, RELEASE.signature, RELEASE),
        3: HeldRelease(13, "bad", None, 990.0),
        4: HeldRelease(14, "bad", RELEASE, 990.0),
    },
    jwks=b'{"keys": [1]}',
)

tokens = st.sampled_from([*TOKENS, "rcp_good", "rcp_over", "rcr_never", "", "\xff"])
schemes = st.sampled_from(["Bearer ", "bearer ", "BEARER  ", "Basic ", "", "Bearer"])
authorizations = st.tuples(schemes, tokens, st.sampled_from(["", " ", "x"])).map("".join)
tags = st.sampled_from(
    [
        *('"abc.1.99"', '"abc.1.99-gzip"', 'W/"abc.1.99"', '"x", "abc.1.99"', "*", '"x"', ""),
        *("abc.1.99", '"def.2.1"', 'W/"def.2.1-gzip"', '"def.2.1", "abc.1.99"', '"abc.1.100"'),
    ]
)
codings = st.sampled_from(["gzip", "gzip;q=0", "br, *;q=0.1", "identity", "", "\xe9"])
anything = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)
values = {
    "authorization": authorizations | anything,
    "if-none-match": tags | anything,
    "accept-encoding": codings | anything,
    "prefer": st.sampled_from(["wait=0", "wait=x", "respond-async"]),
    "user-agent": anything,
}
pairs = st.lists(
    st.sampled_from(sorted(values)).flatmap(
        lambda name: values[name].map(lambda value: (name.encode(), value.encode("latin-1")))
    ),
    max_size=7,
)
states = st.sampled_from(["fresh", "cut off", "hanging", "empty"])


def plane_that_is(state: str) -> Plane:
    clock = Clock()
    plane = Plane(
        Memory(clock, lambda: WALL, jitter=lambda seconds: seconds), PlaneSettings(limit=UNLIMITED)
    )
    if state != "empty":
        plane.adopt(HOLDINGS)
    if state == "cut off":
        plane.memory.cut_off()
        clock.now += 42
    if state == "hanging":
        clock.now += 7.5
    return plane


def defined(plane: Plane, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Answer:
    if path == POLICY_PATH:
        return respond(method, text_headers(headers), plane.memory)
    if path == JWKS_PATH:
        holdings = plane.memory.holdings
        return respond_with_keys(method, holdings.jwks if holdings else None)
    return problem(404, f"There is nothing at {path} here.")


@given(
    states,
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
    st.sampled_from([POLICY_PATH, POLICY_PATH, POLICY_PATH, JWKS_PATH, "/"]),
    pairs,
)
def test_plane__any_request__is_answered_as_respond_says(
    state: str, method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    plane = plane_that_is(state)
    expected = defined(plane, method, path, headers)

    async def twice() -> None:
        for _ in range(2):  # once prepared, once from what is prepared
            reply = await ask(plane, headers, method, path)
            assert (reply.status, reply.body) == (expected.status, expected.body)
            assert reply.headers == {n.lower(): v for n, v in expected.headers.items()}

    loops.run(twice())


@pytest.mark.parametrize("text", TOKENS)
def test_plane__usual_poll__is_answered_as_respond_says(text: str) -> None:
    for state in ("fresh", "cut off", "hanging", "empty"):
        for tag in ("", '"abc.1.99"', '"abc.1.99-gzip"', '"older"', '"def.2.1"'):
            for coding in ("", "gzip, deflate, br"):
                given = {"if-none-match": tag, "accept-encoding": coding}
                sent = {n: v for n, v in given.items() if v} | {"authorization": f"Bearer {text}"}
                headers = [(n.encode(), v.encode()) for n, v in sent.items()]
                plane = plane_that_is(state)
                expected = defined(plane, "GET", POLICY_PATH, headers)
                # First as an ASGI application, then by what that has prepared.
                for way in (ask_slowly, ask):
                    reply = loops.run(way(plane, headers))
                    assert (reply.status, reply.body) == (expected.status, expected.body)
                    assert reply.headers == {n.lower(): v for n, v in expected.headers.items()}
