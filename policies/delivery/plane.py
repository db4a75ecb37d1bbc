"""The delivery plane: an ASGI application that answers routers from memory.

It serves the policy (`GET /api/v1/policy`) and the public keys. A poll asks neither the database
nor another process. `respond.py` defines every answer; the usual poll is answered from messages
built by it beforehand, and `tests/delivery/test_plane_equals_respond.py` holds both equal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.delivery.answers import (
    READ,
    Denial,
    Found,
    KnownToken,
    Unavailable,
    VerifiedRelease,
)
from policies.delivery.bearer import bearer_token
from policies.delivery.counters import Counters
from policies.delivery.holdings import Holdings
from policies.delivery.limits import RateLimit
from policies.delivery.memory import Caller, Memory, token_key
from policies.delivery.messages import Messages, PreparedRelease, messages_of, text_headers
from policies.delivery.negotiation import preferred_wait_s, prefers_gzip
from policies.delivery.respond import ALLOWED_METHODS, problem, respond, respond_with_keys
from policies.delivery.waiting import WaitingRoom

POLICY_PATH = "/api/v1/policy"
JWKS_PATH = "/.well-known/jwks.json"

DEFAULT_LIMIT = RateLimit(per_second=2_000, burst=20_000)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class PlaneSettings:
    """How a plane behaves. `snapshot_file`: where it keeps what it knows; None: nowhere."""

    limit: RateLimit = DEFAULT_LIMIT
    most_waiting: int = 20_000
    longest_wait_s: int = 60
    check_every_s: float = 1.0
    snapshot_file: Path | None = None


class Poll:
    """One GET (or HEAD) of the policy, read from an ASGI scope."""

    __slots__ = ("if_none_match", "is_head", "key", "packed", "wait_s")

    def __init__(self, key: bytes, headers: Mapping[bytes, bytes], is_head: bool) -> None:
        self.key, self.is_head = key, is_head
        self.packed = _packed(headers.get(b"accept-encoding"))
        self.if_none_match = headers.get(b"if-none-match")
        prefer = headers.get(b"prefer")
        self.wait_s = 0 if prefer is None or is_head else _wait_s(prefer)


class Plane:
    """An ASGI application (`http` only) over a `Memory` that a loader fills."""

    def __init__(self, memory: Memory, settings: PlaneSettings | None = None) -> None:
        self.memory = memory
        self.settings = settings or PlaneSettings()
        self.counters = Counters()
        self.room = WaitingRoom(self.settings.most_waiting)
        self._prepared: dict[int, PreparedRelease] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # where the waiters are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        poll = _quickly_read(scope) or _carefully_read(scope)
        messages = self._answer(poll, scope)
        if poll is not None and poll.wait_s and messages.status == 304:
            messages = await self._held(poll, scope, messages)
        self.counters.answers[messages.start["status"]] += 1
        await send(messages.start)
        await send(messages.body)

    # --- For the rest of the process --------------------------------------------------------
    def token_of(self, authorization: bytes) -> KnownToken | Denial | Unavailable:
        """The router token of an `Authorization` header's value, whatever its scopes are."""
        return self.memory.token_of(authorization)

    def adopt(self, holdings: Holdings, age_s: float | None = None) -> None:
        """Serve from these from now on, and tell whoever waits for what is new in them.

        From any thread. `age_s` as in `Memory.adopt`.
        """
        before = self.memory.holdings or Holdings()
        self.memory.adopt(holdings, age_s)
        changed = [
            environment_id
            for environment_id, held in holdings.releases.items()
            if _release_of(before, environment_id) is not held.release
        ]
        ended = {
            token.id
            for key, token in before.tokens.items()
            if isinstance(token, KnownToken) and holdings.tokens.get(key) != token
        }
        if (changed or ended) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell, changed, ended)

    def drain(self) -> None:
        """Answer all who wait, at once, and let nobody wait any more. From any thread."""
        if self._loop is None:
            self.room.close()
        else:
            self._loop.call_soon_threadsafe(self.room.close)

    def figures(self) -> dict[str, float]:
        """What metrics tell of this process; `age_s` is `inf` before anything was known."""
        holdings = self.memory.holdings or Holdings()
        return {
            **self.counters.by_name(),
            "waiters": self.room.count,
            "age_s": max(self.memory.age_s, 0.0),
            "is_fresh": float(self.memory.is_fresh),
            "tokens": len(self.memory.callers),
            "releases": len(holdings.releases),
        }

    # --- One request ------------------------------------------------------------------------
    def _answer(self, poll: Poll | None, scope: Scope) -> Messages:
        caller = None if poll is None else self.memory.callers.get(poll.key)
        if caller is not None and not caller.bucket.take(self.settings.limit, self.memory.clock()):
            return self._too_many()
        return self._polled(poll, caller) or self._considered(scope, caller)

    def _polled(self, poll: Poll | None, caller: Caller | None) -> Messages | None:
        """The prepared answer to a poll that there is nothing special about, else None."""
        if poll is None or caller is None or poll.is_head:
            return None
        token, wall_now = caller.token, self.memory.wall_clock()
        if token.expires_at <= wall_now or READ not in token.scopes:
            return None
        prepared = self._prepared_for(token.environment_id)
        if prepared is None:
            return None
        caller.note(prepared.release_id, wall_now)
        return prepared.answer(poll.packed, poll.if_none_match)

    def _considered(self, scope: Scope, caller: Caller | None) -> Messages:
        """The answer by its definition."""
        path, method = scope["path"], scope["method"]
        if path == JWKS_PATH:
            holdings = self.memory.holdings
            return messages_of(respond_with_keys(method, holdings.jwks if holdings else None))
        if path != POLICY_PATH:
            return messages_of(problem(404, f"There is nothing at {path} here."))
        answer = respond(method, text_headers(scope["headers"]), self.memory)
        if caller is not None and answer.status in (200, 304, 404):
            told = self.memory.told_id(caller.token.environment_id)
            caller.note(told, self.memory.wall_clock())
        return messages_of(answer)

    def _prepared_for(self, environment_id: int) -> PreparedRelease | None:
        prepared = self._prepared.get(environment_id)
        memory = self.memory
        if (
            prepared is None
            or prepared.version != memory.version
            or memory.clock() >= prepared.until
        ):
            prepared = self._prepare(environment_id)
        return prepared

    def _prepare(self, environment_id: int) -> PreparedRelease | None:
        memory = self.memory
        version, outcome = memory.version, memory.found(environment_id)
        if not isinstance(outcome, Found) or outcome.release is None:
            self._prepared.pop(environment_id, None)
            return None
        told = memory.told_id(environment_id)
        until = memory.unchanged_until(outcome)
        prepared = PreparedRelease(outcome, outcome.release, told, version, until)
        self._prepared[environment_id] = prepared
        return prepared

    # --- Waiting ----------------------------------------------------------------------------
    async def _held(self, poll: Poll, scope: Scope, unchanged: Messages) -> Messages:
        self._loop = asyncio.get_running_loop()
        caller = self.memory.callers.get(poll.key)
        # Once more, now that whatever comes is told in this loop: nothing falls in between.
        now = self._polled(poll, caller)
        if caller is None or now is None or now.status != 304:
            return now or self._considered(scope, caller)
        wait_s = min(poll.wait_s, self.settings.longest_wait_s)
        left_s = min(wait_s, caller.token.expires_at - self.memory.wall_clock())
        token = caller.token
        if not await self.room.wait(token.environment_id, token.id, left_s):
            return unchanged.with_header(b"retry-after", b"%d" % self.memory.jitter(5))
        caller = self.memory.callers.get(poll.key)
        answer = self._polled(poll, caller) or self._considered(scope, caller)
        return answer.with_header(b"preference-applied", b"wait=%d" % wait_s)

    def _tell(self, environment_ids: list[int], token_ids: set[int]) -> None:
        self.counters.released += self.room.release(environment_ids)
        if token_ids:
            self.room.release_tokens(token_ids)

    def _too_many(self) -> Messages:
        detail = (
            "This token asks more often than it may: "
            f"{self.settings.limit.per_second:g} times a second, {self.settings.limit.burst} at "
            "once."
        )
        return messages_of(problem(429, detail, {"Retry-After": str(self.memory.jitter(1))}))


def _release_of(holdings: Holdings, environment_id: int) -> VerifiedRelease | None:
    held = holdings.releases.get(environment_id)
    return None if held is None else held.release


def _quickly_read(scope: Scope) -> Poll | None:
    """A poll as nearly all clients write it; None: read it carefully."""
    pairs = scope["headers"]
    headers = dict(pairs)
    authorization = headers.get(b"authorization", b"")
    if (
        scope["path"] != POLICY_PATH
        or scope["method"] != "GET"
        or len(headers) != len(pairs)
        or authorization[:7] != b"Bearer "
    ):
        return None
    return Poll(sha256(authorization[7:]).digest(), headers, False)


def _carefully_read(scope: Scope) -> Poll | None:
    """A poll in any spelling; None: no reading of the policy, or without a token."""
    if scope["path"] != POLICY_PATH or scope["method"] not in ALLOWED_METHODS:
        return None
    headers = text_headers(scope["headers"])
    token = bearer_token(headers.get("authorization", ""))
    if not token:
        return None
    coded = {n.encode("latin-1"): value.encode("latin-1") for n, value in headers.items()}
    key = token_key(token.encode("utf-8", "surrogateescape"))
    return Poll(key, coded, scope["method"] == "HEAD")


# The few spellings that a fleet's clients have between them.
@lru_cache(maxsize=1024)
def _packed(accept_encoding: bytes | None) -> bool:
    return prefers_gzip(None if accept_encoding is None else accept_encoding.decode("latin-1"))


@lru_cache(maxsize=1024)
def _wait_s(prefer: bytes) -> int:
    return preferred_wait_s(prefer.decode("latin-1"))
