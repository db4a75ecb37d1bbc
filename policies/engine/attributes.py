"""Attributes: the input contract of a workflow's requests."""

from __future__ import annotations

from dataclasses import dataclass

from .reading import Place, quoted, report_repeats
from .text import folded, pattern_problem

TYPES = ("category", "set", "number", "flag")
# Types whose values are texts that may be listed beforehand.
VALUED = ("category", "set")
# "class" is what policies call the outcome of classification; "any_of" is a condition's word.
RESERVED_NAMES = ("class", "any_of")


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a flag follows from ``request.prompt``: by ``keywords`` (any of them occurs, whatever
    the case) or by an RE2 ``pattern`` (found anywhere). Exactly one of the two is set.
    """

    keywords: tuple[str, ...] = ()
    pattern: str | None = None

    def to_json(self) -> dict[str, object]:
        if self.pattern is not None:
            return {"pattern": self.pattern}
        return {"keywords": list(self.keywords)}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One declared attribute. ``values`` (categories and sets) is None where any text may come;
    ``unit`` belongs to numbers, ``derived_from`` to flags. ``within`` bounds a number: others count
    as missing; it is not written but follows from what the attribute is for.
    """

    name: str
    type: str
    description: str = ""
    unit: str = ""
    values: tuple[str, ...] | None = None
    derived_from: Derivation | None = None
    within: tuple[float, float] | None = None

    def to_json(self) -> dict[str, object]:
        own: dict[str, object] = {}
        if self.type == "number":
            own["unit"] = self.unit
        elif self.type in VALUED:
            own["values"] = None if self.values is None else list(self.values)
        else:
            own["derived_from"] = self.derived_from and self.derived_from.to_json()
        return {"name": self.name, "type": self.type, "description": self.description, **own}


OWN_KEY = {"number": "unit", "category": "values", "set": "values", "flag": "derived_from"}


def read_attribute(place: Place) -> Attribute:
    fields = place.fields("name", "type", "description", *dict.fromkeys(OWN_KEY.values()))
    kind = fields.required("type").choice(TYPES)
    for key in dict.fromkeys(OWN_KEY.values()):
        if fields.has(key) and kind and OWN_KEY[kind] != key:
            owners = " or a ".join(owner for owner, own in OWN_KEY.items() if own == key)
            place.child(key, None).report(
                f'"{key}" belongs to a {owners}; a {kind} has "{OWN_KEY[kind]}"'
            )
    return Attribute(
        name=read_attribute_name(fields.required("name")),
        type=kind,
        description=fields.optional("description", "").text(),
        unit=fields.optional("unit", "").text() if kind == "number" else "",
        values=(fields.optional("values", None).nullable(_read_values) if kind in VALUED else None),
        derived_from=(
            fields.optional("derived_from", None).nullable(_read_derivation)
            if kind == "flag"
            else None
        ),
    )


def read_attribute_name(place: Place) -> str:
    """An attribute's name, which may not be one of RESERVED_NAMES."""
    name = place.key()
    if name in RESERVED_NAMES:
        place.report(f"{quoted(RESERVED_NAMES)} mean something in conditions; use another name")
        return ""
    return name


def _read_values(place: Place) -> tuple[str, ...]:
    """Distinct, non-empty texts. An empty list would allow nothing; null allows any text."""
    items = place.items(of="values")
    if isinstance(place.value, list | tuple) and not items:
        place.report("must name at least one value, or be null where any text may come")
    entries = [(item, item.label()) for item in items]
    report_repeats(entries, "value")
    return tuple(value for _, value in entries)


def _read_derivation(place: Place) -> Derivation:
    fields = place.fields("keywords", "pattern")
    if fields.members is None:
        return Derivation()
    if fields.has("keywords") == fields.has("pattern"):
        place.report('must have either "keywords" or "pattern"')
        return Derivation()
    if fields.has("pattern"):
        return Derivation(pattern=_read_pattern(fields.required("pattern")))
    return Derivation(keywords=_read_keywords(fields.required("keywords")))


def _read_keywords(place: Place) -> tuple[str, ...]:
    items = place.items(not_empty=True, of="keywords")
    entries = [(item, item.text()) for item in items]
    for item in items:
        if item.value == "":
            item.report("must not be empty; an empty keyword is found in every prompt")
    report_repeats(((item, folded(keyword)) for item, keyword in entries), "keyword")
    return tuple(keyword for _, keyword in entries)


def _read_pattern(place: Place) -> str:
    pattern = place.text()
    if place.value == "":
        place.report("must not be empty; an empty pattern is found in every prompt")
    trouble = pattern_problem(pattern)
    if trouble:
        place.report(f"must be an RE2 regular expression: {trouble}")
    return pattern
