"""The component ``router_policy``: rules, routes, and how traffic is split."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from .attributes import Attribute
from .conditions import Condition, read_condition
from .reading import Place, parsed, report_repeats, unique_words
from .splitting import Dealt, Step, Weights, dealt, steps_of

SELECTIONS = ("ordered", "weighted", "cheapest")
ON_NO_CANDIDATE = ("refuse", "default")
DEFAULT_RULE = "default"
MOST_EARLIER_WEIGHTS = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that a route may choose. ``weight`` counts in weighted splits only."""

    model: str
    weight: float = 1

    def to_json(self) -> dict[str, object]:
        return {"model": self.model, "weight": self.weight}


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a candidate must offer: one of ``regions``, all ``capabilities``, an estimated cost
    of at most ``max_cost_usd`` a request, room for the whole request where ``fits_context``.
    """

    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    max_cost_usd: float | None = None
    fits_context: bool = False

    def to_json(self) -> dict[str, object]:
        return {
            "regions": list(self.regions),
            "capabilities": list(self.capabilities),
            "max_cost_usd": self.max_cost_usd,
            "fits_context": self.fits_context,
        }


@dataclass(frozen=True)
class Route:
    """Where a request goes. The salt belongs to the split: keep it and nobody is reshuffled.

    ``earlier_weights`` are those that a split had before, oldest first; None where nothing is
    said of them, which decides as none does.
    """

    select: str
    candidates: tuple[Candidate, ...]
    salt: str
    constraints: Constraints = Constraints()
    on_no_candidate: str = "refuse"
    earlier_weights: tuple[Weights, ...] | None = None

    @cached_property
    def all_weights(self) -> tuple[Weights, ...]:
        """What a split was dealt by, from the oldest weights to the present ones."""
        present = [(entry.model, entry.weight) for entry in self.candidates if entry.weight > 0]
        return (*(self.earlier_weights or ()), tuple(sorted(present)))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return steps_of(self.all_weights)

    def dealt(self, key: str) -> Dealt:
        """How a split deals out a key."""
        return dealt(self.all_weights[0], self.steps, self.salt, key)

    def to_json(self) -> dict[str, object]:
        """Without earlier weights where nothing is said of them: documents of before have the
        digest that they had.
        """
        earlier = self.earlier_weights
        return {
            "select": self.select,
            "salt": self.salt,
            "candidates": [candidate.to_json() for candidate in self.candidates],
            **({} if earlier is None else {"earlier_weights": list(map(dict, earlier))}),
            "constraints": self.constraints.to_json(),
            "on_no_candidate": self.on_no_candidate,
        }


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """``when`` (which may test ``class``) → ``route``; the first rule that holds wins."""

    id: str
    when: Condition
    route: Route
    description: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "description": self.description,
            "when": self.when.to_json(),
            "route": self.route.to_json(),
        }


@dataclass(frozen=True)
class RouterPolicy:
    """The whole component document. ``sticky_on`` names the attribute whose value keeps a
    conversation on one candidate; without one, the request id is hashed.
    """

    rules: tuple[PolicyRule, ...]
    default: Route
    sticky_on: str | None = None

    def routes(self) -> tuple[tuple[str, Route], ...]:
        """Every route with the id of its rule, the default route last as ``default``."""
        return (*((rule.id, rule.route) for rule in self.rules), (DEFAULT_RULE, self.default))

    def to_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "rules": [rule.to_json() for rule in self.rules],
            "default": self.default.to_json(),
            "sticky_on": self.sticky_on,
        }


def parse_router_policy(raw: object) -> RouterPolicy:
    """Parses the document on its own: names of attributes, classes and models stay unchecked."""
    return parsed(raw, read_router_policy)


def read_router_policy(
    place: Place,
    vocabulary: Mapping[str, Attribute] | None = None,
    models: Collection[str] | None = None,
) -> RouterPolicy:
    """Reads the document; checks names against ``vocabulary`` and ``models`` where given."""
    fields = place.fields("schema", "rules", "default", "sticky_on")
    fields.required("schema").schema()
    items = fields.optional("rules", []).items(of="rules")
    rules = tuple(_read_rule(item, vocabulary, models) for item in items)
    ids = [(item.child("id", None), rule.id) for item, rule in zip(items, rules, strict=True)]
    report_repeats(ids, "rule id")
    return RouterPolicy(
        rules=rules,
        default=_read_default_route(fields.required("default"), models),
        sticky_on=fields.optional("sticky_on", None).nullable(
            lambda sticky: _read_sticky_on(sticky, vocabulary)
        ),
    )


def _read_rule(
    place: Place,
    vocabulary: Mapping[str, Attribute] | None,
    models: Collection[str] | None,
) -> PolicyRule:
    fields = place.fields("id", "description", "when", "route")
    id_place = fields.required("id")
    rule_id = id_place.key()
    if rule_id == DEFAULT_RULE:
        id_place.report('must differ from "default", which names the default route')
    return PolicyRule(
        id=rule_id,
        description=fields.optional("description", "").text(),
        when=read_condition(fields.required("when"), vocabulary),
        route=_read_route(fields.required("route"), rule_id, models),
    )


def _read_default_route(place: Place, models: Collection[str] | None) -> Route:
    route = _read_route(place, DEFAULT_RULE, models)
    if route.on_no_candidate == "default":
        place.child("on_no_candidate", None).report(
            'must be "refuse": the default route has no other route to fall back on'
        )
    return route


def parse_route(raw: object) -> Route:
    """Parses a route on its own; without a salt it has that of a default route."""
    return parsed(raw, lambda place: _read_route(place, DEFAULT_RULE, None))


def _read_route(place: Place, rule_id: str, models: Collection[str] | None) -> Route:
    fields = place.fields(
        "select", "salt", "candidates", "earlier_weights", "constraints", "on_no_candidate"
    )
    select = fields.required("select").choice(SELECTIONS)
    candidates = _read_candidates(fields.required("candidates"), models)
    if select == "weighted" and candidates and not any(entry.weight for entry in candidates):
        place.child("candidates", None).report("must give at least one candidate a weight above 0")
    return Route(
        select=select,
        candidates=candidates,
        # A missing salt is the rule's id, written out: renaming the rule later keeps the split.
        salt=fields.optional("salt", rule_id or "-").label(),
        constraints=_read_constraints(fields.optional("constraints", {})),
        on_no_candidate=fields.optional("on_no_candidate", "refuse").choice(ON_NO_CANDIDATE),
        earlier_weights=_read_earlier_weights(fields.optional("earlier_weights", []))
        if fields.has("earlier_weights")
        else None,
    )


def _read_earlier_weights(place: Place) -> tuple[Weights, ...]:
    items = place.items(of="weights, each an object of models and their weights")
    if len(items) > MOST_EARLIER_WEIGHTS:
        place.report(
            f"must be at most {MOST_EARLIER_WEIGHTS} earlier weights, not {len(items)}; say [] to "
            "deal everyone out by the present weights alone, which moves more of them this once"
        )
    return tuple(map(_read_weights, items))


def _read_weights(place: Place) -> Weights:
    """Models may be named that the catalogue has no more."""
    entries = place.members()
    if isinstance(place.value, dict) and not entries:
        place.report("must give at least one model a weight")
    read = [
        (
            read_model_name(Place(name, weight.pointer, weight.log), None),
            weight.number(at_least=0, above=True),
        )
        for name, weight in entries
    ]
    return tuple(sorted(read))


def _read_candidates(place: Place, models: Collection[str] | None) -> tuple[Candidate, ...]:
    items = place.items(not_empty=True, of="candidates")
    candidates = tuple(_read_candidate(item, models) for item in items)
    names = [
        (item.child("model", None), candidate.model)
        for item, candidate in zip(items, candidates, strict=True)
    ]
    report_repeats(names, "candidate of a route")
    return candidates


def _read_candidate(place: Place, models: Collection[str] | None) -> Candidate:
    fields = place.fields("model", "weight")
    return Candidate(
        model=read_model_name(fields.required("model"), models),
        weight=fields.optional("weight", 1).number(at_least=0),
    )


def _read_constraints(place: Place) -> Constraints:
    fields = place.fields("regions", "capabilities", "max_cost_usd", "fits_context")
    return Constraints(
        regions=unique_words(fields.optional("regions", []), Place.key, "region"),
        capabilities=unique_words(fields.optional("capabilities", []), Place.key, "capability"),
        max_cost_usd=fields.optional("max_cost_usd", None).nullable(
            lambda limit: limit.number(at_least=0, above=True)
        ),
        fits_context=fields.optional("fits_context", False).flag(),
    )


def read_model_name(place: Place, models: Collection[str] | None) -> str:
    """A model's name; one the catalogue knows, where the catalogue is at hand."""
    name = place.label()
    if name == "*":
        place.report('must name one model; "*" stands for any model only as the row of a matrix')
        return ""
    if name and models is not None and name not in models:
        place.report(
            f'unknown model "{name}"{place.guess(name, models)}; the catalogue must list it'
        )
    return name


def _read_sticky_on(place: Place, vocabulary: Mapping[str, Attribute] | None) -> str:
    name = place.key()
    if not name or vocabulary is None:
        return name
    attribute = vocabulary.get(name)
    if attribute is None or name == "class":
        known = [entry.name for entry in vocabulary.values() if entry.type == "category"]
        hint = place.guess(name, [category for category in known if category != "class"])
        place.report(f'must be null or a declared category{hint}; "{name}" is not declared')
    elif attribute.type not in ("category", ""):
        place.report(f'must be a category, but "{name}" is a {attribute.type}')
    return name
