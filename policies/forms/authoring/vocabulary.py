"""The words a document may use: attributes, classes, models, regions. Read from raw documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class AttributeWord:
    """An attribute as far as the contract tells; ``type`` is "" where it does not."""

    name: str
    type: str
    unit: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """``attributes`` in the order of the contract, ``class`` first where policies may test it."""

    attributes: Mapping[str, AttributeWord] = field(default_factory=dict)
    classes: tuple[Choice, ...] = ()
    models: tuple[Choice, ...] = ()
    regions: tuple[Choice, ...] = ()
    capabilities: tuple[Choice, ...] = ()

    @property
    def order(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.attributes)}

    @property
    def units(self) -> dict[str, str]:
        return {word.name: word.unit for word in self.attributes.values()}


def vocabulary_of(
    kind: str, documents: Mapping[str, Any], catalogue: Mapping[str, Any]
) -> Vocabulary:
    """What the document of this kind may name, given the draft's documents and the catalogue."""
    classification = documents.get("request_classification")
    classes = tuple(_classes(classification))
    words = [*_provided(classification, classes), *_attributes(classification)]
    if kind == "router_policy":
        keys = tuple(choice.value for choice in classes)
        words.insert(0, AttributeWord("class", "category", values=keys))
    models = catalogue.get("models", {})
    return Vocabulary(
        attributes={word.name: word for word in words},
        classes=classes,
        models=tuple(_models(models, catalogue.get("providers", {}))),
        regions=_all_of(models, "regions"),
        capabilities=_all_of(models, "capabilities"),
    )


def _objects(document: Any, key: str) -> list[dict[str, Any]]:
    found = document.get(key) if isinstance(document, dict) else None
    return [entry for entry in found or [] if isinstance(entry, dict)] if _is_list(found) else []


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _classes(classification: Any) -> Iterator[Choice]:
    for entry in _objects(classification, "classes"):
        key, label = entry.get("key"), entry.get("label")
        if isinstance(key, str) and key:
            named = isinstance(label, str) and label and label != key
            yield Choice(key, f"{label} ({key})" if named else key)


def _attributes(classification: Any) -> Iterator[AttributeWord]:
    for entry in _objects(classification, "attributes"):
        name, unit, values = entry.get("name"), entry.get("unit"), entry.get("values")
        if isinstance(name, str) and name:
            yield AttributeWord(
                name,
                str(entry.get("type") or ""),
                unit if isinstance(unit, str) else "",
                tuple(value for value in values if isinstance(value, str))
                if isinstance(values, list)
                else (),
            )


def _provided(classification: Any, classes: tuple[Choice, ...]) -> Iterator[AttributeWord]:
    """The two attributes of a provided class, which need no declaration of their own."""
    provided = classification.get("provided") if isinstance(classification, dict) else None
    if not isinstance(provided, dict):
        return
    attribute, confidence = provided.get("attribute"), provided.get("confidence_attribute")
    if isinstance(attribute, str) and attribute:
        yield AttributeWord(attribute, "category", values=tuple(entry.value for entry in classes))
    if isinstance(confidence, str) and confidence:
        yield AttributeWord(confidence, "number")


def _models(
    models: Mapping[str, Mapping[str, Any]], providers: Mapping[str, Mapping[str, Any]]
) -> Iterator[Choice]:
    for name, entry in sorted(models.items()):
        provider = providers.get(entry.get("provider", ""), {}).get("label", "")
        status = entry.get("status", "active")
        notes = [word for word in (provider, "" if status == "active" else status) if word]
        yield Choice(name, f"{name} · {', '.join(notes)}" if notes else name)


def _all_of(models: Mapping[str, Mapping[str, Any]], key: str) -> tuple[Choice, ...]:
    words = {word for entry in models.values() for word in entry.get(key, [])}
    return tuple(Choice(word, word) for word in sorted(words))
