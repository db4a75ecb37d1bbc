"""Changes of a router policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.differences.change import (
    Change,
    Entry,
    Listing,
    description_change,
    entries_of,
    entry_changes,
    text_change,
)
from policies.differences.conditions import condition_changes
from policies.engine.errors import DocumentError
from policies.engine.moved_shares import from_parting, least_moved, moved_shares
from policies.engine.routing import parse_route
from policies.engine.splitting import Weights
from policies.wording.sentences import (
    listed,
    model_names,
    percent,
    plain,
    policy_rule_parts,
    route_parts,
    shown,
    weight_shares,
)

SELECTIONS = {
    "ordered": "the first fitting candidate",
    "weighted": "a weighted split",
    "cheapest": "the cheapest fitting candidate",
}
# Smaller shares are not told of.
LEAST_TOLD = 5e-5
# Pairs of models times changes of weights, followed in about a second.
MOST_FOLLOWED = 100_000
NO_CANDIDATE = {"refuse": "the request is refused", "default": "the default route is taken"}


def routing_changes(old: Entry, new: Entry) -> Iterator[Change]:
    yield from entry_changes(RULES, old, new)
    title = "Default route"
    if isinstance(old.get("default"), dict) and isinstance(new.get("default"), dict):
        yield from route_changes(old["default"], new["default"], title, "/default")
    elif old.get("default") != new.get("default"):
        said = plain(route_parts(new.get("default")))
        yield Change("changed", f"{title}: {said}.", "/default")
    yield from text_change(old, new, "sticky_on", "Splits", "", "the attribute that they stick to")


def _compare_rules(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    yield from condition_changes(old.get("when"), new.get("when"), {}, title, f"{pointer}/when")
    if isinstance(old.get("route"), dict) and isinstance(new.get("route"), dict):
        yield from route_changes(old["route"], new["route"], title, f"{pointer}/route")
    elif old.get("route") != new.get("route"):
        said = plain(route_parts(new.get("route")))
        yield Change("changed", f"{title}: goes to {said}.", f"{pointer}/route")
    yield from description_change(old, new, title, pointer)


def route_changes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    """Selection, candidates, split, salt, constraints and what happens without a candidate."""
    if old.get("select") != new.get("select"):
        was, now = (SELECTIONS.get(shown(r.get("select")), "unclear") for r in (old, new))
        yield Change("changed", f"{title}: takes {now}; was {was}.", f"{pointer}/select")
    yield from _candidate_changes(old, new, title, f"{pointer}/candidates")
    both_split = old.get("select") == new.get("select") == "weighted"
    if both_split and old.get("salt") == new.get("salt"):
        yield from _moved(old, new, title, pointer)
    if both_split and old.get("salt") != new.get("salt"):
        sentence = f"{title}: another salt, so that every conversation is assigned anew."
        yield Change("changed", sentence, f"{pointer}/salt")
    yield from _constraint_changes(
        _object(old.get("constraints")),
        _object(new.get("constraints")),
        title,
        f"{pointer}/constraints",
    )
    # Defaults are not written out in a document that is not right yet, as the one begun with.
    was, now = (side.get("on_no_candidate", "refuse") for side in (old, new))
    if was != now:
        now = NO_CANDIDATE.get(shown(now), "it is unclear what happens")
        sentence = f"{title}: without a fitting candidate {now}."
        yield Change("changed", sentence, f"{pointer}/on_no_candidate")


def _candidate_changes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    before, after = _shares(old), _shares(new)
    place = {shown(entry.get("model")): index for index, entry in entries_of(new, "candidates")}
    weighted, ordered = (new.get("select") == word for word in ("weighted", "ordered"))
    first = list(after)[:1] if ordered and old.get("select") == "ordered" else []
    for model in before:
        if model not in after:
            was = ", and was tried first" if first and model == next(iter(before)) else ""
            yield Change("removed", f"{title}: {model} is no longer a candidate{was}.", pointer)
    for model, share in after.items():
        where = f"{pointer}/{place.get(model, 0)}"
        if model not in before:
            size = f" with {percent(share)}" if weighted else ""
            place_told = ", tried first" if [model] == first else ""
            yield Change("added", f"{title}: {model} is a candidate{size}{place_told}.", where)
        elif weighted and old.get("select") == "weighted" and before[model] != share:
            sentence = (
                f"{title}: {model} gets {percent(share)} of requests, was {percent(before[model])}."
            )
            yield Change("changed", sentence, f"{where}/weight")
    kept = [model for model in before if model in after]
    if ordered and kept != [model for model in after if model in before]:
        order, was = (listed(list(models), "and then") for models in (after, before))
        told = f"{title}: candidates are tried in the order {order}; it was {was}."
        yield Change("moved", told, pointer)


def _moved(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    """How many move, where that follows from earlier weights or is more than the shares differ."""
    try:
        before, after = parse_route(old).all_weights, parse_route(new).all_weights
    except DocumentError:
        return
    if before != after and (said := _moves_told(before, after)):
        yield Change("changed", f"{title}: {said}", f"{pointer}/candidates")


def _moves_told(before: tuple[Weights, ...], after: tuple[Weights, ...]) -> str:
    apart = from_parting(before, after)
    models = {model for side in apart for weights in side for model, _ in weights}
    if len(models) ** 2 * max(map(len, apart)) > MOST_FOLLOWED:
        return "too many models and changes of weights to tell how many conversations move."
    moved, least = moved_shares(before, after), least_moved(before[-1], after[-1])
    total = sum(moved.values())
    ways = sorted(moved.items(), key=lambda way: (-round(way[1], 9), way[0]))
    told = [f"{was} to {now} {share:.2%}" for (was, now), share in ways if share > LEAST_TOLD]
    if total > least + LEAST_TOLD:
        return (
            f"{total:.2%} of conversations change models, where the shares differ by "
            f"{least:.2%}: {', '.join(told)}."
        )
    if told and len(before) + len(after) > 2:
        (was, now), _ = ways[0]
        where = f"change models: {', '.join(told)}" if told[1:] else f"move from {was} to {now}"
        return f"{total:.2%} of conversations {where}; no others do."
    if before[:-1] != after[:-1]:
        return "other earlier weights, by which under 0.01% of conversations change models."
    return ""


def _shares(route: Entry) -> dict[str, float | None]:
    candidates = route.get("candidates")
    return dict(zip(model_names(candidates), weight_shares(candidates), strict=True))


def _constraint_changes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    for key, noun in (("regions", "regions"), ("capabilities", "capabilities")):
        if (old.get(key) or []) != (new.get(key) or []):
            was, now = (_words(side.get(key)) for side in (old, new))
            sentence = f"{title}: asks for {noun} {now}; was {was}."
            yield Change("changed", sentence, f"{pointer}/{key}", _fewer_demands(key, old, new))
    was_cap, now_cap = old.get("max_cost_usd"), new.get("max_cost_usd")
    if was_cap != now_cap:
        now = "no limit" if now_cap is None else f"at most ${shown(now_cap)}"
        was = "no limit" if was_cap is None else f"at most ${shown(was_cap)}"
        sentence = f"{title}: estimated cost {now} a request; was {was}."
        yield Change("changed", sentence, f"{pointer}/max_cost_usd", _is_raised(was_cap, now_cap))
    if bool(old.get("fits_context")) != bool(new.get("fits_context")):
        loosens = not new.get("fits_context")
        word = "may be too small for" if loosens else "must have room for"
        sentence = f"{title}: a candidate {word} the whole request."
        yield Change("changed", sentence, f"{pointer}/fits_context", loosens)


def _fewer_demands(key: str, old: Entry, new: Entry) -> bool:
    """Any listed region will do, so more of them ask for less; capabilities are all needed."""
    was, now = old.get(key) or [], new.get(key) or []
    if not isinstance(was, list) or not isinstance(now, list):
        return False
    if key == "regions":
        return bool(was) and (not now or any(region not in was for region in now))
    return any(capability not in now for capability in was)


def _is_raised(was: Any, now: Any) -> bool:
    """Whether a limit, where None is no limit, got weaker."""
    if now is None:
        return was is not None
    return isinstance(was, int | float) and isinstance(now, int | float) and now > was


def _words(values: Any) -> str:
    return listed(values, "and") if isinstance(values, list) and values else "any"


def _object(value: Any) -> Entry:
    return value if isinstance(value, dict) else {}


RULES = Listing(
    "rules",
    "id",
    "Rule",
    lambda rule: plain(policy_rule_parts(rule)),
    _compare_rules,
    order_matters=True,
    known_by="when",
)
