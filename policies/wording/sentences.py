"""Documents in words: conditions, rules, routes, fallback rows and thresholds as sentences.

Everything here reads raw documents, which may be wrong (a draft is read while it is written), so
nothing raises: what does not fit its place is shown as the JSON text that stands there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.engine.metrics import COMPARISONS

OPERATOR_SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}
# What a set is asked to hold: the words, and what joins the values.
HELD_WORDS = {
    "has_any": ("has", "or"),
    "has_all": ("has", "and"),
    "has_none": ("has none of", "or"),
}
SELECTION_WORDS = {"ordered": "first fit of", "cheapest": "cheapest of", "weighted": "split"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence. ``kind`` is word, name, value, then or result."""

    text: str
    kind: str


Parts = list[Part]
Units = Mapping[str, str]
NO_UNITS: Units = {}


def plain(parts: Iterable[Part]) -> str:
    """The sentence as text."""
    return " ".join(part.text for part in parts)


def shown(value: object) -> str:
    """A raw value for people: text as it is, numbers short, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def listed(values: object, joint: str) -> str:
    """``a, b or c``; what is not a list is shown as it is."""
    if not isinstance(values, list):
        return shown(values)
    words = [shown(value) for value in values]
    if len(words) < 2:
        return "".join(words) or "nothing yet"
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def _word(text: str) -> Part:
    return Part(text, "word")


def _value(text: str) -> Part:
    return Part(text, "value")


def condition_parts(when: object, units: Units = NO_UNITS) -> Parts:
    """``task is a or b and prompt_tokens ≥ 100 tokens``; ``units`` are of numbers, by name."""
    if not isinstance(when, dict):
        return [_value(shown(when))]
    if "any_of" in when:
        boxes = when["any_of"] if isinstance(when["any_of"], list) else [when["any_of"]]
        return _joined([_box_parts(box, units) for box in boxes], ", or")
    return _box_parts(when, units)


def _box_parts(box: object, units: Units) -> Parts:
    if not isinstance(box, dict):
        return [_value(shown(box))]
    if not box:
        return [_word("always")]
    tests = [_test_parts(name, test, units.get(name, "")) for name, test in box.items()]
    return _joined(tests, "and")


def _test_parts(name: str, constraint: object, unit: str) -> Parts:
    subject = Part(name, "name")
    if isinstance(constraint, bool):
        return [subject, _word("is"), _value("true" if constraint else "false")]
    if not isinstance(constraint, dict) or not constraint:
        return [subject, _word("is"), _value(shown(constraint))]
    tests = [_operator_parts(key, operand, unit) for key, operand in constraint.items()]
    return [subject, *_joined(tests, "and")]


def _operator_parts(operator: str, operand: object, unit: str) -> Parts:
    if operator == "in":
        return [_word("is"), _value(listed(operand, "or"))]
    if operator == "not_in":
        return [_word("is not"), _value(listed(operand, "or"))]
    if operator in HELD_WORDS:
        words, joint = HELD_WORDS[operator]
        return [_word(words), _value(listed(operand, joint))]
    if operator == "present":
        return [_word("is missing" if operand is False else "is present")]
    if operator in OPERATOR_SIGNS:
        return [_value(f"{OPERATOR_SIGNS[operator]} {_number(operand)} {unit}".rstrip())]
    return [_value(f"{operator} {shown(operand)}")]


def _number(value: object) -> str:
    return "…" if value is None else shown(value)


def _joined(pieces: list[Parts], joint: str) -> Parts:
    """The pieces with the joint between them; a comma sticks to the word before it."""
    parts: Parts = []
    for index, piece in enumerate(pieces):
        if index and joint.startswith(","):
            parts[-1] = Part(parts[-1].text + ",", parts[-1].kind)
        if index:
            parts.append(_word(joint.lstrip(", ")))
        parts.extend(piece)
    return parts


def class_rule_parts(rule: Mapping[str, Any], units: Units = NO_UNITS) -> Parts:
    """``When … → class simple``."""
    when = rule.get("when")
    start = [] if when == {} else [_word("When")]
    said = [Part("Always", "word")] if when == {} else condition_parts(when, units)
    result = Part(shown(rule.get("class") or "no class yet"), "result")
    return [*start, *said, Part("→", "then"), result]


def policy_rule_parts(rule: Mapping[str, Any], units: Units = NO_UNITS) -> Parts:
    """``When … → split m1 90%, m2 10%``."""
    when = rule.get("when")
    start = [] if when == {} else [_word("When")]
    said = [Part("Always", "word")] if when == {} else condition_parts(when, units)
    return [*start, *said, Part("→", "then"), *route_parts(rule.get("route"))]


def route_parts(route: object) -> Parts:
    """Who is chosen and under which constraints."""
    if not isinstance(route, dict):
        return [_value(shown(route))]
    candidates = route.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        return [Part("no model yet", "result")]
    select = shown(route.get("select"))
    names = _shared_names(candidates) if select == "weighted" else model_names(candidates)
    parts = [Part(", ".join(names), "result")]
    if len(candidates) > 1:
        parts.insert(0, _word(SELECTION_WORDS.get(select, select)))
    earlier = route.get("earlier_weights")
    if select == "weighted" and isinstance(earlier, list) and earlier:
        times = "one change" if len(earlier) == 1 else f"{len(earlier)} changes"
        parts.append(_word(f"after {times} of weights"))
    return [*parts, *constraint_parts(route.get("constraints"))]


def model_names(candidates: object) -> list[str]:
    entries = candidates if isinstance(candidates, list) else []
    return [
        shown(entry.get("model") or "…") if isinstance(entry, dict) else shown(entry)
        for entry in entries
    ]


def weight_shares(candidates: object) -> list[float | None]:
    """Each candidate's share of a weighted split, 0 to 1; None while the weights are not right."""
    entries = candidates if isinstance(candidates, list) else []
    weights = [entry.get("weight", 1) if isinstance(entry, dict) else None for entry in entries]
    right = [
        weight
        for weight in weights
        if isinstance(weight, int | float) and not isinstance(weight, bool) and weight >= 0
    ]
    total = sum(right)
    if len(right) < len(weights) or not total:
        return [None] * len(weights)
    return [weight / total for weight in right]


def percent(share: float | None) -> str:
    """``33.3%``, without needless zeros."""
    return "…" if share is None else f"{round(share * 100, 1):g}%"


def _shared_names(candidates: object) -> list[str]:
    shares = weight_shares(candidates)
    return [
        f"{name} {percent(share)}"
        for name, share in zip(model_names(candidates), shares, strict=True)
    ]


def constraint_parts(constraints: object) -> Parts:
    """``in eu or us``, ``with tools``, ``at most $0.05``; nothing where nothing is asked."""
    if not isinstance(constraints, dict):
        return []
    parts: Parts = []
    if constraints.get("regions"):
        parts += [_word("in"), _value(listed(constraints["regions"], "or"))]
    if constraints.get("capabilities"):
        parts += [_word("with"), _value(listed(constraints["capabilities"], "and"))]
    if constraints.get("max_cost_usd") is not None:
        parts += [_word("at most"), _value(f"${shown(constraints['max_cost_usd'])}")]
    if constraints.get("fits_context"):
        parts.append(_word("if the request fits"))
    return parts


def fallback_row_parts(row: Mapping[str, Any]) -> Parts:
    """``m1 on timeout or rate_limit: retry 1 time, then m2, m3``."""
    model = row.get("model")
    parts: Parts = [Part("any model" if model == "*" else shown(model or "…"), "name")]
    if row.get("class") is not None:
        parts += [_word("for class"), _value(shown(row["class"]))]
    parts += [_word("on"), _value(listed(row.get("on", []), "or")), Part("→", "then")]
    retries = row.get("retries")
    count = retries.get("count", 0) if isinstance(retries, dict) else 0
    then = row.get("then") or []
    if count:
        parts.append(_word(f"retry {times(count)},"))
    if then:
        targets = " → ".join(map(shown, then)) if isinstance(then, list) else shown(then)
        return [*parts, _word("then"), Part(targets, "result")]
    return [*parts, Part("then stop" if count else "stop", "result")]


def times(count: object) -> str:
    """``once``, ``twice``, ``3 times``."""
    if count in (1, 2):
        return "once" if count == 1 else "twice"
    return f"{shown(count)} times"


def bound_text(threshold: Mapping[str, Any]) -> str:
    """What a threshold asks of its metric: ``≥ 0.9`` or ``not worse than baseline by 0.02``."""
    comparison = COMPARISONS.get(shown(threshold.get("comparison")), COMPARISONS["absolute"])
    bound = threshold.get(comparison.bound)
    is_share = comparison.needs_baseline and threshold.get("relative")
    size = percent(bound) if is_share and isinstance(bound, int | float) else _number(bound)
    sign = OPERATOR_SIGNS.get(shown(threshold.get("op")), shown(threshold.get("op")))
    return comparison.phrase.format(sign=sign, bound=size)


def threshold_parts(threshold: Mapping[str, Any], labels: Units = NO_UNITS) -> Parts:
    """``Mean quality for every class not worse than baseline by 0.02``; labels of metrics."""
    metric = shown(threshold.get("metric") or "…")
    key = threshold.get("class", "*")
    scope = [_word("for every class")] if key == "*" else [_word("for class"), _value(shown(key))]
    return [Part(labels.get(metric, metric), "name"), *scope, _value(bound_text(threshold))]


def units_of(classification: object) -> dict[str, str]:
    """Units of the number attributes of a raw classification document, by name."""
    attributes = classification.get("attributes") if isinstance(classification, dict) else None
    entries = attributes if isinstance(attributes, list) else []
    named = [entry for entry in entries if isinstance(entry, dict)]
    return {
        entry["name"]: entry["unit"]
        for entry in named
        if isinstance(entry.get("name"), str) and isinstance(entry.get("unit"), str)
    }


def indented(document: object) -> str:
    """A document as JSON text for people."""
    return json.dumps(document, indent=2, ensure_ascii=False)
