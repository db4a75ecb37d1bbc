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
from policies.delivery.negotiation import LONGEST_WISH, preferred_wait_s, prefers_gzip
from policies.delivery.respond import (
    ALLOWED_METHODS,
    problem,
    respond,
    respond_with_keys,
    shows_what_it_has,
)
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

    __slots__ = ("if_none_match", "key", "packed", "shows_what_it_has", "wait_s")

    def __init__(
        self, key: bytes, headers: Mapping[bytes, bytes], is_head: bool, shows_what_it_has: bool
    ) -> None:
        self.key, self.shows_what_it_has = key, shows_what_it_has
        coding = headers.get(b"accept-encoding")
        self.packed = coding is not None and _packed(coding)
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
        self._refill_s, self._depth_s = self.settings.limit.refill_s, self.settings.limit.depth_s
        self._prepared: dict[int, PreparedRelease] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # where the waiters are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        messages = self._quick(scope) or await self._careful(scope)
        start, body = messages
        self.counters.answers[start["status"]] += 1
        await send(start)
        await send(body)

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
    def _quick(self, scope: Scope) -> Messages | None:
        """The prepared answer to a poll as nearly all clients write it, else None.

        Every line of this is passed by every poll.
        """
        pairs = scope["headers"]
        headers = dict(pairs)
        authorization = headers.get(b"authorization", b"")
        if (
            scope["path"] != POLICY_PATH
            or scope["method"] != "GET"
            or b"prefer" in headers
            or b"*" in headers.get(b"if-none-match", b"")
            or authorization[:7] != b"Bearer "
            or len(headers) != len(pairs)
        ):
            return None
        memory = self.memory
        caller = memory.callers.get(sha256(authorization[7:]).digest())
        if caller is None:
            return None
        now = memory.clock()
        prepared = self._prepared.get(caller.environment_id)
        if (
            prepared is None
            or prepared.version != memory.version
            or now >= prepared.until
            or now >= caller.reads_until
            or not caller.take(now, self._refill_s, self._depth_s)
        ):
            return None
        caller.told_release_id, caller.used_at = prepared.release_id, now
        coding = headers.get(b"accept-encoding")
        return prepared.answer(
            coding is not None and _packed(coding), headers.get(b"if-none-match")
        )

    async def _careful(self, scope: Scope) -> Messages:
        """The answer to any request, held where the router would wait."""
        poll = _read(scope)
        caller = None if poll is None else self.memory.callers.get(poll.key)
        if poll is None or caller is None:
            return self._considered(scope, caller)
        if not caller.take(self.memory.clock(), self._refill_s, self._depth_s):
            return self._too_many()
        messages = self._polled(poll, caller) or self._considered(scope, caller)
        if poll.wait_s and messages.start["status"] == 304:
            return await self._held(poll, scope, messages)
        return messages

    def _polled(self, poll: Poll, caller: Caller) -> Messages | None:
        """The prepared answer to a poll that there is nothing special about, else None."""
        now = self.memory.clock()
        if not poll.shows_what_it_has or now >= caller.reads_until:
            return None
        prepared = self._prepared_for(caller.environment_id, now)
        if prepared is None:
            return None
        caller.note(prepared.release_id, now)
        return prepared.answer(poll.packed, poll.if_none_match)

    def _considered(self, scope: Scope, caller: Caller | None) -> Messages:
        """The answer by its definition."""
        path, method = scope["path"], scope["method"]
        if path == JWKS_PATH:
            holdings = self.memory.holdings
            return messages_of(respond_with_keys(method, holdings.jwks if holdings else None))
        if path != POLICY_PATH:
            return messages_of(problem(404, f"There is nothing at {path} here."))
        headers = text_headers(scope["headers"])
        answer = respond(method, headers, self.memory)
        if caller is not None and answer.status in (200, 304, 404):
            now = self.memory.clock()
            if shows_what_it_has(method, headers):
                caller.note(self.memory.told_id(caller.token.environment_id), now)
            else:
                caller.looked_at = now
        return messages_of(answer)

    def _prepared_for(self, environment_id: int, now: float) -> PreparedRelease | None:
        prepared = self._prepared.get(environment_id)
        if prepared is None or prepared.version != self.memory.version or now >= prepared.until:
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
        # Once more, now that whatever comes is told in this loop: nothing falls in between.
        now = self._again(poll, scope)
        caller = self.memory.callers.get(poll.key)
        if caller is None or now.start["status"] != 304:
            return now
        wait_s = min(poll.wait_s, self.settings.longest_wait_s)
        left_s = min(wait_s, caller.reads_until - self.memory.clock())
        if not await self.room.wait(caller.environment_id, caller.token.id, left_s):
            return unchanged.with_header(b"retry-after", b"%d" % self.memory.jitter(5))
        applied = b"wait=%d" % wait_s
        answer = self._again(poll, scope).with_header(b"preference-applied", applied)
        # Its server is stopping: the next question belongs to another one.
        return answer.with_header(b"connection", b"close") if self.room.is_closed else answer

    def _again(self, poll: Poll, scope: Scope) -> Messages:
        caller = self.memory.callers.get(poll.key)
        polled = None if caller is None else self._polled(poll, caller)
        return polled or self._considered(scope, caller)

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


def _read(scope: Scope) -> Poll | None:
    """A poll in any spelling; None: no reading of the policy, or without a token."""
    if scope["path"] != POLICY_PATH or scope["method"] not in ALLOWED_METHODS:
        return None
    headers = text_headers(scope["headers"])
    token = bearer_token(headers.get("authorization", ""))
    if not token:
        return None
    coded = {n.encode("latin-1"): value.encode("latin-1") for n, value in headers.items()}
    key = token_key(token.encode("utf-8", "surrogateescape"))
    method = scope["method"]
    return Poll(key, coded, method == "HEAD", shows_what_it_has(method, headers))


def _packed(accept_encoding: bytes) -> bool:
    return len(accept_encoding) <= LONGEST_WISH and _known_packed(accept_encoding)


def _wait_s(prefer: bytes) -> int:
    return _known_wait_s(prefer) if len(prefer) <= LONGEST_WISH else 0


# The few spellings that a fleet's clients have between them; long ones would fill the memory.
@lru_cache(maxsize=1024)
def _known_packed(accept_encoding: bytes) -> bool:
    return prefers_gzip(accept_encoding.decode("latin-1"))


@lru_cache(maxsize=1024)
def _known_wait_s(prefer: bytes) -> int:
    return preferred_wait_s(prefer.decode("latin-1"))
