"""Documents through form controls and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import COMPONENTS, DocumentError, parse_component, serialise
from policies.forms.authoring import codec
from policies.forms.authoring.codec import decode, encode
from policies.forms.authoring.editor import bind
from policies.forms.authoring.nodes import Node
from policies.forms.authoring.vocabulary import vocabulary_of
from tests.engine.strategies import bundle_documents, json_values
from tests.policies.steps import documents

kinds = st.sampled_from(COMPONENTS)


@given(bundle_documents(), kinds)
def test_valid_document__encoded_and_decoded__is_the_same(bundle: Any, kind: str) -> None:
    document = serialise(parse_component(kind, bundle[kind]))
    assert decode(kind, encode(kind, document)).document == document


@given(bundle_documents(), kinds)
def test_valid_document_with_omitted_defaults__keeps_its_meaning(bundle: Any, kind: str) -> None:
    back = decode(kind, encode(kind, bundle[kind])).document
    assert parse_component(kind, back) == parse_component(kind, bundle[kind])


@given(json_values, kinds)
def test_any_json__encoded_and_decoded__settles_at_once(value: Any, kind: str) -> None:
    once = decode(kind, encode(kind, value)).document
    assert decode(kind, encode(kind, once)).document == once


@given(bundle_documents(), kinds)
def test_page_of_a_valid_document__sends_what_encode_says(bundle: Any, kind: str) -> None:
    document = serialise(parse_component(kind, bundle[kind]))
    words = vocabulary_of(kind, bundle, bundle["catalogue"])
    shown = dict(sent_by(bind(kind, document, words).root))
    assert decode(kind, shown.items()).document == document


def sent_by(node: Node) -> list[tuple[str, list[str]]]:
    """What a browser sends of a page's controls."""
    if node.raw is not None:
        return [(node.raw_name, [node.raw])]
    pairs = [(f"{node.path}.{node.note}", ["1"])] if node.note in ("any", "_") else []
    if node.leaf is not None:
        return pairs + ([(node.path, node.texts)] if node.texts else [])
    if not node.members and "when" in node.path:
        pairs.append((f"{node.path}._", [""]))
    inner = [*node.members.values(), *node.entries, *node.strays]
    return pairs + [pair for child in inner for pair in sent_by(child)]


def back(kind: str, changes: dict[str, Any], without: tuple[str, ...] = ()) -> Any:
    """The document of a form in which some controls were changed."""
    document = serialise(parse_component(kind, documents()[kind]))
    data = dict(encode(kind, document)) | {name: [text] for name, text in changes.items()}
    return decode(kind, [(k, v) for k, v in data.items() if not k.startswith(without or "\0")])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("90", 90),
        (" 0.5 ", 0.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("", None),
        ("1,5", "1,5"),
        ("1e999", "1e999"),
        ("nan", "nan"),
        ("٣", "٣"),
        ("0x10", "0x10"),
    ],
)
def test_number__is_read_or_kept_as_typed(typed: str, kept: Any) -> None:
    decoded = back("router_policy", {"rules.0.route.candidates.0.weight": typed})
    assert decoded.document["rules"][0]["route"]["candidates"][0]["weight"] == kept


def test_lines__one_value_a_line__with_blanks_and_escapes() -> None:
    typed = 'a\r\n b \r\n\r\nc\\nd\r\n""\r\n\\\\x'
    decoded = back("request_classification", {"attributes.0.values": typed})
    assert decoded.document["attributes"][0]["values"] == ["a", " b ", "c\nd", "", "\\x"]


def test_type_changed__parks_what_no_longer_applies__and_takes_it_back() -> None:
    parked = back("request_classification", {"attributes.1.type": "category"})
    assert "unit" not in parked.document["attributes"][1]
    assert parked.parked == (("attributes.1.unit", ["tokens"]),)
    again = back(
        "request_classification", {"attributes.1.type": "number", parked.parked[0][0]: "tokens"}
    )
    assert again.document["attributes"][1]["unit"] == "tokens"


def test_earlier_weights__stay_while_weights_are_edited_and_go_with_the_split() -> None:
    document: Any = serialise(parse_component("router_policy", documents()["router_policy"]))
    route = document["rules"][0]["route"]
    route["earlier_weights"] = [{"swift-small": 95, "orchid": 5}]
    pairs = dict(encode("router_policy", document))
    place = "rules.0.route.earlier_weights"
    assert pairs[place] == ['[{"swift-small": 95, "orchid": 5}]']

    def typed(**edits: str) -> codec.Decoded:
        named = {f"rules.0.route.{key}": [text] for key, text in edits.items()}
        return decode("router_policy", {**pairs, **named}.items())

    kept = typed(**{"candidates.0.weight": "80"}).document["rules"][0]["route"]
    assert kept["earlier_weights"] == route["earlier_weights"]
    assert typed(earlier_weights="[]").document["rules"][0]["route"]["earlier_weights"] == []
    assert "earlier_weights" not in typed(earlier_weights=" ").document["rules"][0]["route"]
    assert typed(earlier_weights="x").document["rules"][0]["route"]["earlier_weights"] == "x"
    gone = typed(select="ordered")
    assert "earlier_weights" not in gone.document["rules"][0]["route"]
    assert gone.parked == ((place, pairs[place]),)


def test_comparison_changed__clears_the_other_bound_in_the_document__not_on_the_page() -> None:
    decoded = back("quality_thresholds", {"thresholds.0.comparison": "absolute"})
    threshold = decoded.document["thresholds"][0]
    assert threshold["margin"] is None and threshold["relative"] is False
    assert decoded.parked == (("thresholds.0.margin", ["0.02"]),)


def test_unknown_key__is_kept_as_json() -> None:
    document = documents()["router_policy"] | {"co.lour~": {"a": [1, None]}, "": 2}
    decoded = decode("router_policy", encode("router_policy", document)).document
    assert decoded["co.lour~"] == {"a": [1, None]} and decoded[""] == 2


def test_every_box_of_preserve_unchecked__is_false_three_times__not_the_default() -> None:
    decoded = back("fallback_matrix", {}, without=("limits.preserve.r", "limits.preserve.c"))
    kept = decoded.document["limits"]["preserve"]
    assert kept == {"regions": False, "capabilities": False, "context": False}


def test_nul_and_line_ends__become_what_every_database_keeps() -> None:
    decoded = back("router_policy", {"rules.0.description": "a\x00b\r\nc"})
    assert decoded.document["rules"][0]["description"] == "a\ufffdb\nc"


@pytest.mark.parametrize("text", ['{"a": NaN}', "{", "[" * 100_000])
def test_raw_text__that_is_no_json__stays_text(text: str) -> None:
    decoded = decode("router_policy", [("rules.~", [text])])
    assert decoded.document["rules"] == text


@pytest.mark.parametrize(("text", "kept"), [('"a\\u0000"', "a\ufffd"), ('["\\ud800"]', ["?"])])
def test_raw_json__with_what_no_database_keeps__is_mended(text: str, kept: Any) -> None:
    assert decode("router_policy", [("rules.~", [text])]).document["rules"] == kept


def test_names_that_contradict_one_another__do_no_harm() -> None:
    names = ("rules", "rules.0", "rules.0.id", "rules.0.id.x", "rules.x.id", "." * 900, "_edit")
    decoded = decode("router_policy", [(name, ["x"]) for name in names])
    with pytest.raises(DocumentError):
        parse_component("router_policy", decoded.document)


def test_condition_groups__two_make_any_of__one_is_plain() -> None:
    two = back("router_policy", {"rules.0.when.1._": ""})
    assert two.document["rules"][0]["when"] == {"any_of": [{"class": {"in": ["simple"]}}, {}]}
    assert back("router_policy", {}).document["rules"][0]["when"] == {"class": {"in": ["simple"]}}


def test_operator_changed_to_present__parks_the_values() -> None:
    decoded = back("router_policy", {"rules.0.when.0.0.op": "present"})
    assert decoded.document["rules"][0]["when"] == {"class": {"present": True}}
    assert decoded.parked == (("rules.0.when.0.0.lines", ["simple"]),)


def test_encode__names_every_control_once() -> None:
    for kind, document in documents().items():
        names = [name for name, _ in codec.encode(kind, document)]
        assert len(names) == len(set(names))
