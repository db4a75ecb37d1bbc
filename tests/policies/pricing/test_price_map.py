"""LiteLLM's price map: read, doubted where it is wrong, and held beside the catalogue."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import DocumentError
from policies.pricing import (
    Entry,
    Held,
    RowKind,
    compare,
    doubts_of,
    read_price_map,
)
from policies.pricing.plausibility import family_of
from tests.engine.strategies import json_values

GEMINI = "vertex_ai-language-models"
TODAY = datetime.date(2026, 1, 1)


def model(
    dollars_in: float | str | None, dollars_out: float | str | None, **more: Any
) -> dict[str, Any]:
    """An entry as the map has it; prices per token."""
    return {
        "input_cost_per_token": dollars_in,
        "output_cost_per_token": dollars_out,
        "max_input_tokens": 128_000,
        "max_output_tokens": 4096,
        "litellm_provider": "openai",
        "mode": "chat",
        **more,
    }


def read(members: dict[str, Any]) -> dict[str, Entry]:
    entries = read_price_map(json.dumps(members).encode()).entries
    return {entry.key: entry for entry in entries}


def doubts(members: dict[str, Any]) -> dict[str, set[str]]:
    """Codes of doubts by model."""
    found = doubts_of(read(members).values(), TODAY)
    return {key: {doubt.code for doubt in entry} for key, entry in found.items()}


# --- Reading ----------------------------------------------------------------------------
def test_entry__of_a_chat_model__has_prices_per_million_exactly() -> None:
    entry = read({"m": model(7.4998e-07, 2.24901e-06, deprecation_date="2026-10-23")})["m"]
    assert (entry.input_usd, entry.output_usd) == (Decimal("0.74998"), Decimal("2.24901"))
    assert entry.retires_on == datetime.date(2026, 10, 23)


def test_entry__with_abilities__has_the_catalogues_words() -> None:
    abilities = {"supports_function_calling": True, "supports_vision": True}
    assert read({"m": model(1e-6, 2e-6, **abilities)})["m"].capabilities == ("tools", "vision")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (model(1e-6, 0, mode="embedding"), "not for chat: embedding"),
        (model(None, None), "no price per token"),
        (model(None, None, input_cost_per_character=1e-7), "priced per character only"),
        (model("0.1", 1e-6), "a price that is no number of dollars"),
        (model(-1e-6, 1e-6), "a price that is no number of dollars"),
        (model(True, 1e-6), "a price that is no number of dollars"),
        (model(1e-6, 1e-6, litellm_provider=None), "without a provider"),
        ("text", "no object"),
    ],
)
def test_entry__of_no_use__is_skipped_with_the_reason(entry: Any, why: str) -> None:
    raw = {"good": model(1e-6, 2e-6), "odd": entry, "sample_spec": {"mode": "one of: chat"}}
    found = read_price_map(json.dumps(raw).encode())
    assert [entry.key for entry in found.entries] == ["good"]
    assert found.skipped == {why: ("odd",)}


def test_entry__with_half_an_emoji__is_skipped_under_a_name_that_can_be_kept() -> None:
    raw = {"good": model(1e-6, 2e-6), "\ud83d\x00": model(1e-6, 2e-6), "b": {"mode": "\ud83d"}}
    found = read_price_map(json.dumps(raw).encode())
    assert found.skipped == {
        "a name that no policy could write": ("\ufffd\ufffd",),
        "not for chat: \ufffd": ("b",),
    }


def test_entry__written_twice_differently__is_skipped() -> None:
    one, other = json.dumps(model(1e-6, 2e-6)), json.dumps(model(2e-6, 2e-6))
    raw = f'{{"a": {one}, "a": {other}, "b": {one}, "b": {one}}}'
    found = read_price_map(raw.encode())
    assert [entry.key for entry in found.entries] == ["b"]
    assert next(iter(found.skipped.values())) == ("a",)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b"{}", b"[" * 100_000, b'{"a": {"mode": "chat"}}']
)
def test_file__that_is_no_price_map__is_refused(raw: bytes) -> None:
    with pytest.raises(DocumentError):
        read_price_map(raw)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4), json_values)
@settings(max_examples=150)
def test_file__with_odd_entries__keeps_the_good_one(odd: dict[str, Any], value: Any) -> None:
    raw = {**odd, "strange": model(value, value, mode="chat"), "good": model(1e-6, 2e-6)}
    found = read_price_map(json.dumps(raw).encode())
    assert "good" in {entry.key for entry in found.entries}
    assert doubts_of(found.entries, TODAY) is not None


def test_entry__kept_as_json__comes_back_the_same() -> None:
    full = model(1e-6, 2e-6, deprecation_date="2026-10-23", supports_vision=True)
    free = model(1e-6, 0, output_cost_per_reasoning_token=0, input_cost_per_request=0)
    for entry in read({"a": full, "b": model(5e-8, 4e-7), "c": free}).values():
        assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


# --- Doubts -----------------------------------------------------------------------------
def test_per_character_prices__entered_as_token_prices__are_doubted() -> None:
    """gemini-1.5-pro-preview-0409 stood at a sixteenth of gemini-1.5-pro-001."""
    right = {
        "input_cost_per_character": 3.125e-07,
        "output_cost_per_character": 1.25e-06,
        "litellm_provider": GEMINI,
        "max_input_tokens": 1_000_000,
    }
    found = doubts(
        {
            "gemini-1.5-pro-001": model(1.25e-06, 5e-06, **right),
            "gemini-1.5-pro-002": model(1.25e-06, 5e-06, **right),
            "gemini-1.5-pro-preview-0409": model(7.8125e-08, 3.125e-07, **right),
            "gemini-1.5-pro-preview-0514": model(7.8125e-08, 3.125e-07, **right),
        }
    )
    assert found == {
        "gemini-1.5-pro-preview-0409": {"per_character", "siblings"},
        "gemini-1.5-pro-preview-0514": {"per_character", "siblings"},
    }


def test_sixteenth_of_its_siblings__without_character_prices__is_doubted_too() -> None:
    found = doubts(
        {
            "gemini-1.5-flash-001": model(7.5e-08, 3e-07, litellm_provider=GEMINI),
            "gemini-1.5-flash": model(7.5e-08, 3e-07, litellm_provider=GEMINI),
            "gemini-1.5-flash-preview-0514": model(7.5e-08, 4.6875e-09, litellm_provider=GEMINI),
        }
    )
    assert found == {"gemini-1.5-flash-preview-0514": {"siblings", "cheap_output"}}


def test_tenth_of_its_major_version__is_doubted() -> None:
    """claude-instant-1.2 stood at a tenth of claude-instant-1."""
    entries = read(
        {
            "claude-instant-1": model(1.63e-06, 5.51e-06, litellm_provider="anthropic"),
            "claude-instant-1.2": model(1.63e-07, 5.51e-07, litellm_provider="anthropic"),
        }
    )
    (doubt,) = doubts_of(entries.values(), TODAY)["claude-instant-1.2"]
    assert doubt.sentence == "The input price is 1/10 of that of claude-instant-1."


def test_price_within_eight_times_of_siblings__is_believed() -> None:
    assert doubts({"gpt-4": model(3e-5, 6e-5), "gpt-4-1106-preview": model(1e-5, 3e-5)}) == {}


def test_other_sizes_of_a_model__are_no_siblings() -> None:
    assert doubts({"gpt-5": model(1.25e-6, 1e-5), "gpt-5-nano": model(5e-8, 4e-7)}) == {}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (model(0, 0), "free"),
        (model(1e-6, 0), "free"),
        (model(1e-6, 4e-7), "cheap_output"),
        # The price of cached input in place of that of output: exactly half of input.
        (model(1.5e-5, 7.5e-6), "cheap_output"),
        (model(1e-6, 2e-6, deprecation_date="2024-01-01"), "retired"),
        (model(1e-6, 2e-6, deprecation_date="2026-01-01"), "retired"),
        (model(1e-6, 2e-6, output_cost_per_reasoning_token=6.6e-6), "reasoning"),
        (model(1e-6, 2e-6, input_cost_per_request=0.005), "fee"),
        (model(1.5e-3, 3e-3), "dear"),
        (model(1e-6, 2e-6, max_input_tokens=None), "no_window"),
        (model(1e-6, 2e-6, max_input_tokens=12), "window"),
        (model(1e-6, 2e-6, max_output_tokens=500_000), "window"),
    ],
)
def test_entry__odd_by_itself__is_doubted(entry: dict[str, Any], code: str) -> None:
    assert doubts({"m": entry}) == {"m": {code}}


@pytest.mark.parametrize(
    "more",
    [
        {"deprecation_date": "2026-01-02"},
        {"output_cost_per_reasoning_token": 2e-6},
        {"input_cost_per_request": 0},
    ],
)
def test_entry__that_says_nothing_unusual__is_believed(more: dict[str, Any]) -> None:
    assert doubts({"m": model(1e-6, 2e-6, **more)}) == {}


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("gemini-1.5-pro-preview-0409", "gemini-1.5-pro"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("command-r-08-2024", "command-r"),
        ("gemini-2.5-pro-preview-03-25", "gemini-2.5-pro"),
        ("amazon.nova-lite-v1:0", "amazon.nova-lite"),
        ("groq/llama-3.1-8b-instant", "llama-3.1-8b-instant"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
        ("gpt-5-nano", "gpt-5-nano"),
        ("latest", "latest"),
    ],
)
def test_family__of_a_name__leaves_the_version_out(key: str, family: str) -> None:
    assert family_of(key) == family


# --- Beside the catalogue ---------------------------------------------------------------
def held(key: str, dollars_in: str, dollars_out: str, provider: str = "openai") -> Held:
    return Held(key, provider, Decimal(dollars_in), Decimal(dollars_out), 128_000)


def test_comparison__sorts_into_changed_new_and_unchanged() -> None:
    entries = read({name: model(1e-6, 2e-6) for name in ("a", "b", "c")}).values()
    rows = compare(
        entries, [held("a", "1.5", "2"), held("b", "1", "2"), held("gone", "1", "2")], TODAY
    )
    assert [(row.key, row.kind) for row in rows] == [
        ("a", RowKind.CHANGED),
        ("b", RowKind.UNCHANGED),
        ("c", RowKind.NEW),
    ]
    assert [row.is_chosen_at_first for row in rows] == [True, False, False]
    assert (rows[0].input_ratio, rows[0].output_ratio) == ("× 0.667", "")


def test_comparison__price_that_more_than_doubles__waits_for_a_person() -> None:
    entries = read({"a": model(3e-6, 2e-6)}).values()
    (row,) = compare(entries, [held("a", "1", "2")], TODAY)
    assert [doubt.code for doubt in row.doubts] == ["changed_a_lot"]
    assert not row.is_chosen_at_first


def test_comparison__new_retirement_day__is_a_change_of_facts_only() -> None:
    entries = read({"a": model(1e-6, 2e-6, deprecation_date="2027-01-01")}).values()
    (row,) = compare(entries, [held("a", "1", "2")], TODAY)
    assert (row.kind, row.price_changes, row.fact_changes) == (
        RowKind.CHANGED,
        False,
        ("retires_on",),
    )


def test_comparison__map_says_no_retirement_day__keeps_that_of_the_catalogue() -> None:
    entries = read({"a": model(1e-6, 2e-6)}).values()
    kept = Held("a", "openai", Decimal(1), Decimal(2), 128_000, datetime.date(2027, 1, 1))
    assert compare(entries, [kept], TODAY)[0].kind == RowKind.UNCHANGED


@pytest.mark.parametrize(("provider", "kind"), [("groq", RowKind.CHANGED), ("own", RowKind.NEW)])
def test_comparison__name_with_its_provider__means_the_model_there(
    provider: str, kind: RowKind
) -> None:
    entries = read({"groq/llama": model(1e-6, 2e-6, litellm_provider="groq")}).values()
    (row,) = compare(entries, [held("llama", "2", "2", provider)], TODAY)
    assert row.kind == kind


# --- Real data --------------------------------------------------------------------------
def test_real_map__of_52_chat_models__is_read_and_hardly_doubted(
    real_data: Callable[[str], Path],
) -> None:
    models = json.loads(real_data("prices.json").read_text())["models"]
    raw = {one["model"]: {**one, "litellm_provider": one["provider"]} for one in models}
    found = read_price_map(json.dumps(raw).encode())
    assert (len(found.entries), found.skipped_count) == (52, 0)
    by_key = {entry.key: entry for entry in found.entries}
    assert by_key["gpt-4o-mini"].input_usd == Decimal("0.15")
    assert by_key["gpt-5-nano"].retires_on == datetime.date(2026, 12, 11)
    assert set(doubts_of(found.entries, TODAY)) == set()


def test_real_prices__that_had_to_be_replaced__are_the_ones_doubted(
    real_data: Callable[[str], Path],
) -> None:
    """Entries of the map that the data's own notes call wrong, beside those that replaced them."""
    used = json.loads(real_data("prices_used.json").read_text())["bfcl"]
    raw: dict[str, Any] = {}
    for key, price in used.items():
        if price is None or key.endswith(("-FC", "-FC-Any", "-FC-Auto")):
            continue
        _, name, dollars_in, dollars_out = price
        maker = name.split("-")[0]
        raw[name] = model(dollars_in, dollars_out, litellm_provider=maker)
        if name != key and "preview" in key:
            raw[key] = model(dollars_in / 16, dollars_out / 16, litellm_provider=maker)
        elif name != key and key == "claude-instant-1.2":
            raw[key] = model(dollars_in / 10, dollars_out / 10, litellm_provider=maker)
    wrong = {key for key in raw if key in used and used[key] and used[key][1] != key}
    assert len(wrong) == 4
    found = doubts(raw)
    assert {key for key in found if "siblings" in found[key]} >= wrong
    assert set(found) - wrong <= {used[key][1] for key in wrong}  # the one each is held beside
