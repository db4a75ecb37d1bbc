"""Flags derived from prompt text by keywords or by RE2, and what happens without RE2."""

from typing import Any

import pytest

from policies.engine import (
    Bundle,
    DocumentError,
    EngineError,
    Request,
    decide,
    parse_bundle,
    parse_component,
    require_text_matcher,
    text,
)


def bundle_deriving(derivation: dict[str, Any] | None) -> Bundle:
    route = {"select": "ordered", "candidates": [{"model": "m"}]}
    return parse_bundle(
        {
            "schema": 1,
            "request_classification": {
                "schema": 1,
                "attributes": [{"name": "found", "type": "flag", "derived_from": derivation}],
                "classes": [{"key": "yes", "risk": "low"}, {"key": "no", "risk": "low"}],
                "rules": [{"id": "r", "when": {"found": True}, "class": "yes"}],
                "default_class": "no",
            },
            "router_policy": {"schema": 1, "default": route},
            "fallback_matrix": {"schema": 1},
            "quality_thresholds": {"schema": 1},
            "catalogue": {"providers": {"p": {}}, "models": {"m": {"provider": "p"}}},
        }
    )


@pytest.fixture
def without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_RE2", None)
    text._compiled.cache_clear()


@pytest.mark.parametrize(
    ("derivation", "prompt", "found"),
    [
        ({"keywords": ["SELECT "]}, "please select * from t", True),
        ({"keywords": ["straße"]}, "Die STRASSE", True),
        ({"keywords": ["STRASSE"]}, "Die Straße", True),
        ({"keywords": ["caf\u00e9"]}, "un cafe\u0301 noir", True),
        ({"keywords": ["cafe\u0301"]}, "un CAF\u00c9 noir", True),
        ({"keywords": ["cafe"]}, "un cafe\u0301 noir", False),
        ({"keywords": ["ΟΔΟΣ"]}, "η οδος", True),
        ({"keywords": ["ÉTÉ"]}, "un été chaud", True),
        ({"keywords": ["a", "zebra"]}, "ZEBRA", True),
        ({"keywords": ["zebra"]}, "", False),
        ({"pattern": "^def "}, "x\ndef f", False),
        ({"pattern": "(?m)^def "}, "x\ndef f", True),
        ({"pattern": "(a+)+$"}, "a" * 5_000 + "!", False),
        ({"pattern": "d\\p{L}j"}, "déjà", True),
        ({"pattern": "x"}, "\ud800x", True),
    ],
)
def test_derived_flag__prompt__is_found_or_not(
    derivation: dict[str, Any], prompt: str, found: bool
) -> None:
    decision = decide(bundle_deriving(derivation), Request(prompt=prompt))
    assert decision.class_key == ("yes" if found else "no")


@pytest.mark.parametrize("pattern", ["(", "(?<=a)b", "a\\1"])
def test_pattern__not_re2__is_refused_with_its_place(pattern: str) -> None:
    with pytest.raises(DocumentError) as refused:
        bundle_deriving({"pattern": pattern})
    (problem,) = refused.value.problems
    assert problem.pointer.endswith("/attributes/0/derived_from/pattern")
    assert "RE2" in problem.message


@pytest.mark.usefixtures("without_re2")
def test_pattern__re2_missing__is_parsed_but_refused_at_load_and_never_guessed() -> None:
    bundle = bundle_deriving({"pattern": "a"})
    with pytest.raises(EngineError, match="install google-re2"):
        require_text_matcher(bundle)
    with pytest.raises(EngineError, match="install google-re2"):
        decide(bundle, Request(prompt="a"))


@pytest.mark.usefixtures("without_re2")
@pytest.mark.parametrize("derivation", [None, {"keywords": ["a"]}])
def test_no_pattern__re2_missing__loads_and_decides(derivation: dict[str, Any] | None) -> None:
    bundle = bundle_deriving(derivation)
    require_text_matcher(bundle)
    assert decide(bundle, Request({"found": False}, prompt="A")).class_key in ("yes", "no")


def test_flag_of_a_pattern__described__round_trips() -> None:
    document = bundle_deriving({"pattern": "a|b"}).request_classification
    assert parse_component("request_classification", document.to_json()) == document
