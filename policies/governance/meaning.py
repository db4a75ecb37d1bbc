"""What a bundle does, apart from the words it says it in. Pure.

Two bundles of one meaning decide every request alike and are judged by the same thresholds. The
reverse need not hold: rules in another order may come to the same, and count as another meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.engine import DocumentError, digest, parse_bundle

# Words for people, by where they stand; nothing else may differ without another meaning.
_OF_ATTRIBUTES = ("description", "unit")
_OF_CLASSES = ("label", "description")
_OF_RULES = ("description",)
_OF_THRESHOLDS = ("owner",)
_OF_CATALOGUE = ("label",)


def meaning_digest(content: object) -> str:
    """``sha256:<hex>`` of a composed bundle without labels, descriptions, units and owners.

    Content that this engine can no longer read means what its own digest says.
    """
    try:
        written_out: dict[str, Any] = parse_bundle(content).to_json()
    except DocumentError:
        return digest(content)
    return digest(without_words(written_out))


def without_words(content: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle with every default written out, less the words that change no decision."""
    classification, policy = content["request_classification"], content["router_policy"]
    thresholds, catalogue = content["quality_thresholds"], content["catalogue"]
    return {
        **content,
        "request_classification": {
            **classification,
            "attributes": _without(_OF_ATTRIBUTES, classification["attributes"]),
            "classes": _without(_OF_CLASSES, classification["classes"]),
            "rules": _without(_OF_RULES, classification["rules"]),
        },
        "router_policy": {
            **policy,
            "rules": [
                {**rule, "route": _split(rule["route"])}
                for rule in _without(_OF_RULES, policy["rules"])
            ],
            "default": _split(policy["default"]),
        },
        "quality_thresholds": {
            **thresholds,
            "thresholds": _without(_OF_THRESHOLDS, thresholds["thresholds"]),
        },
        "catalogue": {
            **catalogue,
            **{kind: _named(catalogue[kind]) for kind in ("providers", "models")},
        },
    }


def _without(words: tuple[str, ...], entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key not in words} for entry in entries]


def _split(route: Mapping[str, Any]) -> dict[str, Any]:
    """To have no earlier weights is to say nothing of them."""
    return {key: value for key, value in route.items() if key != "earlier_weights" or value}


def _named(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _without(_OF_CATALOGUE, [entry])[0] for name, entry in entries.items()}
