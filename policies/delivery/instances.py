"""Which running routers reported lately, by environment and token: bounded, and fair to tokens."""

from __future__ import annotations

import datetime
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from policies.fleet.report import Heard, Running, Shared
from policies.fleet.sharing import Seen, is_late_goodbye, seen

InstanceKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Last:
    """What has to be known of an instance's last report."""

    token_id: int
    at: datetime.datetime
    active: Running | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class Noted:
    """Whether a report names another release than the one before, whether two report under its
    instance_id, and whether the same process was heard before and had not ended."""

    is_elsewhere: bool
    shared: Shared | None
    has_run: bool


class TooMany(Exception):
    """No room for another instance of this environment by this token."""


class Instances:
    """At most `most` in an environment; those silent for `forgotten_after` make room.

    Where there is none left, a token that came with fewer instances takes the place of the longest
    silent one of the token that came with most: whoever invents thousands with a stolen token
    shuts out nobody who reports with another.
    """

    def __init__(self, most: int, forgotten_after: datetime.timedelta) -> None:
        self._most, self._forgotten_after = most, forgotten_after
        self._last: OrderedDict[InstanceKey, Last] = OrderedDict()  # the longest silent first
        # Environment → token → its instances, the longest silent first.
        self._by_token: defaultdict[int, dict[int, OrderedDict[InstanceKey, None]]] = defaultdict(
            dict
        )

    def __len__(self) -> int:
        return len(self._last)

    def __contains__(self, key: InstanceKey) -> bool:
        return key in self._last

    def note(self, heard: Heard) -> Noted | None:
        """Remember a report; None for the goodbye of a process that another has taken the place
        of, which changes nothing. Raises TooMany."""
        key = (heard.environment_id, heard.report.instance_id)
        before = self._last.get(key)
        if before is None:
            self._make_room(heard)
        elif is_late_goodbye(before.seen, heard):
            return None
        else:
            self._drop(key)
        now = seen(before.seen if before else None, heard)
        self._last[key] = Last(heard.token_id, heard.at, heard.report.active, now)
        self._by_token[key[0]].setdefault(heard.token_id, OrderedDict())[key] = None
        is_elsewhere = before is None or before.active != heard.report.active
        has_run = before is not None and (
            before.seen.started_at == now.started_at and not before.seen.has_ended
        )
        return Noted(is_elsewhere, now.shared, has_run)

    def _make_room(self, heard: Heard) -> None:
        while self._last:
            key, last = next(iter(self._last.items()))
            if last.at >= heard.at - self._forgotten_after:
                break
            self._drop(key)
        tokens = self._by_token[heard.environment_id]
        if sum(map(len, tokens.values())) < self._most:
            return
        most = max(tokens.values(), key=len)
        if len(tokens.get(heard.token_id, ())) + 1 >= len(most):
            raise TooMany
        self._drop(next(iter(most)))

    def _drop(self, key: InstanceKey) -> None:
        token_id = self._last.pop(key).token_id
        of_token = self._by_token[key[0]][token_id]
        del of_token[key]
        if not of_token:
            del self._by_token[key[0]][token_id]
