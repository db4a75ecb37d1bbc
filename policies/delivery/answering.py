"""What a plane answers: prepared where it can be, by `respond.py` where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from policies.delivery.answers import Found
from policies.delivery.bearer import bearer_token
from policies.delivery.memory import Caller, Memory, token_key
from policies.delivery.messages import Messages, PreparedRelease, messages_of, text_headers
from policies.delivery.negotiation import LONGEST_WISH, latest_named, preferred_wait_s, prefers_gzip
from policies.delivery.respond import (
    ALLOWED_METHODS,
    problem,
    respond,
    respond_with_keys,
    shows_what_it_has,
)

POLICY_PATH = "/api/v1/policy"
JWKS_PATH = "/.well-known/jwks.json"

Pairs = Sequence[tuple[bytes, bytes]]


class Poll:
    """One GET (or HEAD) of the policy: the headers as they came, and as they are understood."""

    __slots__ = (
        "if_none_match", "is_head", "key", "packed", "pairs", "shows_what_it_has", "wait_s",
    )  # fmt: skip

    def __init__(
        self,
        key: bytes,
        pairs: Pairs,
        headers: Mapping[bytes, bytes],
        *,
        is_head: bool = False,
        shows_what_it_has: bool = True,
    ) -> None:
        self.key, self.pairs, self.is_head = key, pairs, is_head
        self.shows_what_it_has = shows_what_it_has
        coding = headers.get(b"accept-encoding")
        self.packed = coding is not None and packed(coding)
        self.if_none_match = headers.get(b"if-none-match")
        prefer = headers.get(b"prefer")
        self.wait_s = 0 if prefer is None or is_head else wait_s(prefer)


class Answering:
    """The answers from one `Memory`, prepared for each environment that is asked for."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._prepared: dict[int, PreparedRelease] = {}

    def to(self, poll: Poll) -> Messages:
        """The answer to a poll now, which is noted with who asked."""
        caller = self.memory.callers.get(poll.key)
        polled = None if caller is None else self._polled(poll, caller)
        return polled or self._considered_poll(poll, caller)

    def prepared_for(self, poll: Poll, caller: Caller, now: float) -> PreparedRelease | None:
        """The prepared answers to a poll that there is nothing special about, else None."""
        if not poll.shows_what_it_has or now >= caller.reads_until:
            return None
        prepared = self._prepared_now(caller, now)
        is_usual = prepared is not None and not prepared.is_surpassed_by(poll.if_none_match)
        return prepared if is_usual else None

    def _polled(self, poll: Poll, caller: Caller) -> Messages | None:
        now = self.memory.clock()
        prepared = self.prepared_for(poll, caller, now)
        if prepared is None:
            return None
        messages = prepared.answer(poll.packed, poll.if_none_match)
        caller.note_answer(messages.status, prepared.release_id, poll.if_none_match, now)
        return messages

    def is_behind(self, poll: Poll) -> bool:
        """Whether the router names a later release than the one held."""
        caller = self.memory.callers.get(poll.key)
        prepared = None if caller is None else self._prepared_now(caller, self.memory.clock())
        return prepared is not None and prepared.is_surpassed_by(poll.if_none_match)

    def considered(self, method: str, path: str, pairs: Pairs, caller: Caller | None) -> Messages:
        """The answer by its definition."""
        if path == JWKS_PATH:
            holdings = self.memory.holdings
            return messages_of(respond_with_keys(method, holdings.jwks if holdings else None))
        if path != POLICY_PATH:
            return messages_of(problem(404, f"There is nothing at {path} here."))
        headers = text_headers(pairs)
        answer = respond(method, headers, self.memory)
        if caller is not None and answer.status == 503:
            caller.note_named(latest_named(headers.get("if-none-match")), self.memory.clock())
        if caller is not None and answer.status in (200, 304, 404):
            now = self.memory.clock()
            if shows_what_it_has(method, headers):
                told_id = self.memory.told_id(caller.token.environment_id)
                caller.note_answer(answer.status, told_id, headers.get("if-none-match"), now)
            else:
                caller.looked_at = now
        return messages_of(answer)

    def _considered_poll(self, poll: Poll, caller: Caller | None) -> Messages:
        method = "HEAD" if poll.is_head else "GET"
        return self.considered(method, POLICY_PATH, poll.pairs, caller)

    def _prepared_now(self, caller: Caller, now: float) -> PreparedRelease | None:
        prepared = self._prepared.get(caller.environment_id)
        if prepared is None or prepared.version != self.memory.version or now >= prepared.until:
            prepared = self._prepare(caller.environment_id)
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


def read_poll(scope: Mapping[str, Any]) -> Poll | None:
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
    shows = shows_what_it_has(method, headers)
    return Poll(key, scope["headers"], coded, is_head=method == "HEAD", shows_what_it_has=shows)


def packed(accept_encoding: bytes) -> bool:
    return len(accept_encoding) <= LONGEST_WISH and _known_packed(accept_encoding)


def wait_s(prefer: bytes) -> int:
    return _known_wait_s(prefer) if len(prefer) <= LONGEST_WISH else 0


# The few spellings that a fleet's clients have between them; long ones would fill the memory.
@lru_cache(maxsize=1024)
def _known_packed(accept_encoding: bytes) -> bool:
    return prefers_gzip(accept_encoding.decode("latin-1"))


@lru_cache(maxsize=1024)
def _known_wait_s(prefer: bytes) -> int:
    return preferred_wait_s(prefer.decode("latin-1"))
