"""Sums of each minute in place of each outcome, for fleets that cannot send each. Thread-safe.

Kept are the console's own whole numbers and latency bins, so that what is drawn of them is the same
as if each outcome had been sent.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..engine.outcomes.bins import bin_of
from ..engine.outcomes.events import (
    ADEQUATE_NANO,
    Event,
    is_priced_by_tokens,
    read_told,
    who_answered,
)
from ..engine.outcomes.values import MOST_REQUESTS, OTHER
from ..engine.splitting import unit
from .errors import ClientError

GATHER_S = 60.0  # so long sums are added to before they are sent
REMEMBERED_REQUESTS = 20_000


@dataclass(frozen=True)
class Summaries:
    """Report sums of each minute, and besides whole events of a share of the requests.

    `sample` is that share, 0 to 1, by a hash of the request's id: the same requests wherever they
    are reported. `most_kinds` bounds the combinations of minute, class, label, models and release
    that are summed apart; requests beyond count under the name "other".
    """

    sample: float = 0.0
    most_kinds: int = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.sample <= 1:
            raise ClientError(f"The sample must be a share from 0 to 1, not {self.sample}.")
        if self.most_kinds < 1:
            raise ClientError("At least one kind of request has to be summed apart.")

    def samples(self, request_id: str) -> bool:
        """Whether the request is one that is sent whole."""
        return unit(f"sample\n{request_id}") < self.sample


class Kind(NamedTuple):
    """What requests that are summed together have in common. `priced_above` is the size in tokens
    from which the price of their input holds, where the console is to find their cost."""

    minute: str
    release_digest: str
    class_key: str
    labelled_class: str
    model: str
    served_model: str
    tried: tuple[str, ...]
    priced_above: int | None


@dataclass
class Sums:
    """The sums of one kind."""

    requests: int = 0
    quality_known: int = 0
    quality_nano: int = 0
    adequate: int = 0
    cost_known: int = 0
    cost_nano_usd: int = 0
    latency_us: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    bins: dict[int, int] = field(default_factory=dict)
    inputs: tuple[int, int] = (0, 0)

    def add(self, event: Event) -> None:
        sent = event.input_tokens or 0
        low, high = self.inputs if self.requests else (sent, sent)
        self.inputs = (min(sent, low), max(sent, high))
        self.requests += 1
        self.input_tokens += sent
        self.output_tokens += event.output_tokens or 0
        if event.quality_nano is not None:
            self.quality_known += 1
            self.quality_nano += event.quality_nano
            self.adequate += event.quality_nano >= ADEQUATE_NANO
        if event.cost_nusd is not None:
            self.cost_known += 1
            self.cost_nano_usd += event.cost_nusd
        if event.latency_us is not None:
            index = bin_of(event.latency_us)
            self.bins[index] = self.bins.get(index, 0) + 1
            self.latency_us += event.latency_us

    def told(self, kind: Kind, summary_id: str) -> str:
        """As it is reported, with only what is known in it."""
        told: dict[str, object] = {
            "summary_id": summary_id,
            "minute": kind.minute,
            "release_digest": kind.release_digest,
            "class": kind.class_key,
            "labelled_class": kind.labelled_class,
            "model": kind.model,
            "served_model": kind.served_model,
            "tried": kind.tried,
            "requests": self.requests,
            "quality_known": self.quality_known,
            "quality_nano": self.quality_nano,
            "adequate": self.adequate,
            "cost_known": self.cost_known,
            "cost_nano_usd": self.cost_nano_usd,
            "latency_us": self.latency_us,
            "latency_bins": [number for bin_ in sorted(self.bins.items()) for number in bin_],
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }
        if kind.priced_above is not None:
            told["unpriced_input_tokens"] = self.inputs
        return json.dumps({name: value for name, value in told.items() if value})


class Summer:
    """Adds outcomes up. `price_steps` gives the sizes of input, ascending and in tokens, above
    which some model of the release has another price. `other` requests were beyond `most_kinds`.
    """

    def __init__(
        self,
        settings: Summaries,
        price_steps: Callable[[], Sequence[int]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._price_steps = price_steps
        self._monotonic = monotonic
        self.after_fork()

    def after_fork(self) -> None:
        """Leave the parent's sums to the parent."""
        self.other = 0
        self._lock = threading.Lock()
        self._instance = secrets.token_hex(8)
        self._number = 0
        self._began: float | None = None
        self._sums: dict[Kind, Sums] = {}
        self._recent: OrderedDict[str, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many sums are being added to."""
        return len(self._sums)

    def add(self, text: str) -> list[str]:
        """Count an event, given as JSON; what is to be sent now: the event itself, marked, if it
        is of the sample, and sums whose time has come or that there is no room beside.

        A request that is told again counts once, as long as it is among the latest. Raises
        ValueError for an event that the console would refuse.
        """
        raw = json.loads(text)
        event, problems = read_told(raw)
        if problems:
            raise ValueError("; ".join(f"{found.pointer}: {found.message}" for found in problems))
        kind = self._kind(event)
        with self._lock:
            if event.request_id in self._recent:
                return []
            self._recent[event.request_id] = None
            if len(self._recent) > REMEMBERED_REQUESTS:
                self._recent.popitem(last=False)
            # Whoever takes them may be waiting for a console that is away, and we may be killed.
            full = self._taken() if self._is_due() else []
            full += self._add(kind, event)
        if self._settings.samples(event.request_id):
            full.append(json.dumps({**raw, "in_sums": True}))
        return full

    def take(self, *, everything: bool = False) -> list[str]:
        """The sums whose time has come, as JSON: they are not added to any more."""
        with self._lock:
            return self._taken() if everything or self._is_due() else []

    def _is_due(self) -> bool:
        return self._began is not None and self._monotonic() - self._began >= GATHER_S

    def _add(self, kind: Kind, event: Event) -> list[str]:
        full: list[str] = []
        if kind not in self._sums and len(self._sums) >= self._settings.most_kinds:
            self.other += 1
            kind = _as_other(kind)
            if kind not in self._sums and len(self._sums) >= 2 * self._settings.most_kinds:
                full = self._taken()
        if self._began is None:
            self._began = self._monotonic()
        sums = self._sums.setdefault(kind, Sums())
        sums.add(event)
        return full + self._taken() if sums.requests >= MOST_REQUESTS else full

    def _taken(self) -> list[str]:
        sums, self._sums, self._began = self._sums, {}, None
        return [part.told(kind, self._next_id(kind)) for kind, part in sums.items()]

    def _next_id(self, kind: Kind) -> str:
        """One of its own for each part of a minute that is sent."""
        self._number += 1
        return f"{self._instance}/{kind.minute}/{self._number}"

    def _kind(self, event: Event) -> Kind:
        moment = event.time.replace(second=0, microsecond=0)
        return Kind(
            f"{moment:%Y-%m-%dT%H:%M}:00Z",
            event.release_digest,
            event.class_key,
            event.labelled_class,
            event.model,
            who_answered(event),
            tuple(str(attempt["model"]) for attempt in event.attempts),
            self._priced_above(event),
        )

    def _priced_above(self, event: Event) -> int | None:
        """None where the console cannot find a cost, or need not."""
        if not is_priced_by_tokens(event):
            return None
        steps = self._price_steps()
        below = bisect_left(steps, event.input_tokens or 0)
        return steps[below - 1] if below else 0


def _as_other(kind: Kind) -> Kind:
    """The kind without the names that made it one of too many."""
    return kind._replace(
        release_digest=kind.release_digest and OTHER,
        class_key=kind.class_key and OTHER,
        labelled_class=kind.labelled_class and OTHER,
        model=kind.model and OTHER,
        served_model=kind.served_model and OTHER,
        tried=(OTHER,) * len(kind.tried),
    )
