"""Changes of a fallback matrix, told cell by cell: what happens to a model on a failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.differences.change import Change, Entry, entries_of
from policies.wording.sentences import listed, shown, times

CellKey = tuple[str, str, str]  # model, class ("" for any), failure kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row does about a failure, in words: tries on the same target, then other targets."""

    retries: str
    then: str

    def told(self) -> str:
        return f"{self.retries}, then {self.then}" if self.retries else f"then {self.then}"


@dataclass(frozen=True, slots=True)
class Cell:
    """The answer to one failure kind, and where the row stands that gives it."""

    answer: Answer
    pointer: str


NO_RETRY = "no retry"
LIMITS = (
    ("max_attempts", "attempts in a chain: at most {}"),
    ("deadline_ms", "time for a chain: at most {} ms"),
    ("cost_cap_usd", "cost of a chain: at most ${}"),
)
PRESERVED = {
    "regions": "leave the regions the route asks for",
    "capabilities": "lack capabilities the route asks for",
    "context": "be too small for the request",
}


def fallback_changes(old: Entry, new: Entry) -> Iterator[Change]:
    yield from _cell_changes(_cells(old), _cells(new))
    yield from _limit_changes(_object(old.get("limits")), _object(new.get("limits")))


def _cells(document: Entry) -> dict[CellKey, Cell]:
    cells: dict[CellKey, Cell] = {}
    for index, row in entries_of(document, "rows"):
        answer = _answer(row)
        kinds = row.get("on") if isinstance(row.get("on"), list) else []
        for kind in kinds or []:
            key = (shown(row.get("model")), shown(row.get("class") or ""), shown(kind))
            cells.setdefault(key, Cell(answer, f"/rows/{index}"))
    return cells


def _answer(row: Entry) -> Answer:
    then = row.get("then")
    targets = " → ".join(map(shown, then)) if isinstance(then, list) and then else "stop"
    return Answer(_retries(row.get("retries")), targets)


def _retries(retries: Any) -> str:
    """Empty where the same target is not tried again: its waits then mean nothing."""
    if not isinstance(retries, dict) or not retries.get("count"):
        return ""
    base, factor, longest = (shown(retries.get(key)) for key in ("base_ms", "factor", "max_ms"))
    waits = f"after {base} ms × {factor}, at most {longest} ms"
    jitter = "without jitter" if retries.get("jitter") == "none" else "with jitter"
    ignores = "" if retries.get("honour_retry_after", True) else ", ignoring Retry-After"
    return f"retry {times(retries['count'])} {waits} {jitter}{ignores}"


Group = tuple[str, str, Answer | None, Answer | None]  # model, class, before, after


def _cell_changes(old: dict[CellKey, Cell], new: dict[CellKey, Cell]) -> Iterator[Change]:
    """One change for all failure kinds of a model that change in the same way."""
    groups: dict[Group, list[str]] = {}
    pointers: dict[Group, str] = {}
    for key in [*new, *(key for key in old if key not in new)]:
        was = old[key].answer if key in old else None
        now = new[key].answer if key in new else None
        if was != now:
            group = (key[0], key[1], was, now)
            groups.setdefault(group, []).append(key[2])
            pointers.setdefault(group, (new.get(key) or old[key]).pointer)
    for group, kinds in groups.items():
        yield from _group_changes(group, kinds, pointers[group])


def _group_changes(group: Group, kinds: list[str], pointer: str) -> Iterator[Change]:
    model, class_key, was, now = group
    who = "Any model" if model == "*" else model
    where = f"{who} for class {class_key}" if class_key else who
    cell = f"{where} on {listed(kinds, 'or')}"
    if was is None and now is not None:
        yield Change("added", f"{cell}: {now.told()}.", pointer)
    elif now is None and was is not None:
        sentence = f"{cell}: no answer of its own any more; was {was.told()}."
        yield Change("removed", sentence, pointer)
    elif was is not None and now is not None:
        yield from _answer_changes(was, now, cell, pointer)


def _answer_changes(was: Answer, now: Answer, cell: str, pointer: str) -> Iterator[Change]:
    if was.then != now.then:
        sentence = f"{cell}: goes on to {now.then}; was {was.then}."
        yield Change("changed", sentence, f"{pointer}/then")
    if was.retries != now.retries:
        sentence = f"{cell}: {now.retries or NO_RETRY}; was {was.retries or NO_RETRY}."
        yield Change("changed", sentence, f"{pointer}/retries")


def _limit_changes(old: Entry, new: Entry) -> Iterator[Change]:
    for key, words in LIMITS:
        if old.get(key) != new.get(key):
            now, was = _limit(new.get(key), words), _limit(old.get(key), words)
            sentence = f"{now[0].upper()}{now[1:]}; was {was.split(': ')[-1]}."
            yield Change("changed", sentence, f"/limits/{key}", _is_raised(old, new, key))
    yield from _budget_changes(old.get("retry_budget"), new.get("retry_budget"))
    yield from _breaker_changes(old.get("breaker"), new.get("breaker"))
    before, after = _object(old.get("preserve")), _object(new.get("preserve"))
    for key, words in PRESERVED.items():
        may, might = after.get(key, True) is False, before.get(key, True) is False
        if may != might:
            verb = "may" if may else "may no longer"
            yield Change("changed", f"A fallback {verb} {words}.", f"/limits/preserve/{key}", may)


def _limit(value: Any, words: str) -> str:
    if value is None:
        return words.split(": ")[0] + ": no limit"
    return words.format(shown(value))


def _budget_changes(old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        sentence = "Retries have no budget any more." if new is None else "Retries have a budget."
        yield Change("changed", sentence, "/limits/retry_budget", new is None)
        return
    for key, words in (("ratio", "of requests"), ("min_per_second", "a second in any case")):
        if old.get(key) != new.get(key):
            sentence = f"Retry budget: {shown(new.get(key))} {words}; was {shown(old.get(key))}."
            raised = _is_raised(old, new, key)
            yield Change("changed", sentence, f"/limits/retry_budget/{key}", raised)


def _breaker_changes(old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        sentence = "The breaker is off." if new is None else "The breaker is on."
        yield Change("changed", sentence, "/limits/breaker", new is None)
        return
    for key, words in (
        ("failure_ratio", "opens at a share of failures of"),
        ("min_requests", "looks at no fewer requests than"),
        ("window_s", "looks back over so many seconds:"),
        ("cooldown_s", "stays open for so many seconds:"),
    ):
        if old.get(key) != new.get(key):
            sentence = f"The breaker {words} {shown(new.get(key))}; was {shown(old.get(key))}."
            weaker = key in ("failure_ratio", "min_requests") and _is_raised(old, new, key)
            yield Change("changed", sentence, f"/limits/breaker/{key}", weaker)


def _is_raised(old: Entry, new: Entry, key: str) -> bool:
    was, now = old.get(key), new.get(key)
    if now is None:
        return was is not None
    return isinstance(was, int | float) and isinstance(now, int | float) and now > was


def _object(value: Any) -> Entry:
    return value if isinstance(value, dict) else {}
