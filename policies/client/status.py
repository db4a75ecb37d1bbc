"""Status reports: which release this router decides with, and how it fares."""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from .background import Background
from .backoff import pause_s
from .error_log import MOST_KEPT, LoggedError
from .errors import ClientError, FetchFailed
from .instance_ids import InstanceId, require_line
from .poller import Poller
from .releases import Held
from .tokens import misplaced
from .transport import Receipt
from .troubles import troubles_of
from .version import VERSION

CLIENT_NAME = "routing-console-client"
FIRST_INTERVAL_S = 30.0
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 1.0, 3600.0
# A console of before does not know the address, and will not learn it soon.
UNKNOWN = frozenset({403, 404, 405})
PAUSE_WHERE_UNKNOWN_S = 600.0
MOST_LABELS = 20


class Receiver(Protocol):
    """Where status reports are sent."""

    def post_status(self, report: bytes) -> Receipt: ...


class StatusReporter:
    """Reports at once after `wake`, else at the interval that the console asks for. A report that
    fails hinders nobody; the next one says the same. Once stopped, the last one says that it ends,
    so that no release waits for this router. Without a receiver nothing is reported."""

    def __init__(
        self,
        receiver: Receiver | None,
        poller: Poller,
        instance_id: InstanceId,
        *,
        labels: Mapping[str, str],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._receiver = receiver
        self._poller = poller
        self._instance_id = instance_id
        self._labels = checked_labels(labels)
        self._clock = clock
        self._say = say
        self.token_error = ""  # why the console counts the reports elsewhere
        self._background = Background("status", self._step, say)
        self._begin()

    def _begin(self) -> None:
        self._started_at = self._clock()
        self._interval_s = FIRST_INTERVAL_S
        self._failures = 0
        self._is_heard = False  # whether the console took the latest report

    @property
    def trouble(self) -> str:
        """What of the disk cannot be used; "" while all is well."""
        return self._instance_id.trouble

    def start(self) -> None:
        if self._receiver is not None:
            self._instance_id.claim()
            self._background.start()

    def wake(self) -> None:
        """Something changed that the console wants to know at once."""
        self._background.wake()

    def stop(self, interrupt: Callable[[int | None], None]) -> None:
        is_heard = self._is_heard  # the report that is cut short now would say that it is not
        self._background.stop(1.0, interrupt)
        self._is_heard = said_goodbye = False
        if is_heard:
            # One that did not answer the last time may be away: whoever ends does not wait for it.
            with contextlib.suppress(ClientError):
                self._post({**self.report(), "ended": True})
                said_goodbye = True
        self._instance_id.release(said_goodbye=said_goodbye)

    def after_fork(self) -> None:
        """A child is a router of its own."""
        self._background.after_fork()
        self._instance_id.after_fork()
        self._begin()

    def report(self) -> dict[str, object]:
        """What is said now; docs/delivery.md describes it."""
        now, held = self._clock(), self._poller.held
        if self.token_error:
            held = None  # it is no release of the environment that is reported to
        # With one that may not be used nothing is decided, so that it counts for no delivery.
        active = held if held is not None and held.release.may_decide(now) else None
        return {
            "instance_id": str(self._instance_id),
            "labels": self._labels,
            "client": {"name": CLIENT_NAME, "version": VERSION},
            "active": _named(active),
            "pending": None if active is held else _named(held),
            "source": active and active.release.source,
            "adopted_at": active and _moment(active.adopted_at),
            "last_success_at": _moment(self._poller.progress.last_success_at),
            "errors": [{**vars(error), "at": _moment(error.at)} for error in self._errors(held)],
            "clock": _moment(now),
            "started_at": _moment(self._started_at),
        }

    def _errors(self, held: Held | None) -> list[LoggedError]:
        """What is wrong now, then what went wrong: of that the latest, as many as are taken."""
        now = []
        if held is not None:
            is_compromised = self._poller.is_compromised
            now = troubles_of(held.release, self._clock(), is_compromised=is_compromised)
        return [*now, *self._poller.errors.latest()[len(now) - MOST_KEPT :]]

    def _step(self) -> float:
        wish = 0.0
        try:
            receipt = self._post(self.report())
        except ClientError as error:
            self._failures += 1
            self._is_heard = False
            if isinstance(error, FetchFailed):
                wish = error.retry_after_s
                if error.status in UNKNOWN:
                    wish = PAUSE_WHERE_UNKNOWN_S
        else:
            self._failures = 0
            self._is_heard = True
            self._interval_s = _interval_of(receipt)
            self._note_place(receipt)
        return pause_s(self._interval_s, self._failures, wish, random.random)

    def _note_place(self, receipt: Receipt) -> None:
        error = misplaced(receipt, self._poller.belongs_to)
        if error:
            self._poller.errors.note("token", error, self._clock())
        if error == self.token_error:
            return
        if error:
            self._say(error)
        self.token_error = error
        self._background.wake()  # what was reported of the release is not so any more

    def _post(self, report: Mapping[str, object]) -> Receipt:
        if self._receiver is None:
            return {}
        return self._receiver.post_status(json.dumps(report).encode("utf-8"))


def checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels; raises ClientError where the console would refuse them."""
    for name, value in labels.items():
        require_line(f"The name of the label {name!r}", name)
        require_line(f"The text of the label {name!r}", value)
    if len(labels) > MOST_LABELS:
        raise ClientError(f"There are more than {MOST_LABELS} labels.")
    return dict(labels)


def _named(held: Held | None) -> dict[str, object] | None:
    if held is None:
        return None
    return {"number": held.release.number, "digest": held.release.digest}


def _interval_of(receipt: Receipt) -> float:
    told = receipt.get("interval_s")
    if not isinstance(told, int):
        return FIRST_INTERVAL_S
    return min(max(float(told), SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()
