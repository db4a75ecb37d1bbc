"""Templates to start from: sound, without a finding that would have to be mended, castable."""

from typing import Any

import pytest

from policies.engine import compose, parse_catalogue
from policies.files.templates_library import Template, TemplateUnavailable, templates
from policies.governance.static_checks import findings_of


def catalogue(*models: tuple[str, str, float, list[str]], **more: Any) -> dict[str, Any]:
    """Models as (name, provider, USD per million tokens, regions)."""
    return {
        "providers": {provider: {} for _, provider, _, _ in models},
        "models": {
            name: {
                "provider": provider,
                "context_window": 128_000,
                "regions": regions,
                "capabilities": ["tools"],
                "input_usd_per_mtok": price,
                "output_usd_per_mtok": price * 4,
                **more,
            }
            for name, provider, price, regions in models
        },
    }


EVERYWHERE = ["eu", "us"]
THREE = catalogue(
    ("small", "acme", 0.15, EVERYWHERE),
    ("large", "acme", 2.5, EVERYWHERE),
    ("orchid", "borealis", 0.8, EVERYWHERE),
)
TWO = catalogue(("small", "acme", 0.15, EVERYWHERE), ("orchid", "borealis", 0.8, EVERYWHERE))


def made(template: Template, raw: dict[str, Any]) -> dict[str, Any]:
    return compose(template.documents(parse_catalogue(raw)), raw)


def by_key(key: str) -> Template:
    return next(template for template in templates() if template.key == key)


def test_library__has_six_templates_with_their_own_keys() -> None:
    assert len({template.key for template in templates()}) == 6


@pytest.mark.parametrize("raw", [TWO, THREE], ids=["two models", "three models"])
@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_template__with_few_models__has_nothing_to_mend(
    template: Template, raw: dict[str, Any]
) -> None:
    findings = findings_of(made(template, raw))
    assert [found.sentence for found in findings if found.severity != "info"] == []


def test_cast__cheap_and_strong__are_the_ends_of_the_price_list() -> None:
    assert by_key("cheap-first").cast(parse_catalogue(THREE)) == {
        "cheap": "small",
        "strong": "large",
        "backup": "orchid",
    }


def test_cast__backup__is_at_another_provider_where_there_is_one() -> None:
    raw = catalogue(
        ("a1", "acme", 5, EVERYWHERE), ("a2", "acme", 4, EVERYWHERE), ("b", "bo", 1, EVERYWHERE)
    )
    assert by_key("one-model").cast(parse_catalogue(raw)) == {"main": "a1", "backup": "b"}


def test_cast__optional_role_without_a_model__is_left_out_of_the_documents() -> None:
    document = by_key("cheap-first").documents(parse_catalogue(TWO))["fallback_matrix"]
    assert [row["then"] for row in document["rows"] if row["model"] == "orchid"] == [[], []]


def test_cast__region_without_models__says_what_is_missing() -> None:
    raw = catalogue(("a", "acme", 1, ["us"]), ("b", "bo", 2, ["eu"]))
    with pytest.raises(TemplateUnavailable, match=r"lacks another model in eu for “EU backup”\."):
        by_key("eu-residency").cast(parse_catalogue(raw))


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_cast__retired_or_unpriced_models__are_never_asked(template: Template) -> None:
    for more in ({"status": "retired"}, {"input_usd_per_mtok": None}):
        with pytest.raises(TemplateUnavailable):
            template.cast(parse_catalogue(catalogue(("a", "acme", 1, EVERYWHERE), **more)))


def test_cast__models_to_avoid__are_passed_over() -> None:
    cast = by_key("canary").cast(parse_catalogue(THREE), avoided={"large"})
    assert "large" not in cast.values()
