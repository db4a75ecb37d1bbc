"""Conditions: unions of boxes over typed attributes, their parser and their meaning.

A condition is a map attribute → constraint, all of which must hold, or ``{"any_of": [map, …]}``,
one level deep. A constraint on a missing attribute does not hold, save ``{"present": false}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .attributes import Attribute
from .reading import Place, kind_of, quoted, report_repeats

# A set is its values, each once, sorted.
Value = str | float | bool | tuple[str, ...]
RANGE_OPERATORS = ("gte", "gt", "lt", "lte")
SET_OPERATORS = ("has_any", "has_all", "has_none")
# Tests that others have and conditions do not: a rule is a union of boxes of whole values.
WITHIN_TEXTS = ("starts_with", "ends_with", "prefix", "suffix", "contains", "matches", "regex")
# ``has_any`` of several sets at once asks for each with each; the analysis looks at them all.
MOST_COMBINATIONS = 1000
HOW_TO_TEST = {
    "category": '{"in": […]}, {"not_in": […]} or {"present": true}',
    "set": '{"has_any": […]}, {"has_all": […]}, {"has_none": […]} or {"present": true}',
    "number": '{"gte"|"gt"|"lt"|"lte": number} or {"present": true}',
    "flag": 'true, false or {"present": true}',
}


@dataclass(frozen=True, slots=True)
class In:
    """A category is one of ``values``."""

    values: tuple[str, ...]

    def holds(self, value: Value | None) -> bool:
        return value in self.values

    def to_json(self) -> object:
        return {"in": list(self.values)}


@dataclass(frozen=True, slots=True)
class NotIn:
    """A category is there and is none of ``values``."""

    values: tuple[str, ...]

    def holds(self, value: Value | None) -> bool:
        return value is not None and value not in self.values

    def to_json(self) -> object:
        return {"not_in": list(self.values)}


@dataclass(frozen=True, slots=True)
class Range:
    """A number lies between bounds; at most one lower and one upper bound are set."""

    gte: float | None = None
    gt: float | None = None
    lt: float | None = None
    lte: float | None = None

    def holds(self, value: Value | None) -> bool:
        if value is None or isinstance(value, str | tuple):
            return False
        return (
            (self.gte is None or value >= self.gte)
            and (self.gt is None or value > self.gt)
            and (self.lt is None or value < self.lt)
            and (self.lte is None or value <= self.lte)
        )

    def is_empty(self) -> bool:
        lows = [bound for bound in (self.gte, self.gt) if bound is not None]
        highs = [bound for bound in (self.lt, self.lte) if bound is not None]
        if not lows or not highs:
            return False
        strict = self.gt is not None or self.lt is not None
        return max(lows) >= min(highs) if strict else max(lows) > min(highs)

    def to_json(self) -> object:
        bounds = {"gte": self.gte, "gt": self.gt, "lt": self.lt, "lte": self.lte}
        return {name: bound for name, bound in bounds.items() if bound is not None}


@dataclass(frozen=True, slots=True)
class Has:
    """A set is there and holds at least one of ``has_any``, each of ``has_all`` and not one of
    ``has_none``; an empty one asks for nothing.
    """

    has_any: tuple[str, ...] = ()
    has_all: tuple[str, ...] = ()
    has_none: tuple[str, ...] = ()

    def holds(self, value: Value | None) -> bool:
        if not isinstance(value, tuple):
            return False
        return (
            (not self.has_any or any(wanted in value for wanted in self.has_any))
            and all(wanted in value for wanted in self.has_all)
            and not any(unwanted in value for unwanted in self.has_none)
        )

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that it names."""
        return tuple(dict.fromkeys((*self.has_any, *self.has_all, *self.has_none)))

    def is_empty(self) -> bool:
        """Whether no set is like that."""
        unwanted = set(self.has_none)
        asked_and_not = bool(unwanted & set(self.has_all))
        return asked_and_not or (bool(self.has_any) and set(self.has_any) <= unwanted)

    def to_json(self) -> object:
        named = {"has_any": self.has_any, "has_all": self.has_all, "has_none": self.has_none}
        return {operator: list(values) for operator, values in named.items() if values}


@dataclass(frozen=True, slots=True)
class Is:
    """A flag is ``expected``."""

    expected: bool

    def holds(self, value: Value | None) -> bool:
        return value is self.expected

    def to_json(self) -> object:
        return self.expected


@dataclass(frozen=True, slots=True)
class Present:
    """An attribute of any type is there, or is not."""

    expected: bool

    def holds(self, value: Value | None) -> bool:
        return (value is not None) is self.expected

    def to_json(self) -> object:
        return {"present": self.expected}


Constraint = In | NotIn | Has | Range | Is | Present


@dataclass(frozen=True, slots=True)
class Box:
    """Constraints that must all hold, sorted by attribute name; none at all always holds."""

    tests: tuple[tuple[str, Constraint], ...] = ()

    def holds(self, values: Mapping[str, Value]) -> bool:
        # Plain loops here and below: all() and any() take a quarter of a decision's time.
        for name, constraint in self.tests:  # noqa: SIM110  see above
            if not constraint.holds(values.get(name)):
                return False
        return True

    def to_json(self) -> dict[str, object]:
        return {name: constraint.to_json() for name, constraint in self.tests}


@dataclass(frozen=True, slots=True)
class Condition:
    """Boxes of which at least one must hold. One box is written plainly, more as ``any_of``."""

    boxes: tuple[Box, ...] = (Box(),)

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether it holds for values of the declared types; absent keys are missing values."""
        for box in self.boxes:  # noqa: SIM110  see above
            if box.holds(values):
                return True
        return False

    def attribute_names(self) -> frozenset[str]:
        return frozenset(name for box in self.boxes for name, _ in box.tests)

    def to_json(self) -> dict[str, object]:
        if len(self.boxes) == 1:
            return self.boxes[0].to_json()
        return {"any_of": [box.to_json() for box in self.boxes]}


ALWAYS = Condition()


def read_condition(place: Place, attributes: Mapping[str, Attribute] | None) -> Condition:
    """Reads a condition; checks names, operators and values when the attributes are known."""
    members = dict(place.members())
    alternatives = members.get("any_of")
    if alternatives is None:
        return Condition((_read_box(members, attributes),))
    if len(members) > 1:
        place.report('"any_of" must stand alone; move the other constraints into its boxes')
    boxes = tuple(
        _read_alternative(item, attributes)
        for item in alternatives.items(not_empty=True, of="conditions")
    )
    return Condition(boxes or (Box(),))


def _read_alternative(place: Place, attributes: Mapping[str, Attribute] | None) -> Box:
    members = dict(place.members())
    if "any_of" in members:
        members.pop("any_of").report('"any_of" cannot be nested; list its conditions one level up')
    return _read_box(members, attributes)


def _read_box(members: dict[str, Place], attributes: Mapping[str, Attribute] | None) -> Box:
    tests = [(name, _read_test(name, place, attributes)) for name, place in members.items()]
    combined = 1
    for name, test in tests:
        combined *= len(test.has_any) or 1 if isinstance(test, Has) else 1
        if combined > MOST_COMBINATIONS:
            members[name].report(
                f'"has_any" asks for {combined} combinations of values with those before it; '
                f"at most {MOST_COMBINATIONS} may be asked for at once"
            )
            break
    return Box(tuple(sorted(tests, key=lambda test: test[0])))


def _read_test(name: str, place: Place, attributes: Mapping[str, Attribute] | None) -> Constraint:
    if attributes is None:
        return read_constraint(place)
    attribute = attributes.get(name)
    if attribute is None:
        known = quoted(attributes) or "none"
        place.report(f"unknown attribute{place.guess(name, attributes)}; declared are {known}")
        return read_constraint(place)
    before = len(place.log)
    constraint = read_constraint(place)
    if len(place.log) == before:
        _check_fits(place, constraint, attribute)
    return constraint


def read_constraint(place: Place) -> Constraint:
    """Reads one constraint by its shape alone."""
    if isinstance(place.value, bool):
        return Is(place.value)
    if not isinstance(place.value, dict):
        place.report(f"must be true, false or an object such as {HOW_TO_TEST['category']}")
        return Present(True)
    named = [operator for operator in place.value if operator in _READERS]
    within = [operator for operator in place.value if operator in WITHIN_TEXTS]
    for operator in within:
        place.child(operator, None).report(
            'texts are compared whole: list the values with "in", or have the router send what is '
            "tested, such as the prefix, as an attribute of its own"
        )
    if within:
        return Present(True)
    fields = place.fields(*_READERS)
    if len(named) != len(place.value):
        return Present(True)
    if not named:
        place.report(f"must name an operator: one of {quoted(_READERS)}")
    elif len(named) > 1 and not any(set(named) <= set(group) for group in _COMBINED):
        place.report(
            f"{quoted(named)} cannot be combined; only gte, gt, lt and lte can, and only has_any, "
            "has_all and has_none"
        )
    else:
        return _READERS[named[0]](place, fields.required(named[0]))
    return Present(True)


def _read_values(place: Place) -> tuple[str, ...]:
    entries = [(item, item.text()) for item in place.items(not_empty=True, of="values")]
    report_repeats(entries, "value")
    return tuple(value for _, value in entries)


def _read_in(_: Place, operand: Place) -> Constraint:
    return In(_read_values(operand))


def _read_not_in(_: Place, operand: Place) -> Constraint:
    return NotIn(_read_values(operand))


def _read_present(_: Place, operand: Place) -> Constraint:
    return Present(operand.flag())


def _read_range(place: Place, _: Place) -> Constraint:
    fields = place.fields(*RANGE_OPERATORS)
    before = len(place.log)
    bounds = {name: fields.required(name).number() for name in RANGE_OPERATORS if fields.has(name)}
    for pair in (("gte", "gt"), ("lt", "lte")):
        if set(pair) <= set(bounds):
            place.report(f"must use one of {quoted(pair)}, not both")
    found = Range(**bounds)
    if len(place.log) == before and found.is_empty():
        place.report("no number lies in this range; the lower bound must be below the upper one")
    return found


def _read_has(place: Place, _: Place) -> Constraint:
    fields = place.fields(*SET_OPERATORS)
    before = len(place.log)
    named = {
        name: _read_values(fields.required(name)) for name in SET_OPERATORS if fields.has(name)
    }
    found = Has(**named)
    if len(place.log) == before and found.is_empty():
        place.report('no set is like this; "has_none" takes away what the others ask for')
    return found


_COMBINED = (RANGE_OPERATORS, SET_OPERATORS)
_READERS: dict[str, Callable[[Place, Place], Constraint]] = {
    "in": _read_in,
    "not_in": _read_not_in,
    **dict.fromkeys(SET_OPERATORS, _read_has),
    **dict.fromkeys(RANGE_OPERATORS, _read_range),
    "present": _read_present,
}


_FITTING: dict[str, tuple[type, ...]] = {
    "category": (In, NotIn),
    "set": (Has,),
    "number": (Range,),
    "flag": (Is,),
}


def _check_fits(place: Place, constraint: Constraint, attribute: Attribute) -> None:
    """Reports an operator of another type, or a value the attribute does not declare."""
    if isinstance(constraint, Present) or not attribute.type:
        return
    if not isinstance(constraint, _FITTING[attribute.type]):
        how = HOW_TO_TEST[attribute.type]
        place.report(
            f'"{attribute.name}" is a {attribute.type}, which cannot be tested with '
            f"{kind_of(place.value) if isinstance(constraint, Is) else quoted(_names(place))}; "
            f"use {how}"
        )
    elif isinstance(constraint, In | NotIn | Has) and attribute.values is not None:
        _check_values(place, constraint, attribute.values)


def _names(place: Place) -> list[str]:
    return list(place.value) if isinstance(place.value, dict) else []


def _check_values(place: Place, constraint: In | NotIn | Has, declared: tuple[str, ...]) -> None:
    for operator, operand in dict(place.members()).items():
        for index, value in enumerate(_named_by(constraint, operator)):
            if value not in declared:
                operand.child(index, value).choice(declared, what="a declared value")


def _named_by(constraint: In | NotIn | Has, operator: str) -> tuple[str, ...]:
    return getattr(constraint, operator) if isinstance(constraint, Has) else constraint.values
