"""What a bundle does, apart from the words it says it in. Pure.

Two bundles of one meaning decide every request alike and are judged by the same thresholds. The
reverse need not hold: rules in another order may come to the same, and count as another meaning.

Its *intent* is what people ask for by it, and stays where the meaning does not: the console lets
splits go on from whatever release is in force, and a rule by another name, or weights of 5 and 5
in place of 50 and 50, are no other proposal. Whoever wrote or turned down something did so with
its intent; what was measured was measured of its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from policies.engine import COMPONENTS, DocumentError, digest, parse_bundle

# Words for people, by where they stand; nothing else may differ without another meaning.
_OF_ATTRIBUTES = ("description", "unit")
_OF_CLASSES = ("label", "description")
_OF_RULES = ("description",)
_OF_THRESHOLDS = ("owner",)
_OF_CATALOGUE = ("label",)
# By which routers and reports tell them; what they do does not depend on it.
_NAMES = ("id",)
# Shares nearer than this differ by rounding only.
_DECIMALS = 12


def meaning_digest(content: object) -> str:
    """``sha256:<hex>`` of a composed bundle without labels, descriptions, units and owners.

    Content that this engine can no longer read means what its own digest says.
    """
    try:
        written_out: dict[str, Any] = parse_bundle(content).to_json()
    except DocumentError:
        return digest(content)
    return digest(without_words(written_out))


def intent_digest(content: object) -> str:
    """``sha256:<hex>`` of a bundle's intent; of one that can no longer be read, its own digest."""
    try:
        written_out: dict[str, Any] = parse_bundle(content).to_json()
    except DocumentError:
        return digest(content)
    silent = without_words(written_out)
    return digest({**silent, **{kind: _intent(kind, silent[kind]) for kind in COMPONENTS}})


def document_intent(kind: str, document: Mapping[str, Any]) -> str:
    """The same of one document, as versions keep it: with every default written out."""
    return digest(_intent(kind, _WITHOUT_WORDS[kind](document)))


def without_words(content: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle with every default written out, less the words that change no decision."""
    catalogue = content["catalogue"]
    return {
        **content,
        **{kind: _WITHOUT_WORDS[kind](content[kind]) for kind in COMPONENTS},
        "catalogue": {
            **catalogue,
            **{kind: _named(catalogue[kind]) for kind in ("providers", "models")},
        },
    }


def _classification(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **document,
        "attributes": _without(_OF_ATTRIBUTES, document["attributes"]),
        "classes": _without(_OF_CLASSES, document["classes"]),
        "rules": _without(_OF_RULES, document["rules"]),
    }


def _policy(document: Mapping[str, Any]) -> dict[str, Any]:
    rules = _without(_OF_RULES, document["rules"])
    return {
        **document,
        "rules": [{**rule, "route": _split(rule["route"])} for rule in rules],
        "default": _split(document["default"]),
    }


def _thresholds(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "thresholds": _without(_OF_THRESHOLDS, document["thresholds"])}


_WITHOUT_WORDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "request_classification": _classification,
    "router_policy": _policy,
    "fallback_matrix": dict,
    "quality_thresholds": _thresholds,
}


def _intent(kind: str, silent: Mapping[str, Any]) -> dict[str, Any]:
    """Of a document without words."""
    lists = {name: silent[name] for name in ("rules", "thresholds") if name in silent}
    nameless = {**silent, **{name: _without(_NAMES, found) for name, found in lists.items()}}
    if kind != "router_policy":
        return nameless
    rules = [{**rule, "route": _asked_for(rule["route"])} for rule in nameless["rules"]]
    return {**nameless, "rules": rules, "default": _asked_for(silent["default"])}


def _asked_for(route: Mapping[str, Any]) -> dict[str, Any]:
    """A split by its shares, whatever it had before; of any other route what it goes by."""
    asked = {key: value for key, value in route.items() if key != "earlier_weights"}
    if route["select"] != "weighted":
        return {
            **{key: value for key, value in asked.items() if key != "salt"},
            "candidates": _without(("weight",), route["candidates"]),
        }
    total = sum(entry["weight"] for entry in route["candidates"])
    shares = [
        {**entry, "weight": round(entry["weight"] / total, _DECIMALS)}
        for entry in route["candidates"]
    ]
    return {**asked, "candidates": shares}


def _without(words: tuple[str, ...], entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key not in words} for entry in entries]


def _split(route: Mapping[str, Any]) -> dict[str, Any]:
    """To have no earlier weights is to say nothing of them."""
    return {key: value for key, value in route.items() if key != "earlier_weights" or value}


def _named(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _without(_OF_CATALOGUE, [entry])[0] for name, entry in entries.items()}
