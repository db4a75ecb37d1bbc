"""Takes status reports in at once and in memory; a thread hands them on to be kept.

The database is asked nothing while a router waits, and while it is away reports are held: the
latest of each instance, and which releases arrived where. Both are bounded.
"""

from __future__ import annotations

import datetime
import json
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from policies.delivery.answers import REPORT, Denial, KnownToken
from policies.delivery.background import BackgroundThread
from policies.delivery.instances import InstanceKey, Instances, TooMany
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.delivery.respond import Answer, denied, problem
from policies.engine.errors import DocumentError
from policies.fleet.report import Arrival, Heard, arrival_of, read_report

logger = logging.getLogger(__name__)

LARGEST_REPORT_BYTES = 16_384
MOST_INSTANCES = 20_000
MOST_ARRIVALS = 100_000
# Instances that were not heard from for so long make room for others.
FORGOTTEN_AFTER = datetime.timedelta(hours=1)
SHORTEST_INTERVAL_S = 30
# Beyond it reports are asked for less often.
REPORTS_A_SECOND = 500
LIMIT = RateLimit(per_second=2_000, burst=2 * MOST_INSTANCES)
HAND_ON_EVERY_S = 1.0


@dataclass(frozen=True)
class StatusBatch:
    """What was heard since the last one: one report an instance, and arrivals of releases."""

    heard: tuple[Heard, ...]
    arrivals: tuple[Arrival, ...]

    def __bool__(self) -> bool:
        return bool(self.heard or self.arrivals)


ArrivalKey = tuple[int, str, int, str]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class StatusDesk(BackgroundThread):
    """Answers status reports. `keep` gets each batch, in a thread of the desk's own; where it
    raises, what it was given is held and given again with the next."""

    keep: Callable[[StatusBatch], None]
    now: Callable[[], datetime.datetime] = _now
    buckets: TokenBuckets = field(default_factory=lambda: TokenBuckets(LIMIT))
    most_instances: int = MOST_INSTANCES
    most_arrivals: int = MOST_ARRIVALS
    reports_a_second: float = REPORTS_A_SECOND
    hand_on_every_s: float = HAND_ON_EVERY_S

    def __post_init__(self) -> None:
        super().__init__("status-reports")
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        self._instances = Instances(self.most_instances, FORGOTTEN_AFTER)
        self._changed: dict[InstanceKey, Heard] = {}
        self._arrivals: OrderedDict[ArrivalKey, Arrival] = OrderedDict()

    # --- Taking in --------------------------------------------------------------------------
    def take(self, token: KnownToken, body: bytes) -> Answer:
        """The answer to one report. Neither waits nor asks the database."""
        if REPORT not in token.scopes:
            return denied(Denial.SCOPE)
        if len(body) > LARGEST_REPORT_BYTES:
            return too_large()
        wait_s = self.buckets.take(token.id)
        if wait_s:
            return _too_many(
                "This token reports too often; each instance once an interval.", wait_s
            )
        try:
            report = read_report(body)
        except DocumentError as error:
            return _wrong(error)
        with self._lock:
            heard = Heard(token.environment_id, token.id, report, self.now(), self._interval_s())
            try:
                self._note(heard)
            except TooMany:
                return _too_many(
                    f"This environment has {self.most_instances:,} instances already. Give an "
                    "instance the same instance_id each time it starts.",
                    heard.interval_s,
                )
        return _taken(heard.interval_s, token)

    def _note(self, heard: Heard) -> None:
        noted = self._instances.note(heard)
        if noted is None:
            return
        heard = replace(heard, shared=noted.shared, has_run=noted.has_run)
        self._changed[heard.environment_id, heard.report.instance_id] = heard
        # Of two under one instance_id nobody knows whether both have it.
        if noted.is_elsewhere and noted.shared is None:
            self._note_arrival(heard)

    def _note_arrival(self, heard: Heard) -> None:
        arrival = arrival_of(heard)
        if arrival is None:
            return
        release = arrival.release
        key = (arrival.environment_id, arrival.instance_id, release.number, release.digest)
        self._arrivals.setdefault(key, arrival)
        while len(self._arrivals) > self.most_arrivals:
            self._arrivals.popitem(last=False)

    def _interval_s(self) -> int:
        return max(SHORTEST_INTERVAL_S, math.ceil(len(self._instances) / self.reports_a_second))

    def figures(self) -> dict[str, float]:
        """What metrics tell of it."""
        with self._lock:
            return {
                "status_instances": len(self._instances),
                "status_waiting_to_be_kept": len(self._changed) + len(self._arrivals),
            }

    # --- Handing on -------------------------------------------------------------------------
    def hand_on(self) -> bool:
        """Give what was heard since the last time to `keep`; whether nothing is left waiting."""
        with self._keeping:
            with self._lock:
                changed, self._changed = self._changed, {}
                arrivals, self._arrivals = self._arrivals, OrderedDict()
            batch = StatusBatch(tuple(changed.values()), tuple(arrivals.values()))
            try:
                if batch:
                    self.keep(batch)
            except Exception:
                logger.warning("Status reports wait to be kept: %s", len(changed), exc_info=True)
                self._take_back(changed, arrivals)
                return False
            return True

    def _take_back(
        self, changed: dict[InstanceKey, Heard], arrivals: OrderedDict[ArrivalKey, Arrival]
    ) -> None:
        with self._lock:
            # What came meanwhile is newer; of two arrivals the earlier counts.
            self._changed = {
                key: heard for key, heard in changed.items() if key in self._instances
            } | self._changed
            arrivals.update((key, a) for key, a in self._arrivals.items() if key not in arrivals)
            self._arrivals = arrivals
            while len(self._arrivals) > self.most_arrivals:
                self._arrivals.popitem(last=False)

    def stop(self) -> None:
        """End the thread, after a last handing on."""
        super().stop()
        self.join()
        self.hand_on()

    def _run(self) -> None:
        while not self._stopped.wait(self.hand_on_every_s):
            self.hand_on()


def too_large() -> Answer:
    """A report is too long, whoever sends it."""
    sentence = f"A status report may hold at most {LARGEST_REPORT_BYTES:,} bytes."
    return problem(413, sentence)


def _taken(interval_s: int, token: KnownToken) -> Answer:
    """202; routers add up to `jitter_s` at random, so that they do not all come at once. Where the
    token belongs tells a router that has its releases from elsewhere."""
    told: dict[str, object] = {"interval_s": interval_s, "jitter_s": interval_s // 5}
    if token.workflow:
        told |= {"workflow": token.workflow, "environment": token.environment}
    return _json(202, told)


def _too_many(sentence: str, wait_s: int) -> Answer:
    return problem(429, sentence, {"Retry-After": str(wait_s)})


def _wrong(error: DocumentError) -> Answer:
    """400 with each problem and its place, as every operation tells them."""
    document = {
        "type": "urn:routing-console:wrong-input",
        "title": "Bad Request",
        "status": 400,
        "detail": "The status report is not right.",
        "errors": [
            {"pointer": found.pointer, "message": found.message} for found in error.problems
        ],
    }
    return _json(400, document, "application/problem+json")


def _json(status: int, document: object, media_type: str = "application/json") -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    fields = {
        "Content-Type": media_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
    }
    return Answer(status, fields, body)
