"""Which rules, rows and classes two bundles do not share, and which of them a request meets. Pure.

A measured figure says nothing of a change that no measured request meets; so whoever measures
keeps the pointers that requests met (`PartsOf`) and names the changed ones that none did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from policies.engine import FAILURE_KINDS, Bundle, Decision
from policies.engine.classification import ClassRule
from policies.engine.conditions import Condition
from policies.engine.routing import PolicyRule

DEFAULT_ROUTE = "/router_policy/default"
DEFAULT_CLASS = "/request_classification/default_class"
PROVIDED = "/request_classification/provided"
CLASS_RULES, CLASSES = "/request_classification/rules", "/request_classification/classes"
ROUTING_RULES, ROWS = "/router_policy/rules", "/fallback_matrix/rows"
# Members that tell people something and routers nothing.
WORDS = ("label", "description")


@dataclass(frozen=True, slots=True)
class Part:
    """A rule, row or class that is not the same in both bundles.

    `pointer` leads into the candidate, for what was removed into the base; `words` name it.
    """

    pointer: str
    words: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Entry:
    pointer: str
    words: str
    content: object


class PartsOf:
    """The pointers of one bundle's parts that requests meet."""

    def __init__(self, bundle: Bundle) -> None:
        self._matrix = bundle.fallback_matrix
        classification, policy = bundle.request_classification, bundle.router_policy
        self._classes = _places(CLASSES, classification.class_keys)
        self._class_rules = _places(CLASS_RULES, (rule.id for rule in classification.rules))
        self._rules = _places(ROUTING_RULES, (rule.id for rule in policy.rules))
        self._rows = {id(row): f"{ROWS}/{index}" for index, row in enumerate(self._matrix.rows)}

    def met_by(self, decision: Decision) -> Iterator[str]:
        """What decided the request: its class, the rule that gave it, the rule that routed it."""
        yield self._classes[decision.class_key]
        if decision.class_source == "provided":
            yield PROVIDED
        else:
            yield self._class_rules.get(decision.class_rule or "", DEFAULT_CLASS)
        yield self._rules.get(decision.policy_rule, DEFAULT_ROUTE)
        if decision.fell_to_default:
            yield DEFAULT_ROUTE

    def met_after(self, decision: Decision, failures: Iterable[tuple[str, str]]) -> Iterator[str]:
        """The rows that answer these (model, failure kind) of the request."""
        for model, kind in failures:
            row = self._matrix.row_for(model, decision.class_key, kind)
            if row is not None:
                yield self._rows[id(row)]

    def met_if(self, decision: Decision, models: Iterable[str]) -> Iterator[str]:
        """The rows that would answer any failure of these models."""
        return self.met_after(decision, ((m, kind) for m in models for kind in FAILURE_KINDS))


def unmet_parts(
    base: Bundle, candidate: Bundle, met: Collection[str], met_now: Collection[str]
) -> tuple[Part, ...]:
    """The changed parts that no request meets, neither as `base` has them nor as `candidate`."""
    before, after = _entries(base), _entries(candidate)
    found = []
    for name, now in after.items():
        was = before.get(name)
        is_same = was is not None and was.content == now.content
        is_met = now.pointer in met_now or (was is not None and was.pointer in met)
        if not is_same and not is_met:
            found.append(Part(now.pointer, now.words))
    for name, was in before.items():
        if name not in after and was.pointer not in met:
            found.append(Part(was.pointer, f"{was.words}, which is removed"))
    return tuple(found)


def _places(pointer: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"{pointer}/{index}" for index, name in enumerate(names)}


def _entries(bundle: Bundle) -> dict[tuple[str, object], _Entry]:
    """(kind of part, what names it) → the part, with what it does."""
    return {**_class_entries(bundle), **_route_entries(bundle), **_row_entries(bundle)}


def _class_entries(bundle: Bundle) -> dict[tuple[str, object], _Entry]:
    classification = bundle.request_classification
    found: dict[tuple[str, object], _Entry] = {}
    for index, entry in enumerate(classification.classes):
        content = _without_words(entry.to_json())
        words = f"class “{entry.key}”"
        found["class", entry.key] = _Entry(f"{CLASSES}/{index}", words, content)
    rules = classification.rules
    found |= _rule_entries(bundle, "class rule", CLASS_RULES, rules)
    default = classification.default_class
    found["default class", ""] = _Entry(DEFAULT_CLASS, "the default class", default)
    if classification.provided:
        words = "the class that routers provide"
        found["provided", ""] = _Entry(PROVIDED, words, classification.provided.to_json())
    return found


def _route_entries(bundle: Bundle) -> dict[tuple[str, object], _Entry]:
    policy = bundle.router_policy
    found = _rule_entries(bundle, "rule", ROUTING_RULES, policy.rules)
    route = policy.default.to_json()
    found["default route", ""] = _Entry(DEFAULT_ROUTE, "the default route", route)
    return found


def _rule_entries(
    bundle: Bundle, noun: str, pointer: str, rules: Iterable[ClassRule | PolicyRule]
) -> dict[tuple[str, object], _Entry]:
    """A rule is also changed where an attribute that it tests is declared in another way."""
    declared = bundle.request_classification.declared.values()
    attributes = {attribute.name: _without_words(attribute.to_json()) for attribute in declared}
    found: dict[tuple[str, object], _Entry] = {}
    for index, rule in enumerate(rules):
        content = (_without_words(rule.to_json()), _tested(rule.when, attributes))
        found[noun, rule.id] = _Entry(f"{pointer}/{index}", f"{noun} “{rule.id}”", content)
    return found


def _row_entries(bundle: Bundle) -> dict[tuple[str, object], _Entry]:
    found: dict[tuple[str, object], _Entry] = {}
    for index, row in enumerate(bundle.fallback_matrix.rows):
        of_class = f" and class “{row.class_key}”" if row.class_key else ""
        words = f"fallback row of {row.model}{of_class} after {', '.join(row.on)}"
        name = (row.model, row.class_key, row.on)
        found["row", name] = _Entry(f"{ROWS}/{index}", words, row.to_json())
    return found


def _tested(condition: Condition, attributes: Mapping[str, object]) -> dict[str, object]:
    """The attributes that a condition tests, as they are declared."""
    names = {name for box in condition.boxes for name, _ in box.tests}
    return {name: attributes[name] for name in sorted(names) if name in attributes}


def _without_words(entry: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entry.items() if key not in WORDS}
