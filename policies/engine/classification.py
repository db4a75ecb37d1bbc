"""The component ``request_classification``: attributes, classes, rules and who may override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from .attributes import Attribute, read_attribute, read_attribute_name
from .conditions import Condition, read_condition
from .reading import Fields, Place, parsed, report_repeats

RISKS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class RequestClass:
    """A kind of request that policies tell apart."""

    key: str
    label: str
    risk: str
    description: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "key": self.key,
            "label": self.label,
            "risk": self.risk,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True)
class ClassRule:
    """``when`` → ``class_key``; the first rule that holds wins."""

    id: str
    when: Condition
    class_key: str
    description: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "description": self.description,
            "when": self.when.to_json(),
            "class": self.class_key,
        }


@dataclass(frozen=True, slots=True)
class ProvidedClass:
    """A classifier at the router: its class is taken, before any rule is asked, when
    ``attribute`` holds a class key and ``confidence_attribute`` is at least ``min_confidence``.
    """

    attribute: str
    confidence_attribute: str
    min_confidence: float

    def to_json(self) -> dict[str, object]:
        return {
            "attribute": self.attribute,
            "confidence_attribute": self.confidence_attribute,
            "min_confidence": self.min_confidence,
        }


@dataclass(frozen=True)
class RequestClassification:
    """The whole component document."""

    attributes: tuple[Attribute, ...]
    classes: tuple[RequestClass, ...]
    rules: tuple[ClassRule, ...]
    default_class: str
    provided: ProvidedClass | None = None

    @property
    def class_keys(self) -> tuple[str, ...]:
        return tuple(entry.key for entry in self.classes)

    @cached_property
    def declared(self) -> Mapping[str, Attribute]:
        """Every attribute a request may carry, by name, the two of ``provided`` included."""
        return declared_attributes(self.attributes, self.class_keys, self.provided)

    @cached_property
    def policy_vocabulary(self) -> Mapping[str, Attribute]:
        """What a router policy may test: the declared attributes and ``class``."""
        return {**self.declared, "class": Attribute("class", "category", values=self.class_keys)}

    def to_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "attributes": [attribute.to_json() for attribute in self.attributes],
            "classes": [entry.to_json() for entry in self.classes],
            "rules": [rule.to_json() for rule in self.rules],
            "default_class": self.default_class,
            "provided": self.provided and self.provided.to_json(),
        }


def declared_attributes(
    attributes: tuple[Attribute, ...],
    class_keys: tuple[str, ...],
    provided: ProvidedClass | None,
) -> dict[str, Attribute]:
    """Attributes by name. Those of ``provided`` need no declaration of their own; a confidence is
    a number from 0 to 1, whoever declares it.
    """
    implied = (
        [
            Attribute(provided.attribute, "category", values=class_keys),
            Attribute(provided.confidence_attribute, "number"),
        ]
        if provided
        else []
    )
    found = {entry.name: entry for entry in (*implied, *attributes) if entry.name}
    if provided and provided.confidence_attribute in found:
        confidence = found[provided.confidence_attribute]
        found[confidence.name] = replace(confidence, within=(0, 1))
    return found


def parse_request_classification(raw: object) -> RequestClassification:
    """Parses the document on its own; raises DocumentError with every problem."""
    return parsed(raw, read_request_classification)


def read_request_classification(place: Place) -> RequestClassification:
    fields = place.fields("schema", "attributes", "classes", "rules", "default_class", "provided")
    fields.required("schema").schema()
    attributes = _read_attributes(fields.optional("attributes", []))
    classes = _read_classes(fields.required("classes"))
    keys = tuple(entry.key for entry in classes)
    provided = fields.optional("provided", None).nullable(_read_provided)
    if provided:
        _check_provided(fields, attributes, provided)
    declared = declared_attributes(attributes, keys, provided)
    return RequestClassification(
        attributes=attributes,
        classes=classes,
        rules=_read_rules(fields.optional("rules", []), declared, keys),
        default_class=fields.required("default_class").choice(keys, what="a class"),
        provided=provided,
    )


def _read_attributes(place: Place) -> tuple[Attribute, ...]:
    items = place.items(of="attributes")
    attributes = tuple(read_attribute(item) for item in items)
    names = [
        (item.child("name", None), attribute.name)
        for item, attribute in zip(items, attributes, strict=True)
    ]
    report_repeats(names, "attribute name")
    return attributes


def _read_classes(place: Place) -> tuple[RequestClass, ...]:
    items = place.items(not_empty=True, of="classes")
    classes = tuple(_read_class(item) for item in items)
    keys = [
        (item.child("key", None), entry.key) for item, entry in zip(items, classes, strict=True)
    ]
    report_repeats(keys, "class key")
    return classes


def _read_class(place: Place) -> RequestClass:
    fields = place.fields("key", "label", "risk", "description")
    key = fields.required("key").key()
    return RequestClass(
        key=key,
        label=fields.optional("label", key or "-").label(),
        risk=fields.required("risk").choice(RISKS),
        description=fields.optional("description", "").text(),
    )


def _read_rules(
    place: Place, declared: Mapping[str, Attribute], keys: tuple[str, ...]
) -> tuple[ClassRule, ...]:
    items = place.items(of="rules")
    rules = tuple(_read_rule(item, declared, keys) for item in items)
    ids = [(item.child("id", None), rule.id) for item, rule in zip(items, rules, strict=True)]
    report_repeats(ids, "rule id")
    return rules


def _read_rule(place: Place, declared: Mapping[str, Attribute], keys: tuple[str, ...]) -> ClassRule:
    fields = place.fields("id", "description", "when", "class")
    return ClassRule(
        id=fields.required("id").key(),
        description=fields.optional("description", "").text(),
        when=read_condition(fields.required("when"), declared),
        class_key=fields.required("class").choice(keys, what="a class"),
    )


def _read_provided(place: Place) -> ProvidedClass:
    fields = place.fields("attribute", "confidence_attribute", "min_confidence")
    attribute = read_attribute_name(fields.required("attribute"))
    confidence = fields.required("confidence_attribute")
    confidence_name = read_attribute_name(confidence)
    if attribute and attribute == confidence_name:
        confidence.report('must be another attribute than "attribute"')
    return ProvidedClass(
        attribute=attribute,
        confidence_attribute=confidence_name,
        min_confidence=fields.required("min_confidence").number(at_least=0, at_most=1),
    )


def _check_provided(
    fields: Fields, attributes: tuple[Attribute, ...], provided: ProvidedClass
) -> None:
    """If the two attributes are declared as well, their types must suit."""
    types = {attribute.name: attribute.type for attribute in attributes}
    place = fields.required("provided")
    for key, name, wanted in (
        ("attribute", provided.attribute, "category"),
        ("confidence_attribute", provided.confidence_attribute, "number"),
    ):
        found = types.get(name, wanted)
        if found and found != wanted:
            place.child(key, name).report(f'must be a {wanted}, but "{name}" is a {found}')
