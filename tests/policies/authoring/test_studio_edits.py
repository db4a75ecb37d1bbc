"""Structural edits: the buttons that add, remove and move parts of a document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.engine import parse_component, serialise
from policies.forms.authoring import codec, edits
from policies.forms.authoring.tree import grow
from policies.forms.authoring.vocabulary import vocabulary_of
from policies.models import Draft, Workflow
from tests.policies.authoring.test_studio_saving import HTMX, address, posted, written_out
from tests.policies.steps import documents, draft_of


def edited(kind: str, *wanted: str, document: Any = None, **changes: str) -> Any:
    """The document after some edits, one post each."""
    if document is None:
        document = serialise(parse_component(kind, documents()[kind]))
    for edit in wanted:
        data = dict(codec.encode(kind, document))
        data |= {name.replace("__", "."): [text] for name, text in changes.items()}
        words = vocabulary_of(kind, documents() | {kind: document}, {})
        document = codec.decode_tree(kind, edits.apply(kind, grow(data.items()), edit, words).tree)
        document = document.document
    return document


def ids(document: Any, key: str = "rules") -> list[str]:
    return [entry["id"] for entry in document[key]]


def test_rule__added__stands_last_with_a_fresh_name() -> None:
    document = edited("router_policy", "add:rules", "add:rules")
    assert ids(document) == ["p1", "rule-2", "rule-3"]
    assert document["rules"][1]["route"]["salt"] == "rule-2"


def test_rule__moved_up_and_down__takes_its_content_along() -> None:
    document = edited("router_policy", "add:rules", "up:rules.1")
    assert ids(document) == ["rule-2", "p1"]
    assert document["rules"][1]["when"] == {"class": {"in": ["simple"]}}
    assert ids(edited("router_policy", "down:rules.0", document=document)) == ["p1", "rule-2"]


def test_rule__moved_beyond_the_end__stays() -> None:
    assert ids(edited("router_policy", "up:rules.0", "down:rules.0")) == ["p1"]


def test_rule__moved_to_a_place__stands_there() -> None:
    three = edited("router_policy", "add:rules", "add:rules")
    assert ids(edited("router_policy", "move:rules.2:0", document=three)) == [
        "rule-3",
        "p1",
        "rule-2",
    ]
    assert ids(edited("router_policy", "move:rules.0:9", document=three))[-1] == "p1"
    words = vocabulary_of("router_policy", documents(), {})
    tree = grow(dict(codec.encode("router_policy", three)).items())
    assert edits.apply("router_policy", tree, "move:rules.2:0", words).focus == "move-rules-0"


def test_rule__removed__is_gone() -> None:
    assert edited("router_policy", "remove:rules.0")["rules"] == []


def test_candidate__added_to_a_split__takes_nothing_yet() -> None:
    route = edited("router_policy", "add:rules.0.route.candidates")["rules"][0]["route"]
    assert route["candidates"][2] == {"model": "", "weight": 0}


def test_candidate__moved_and_removed() -> None:
    document = edited("router_policy", "down:rules.0.route.candidates.0")
    models = [entry["model"] for entry in document["rules"][0]["route"]["candidates"]]
    assert models == ["orchid", "swift-small"]
    document = edited("router_policy", "remove:rules.0.route.candidates.0", document=document)
    assert len(document["rules"][0]["route"]["candidates"]) == 1


@pytest.mark.parametrize(
    ("attribute", "test"),
    [("task", {"in": []}), ("prompt_tokens", {"gte": None}), ("gone", {"present": True})],
)
def test_test__added__starts_in_the_way_of_its_type(attribute: str, test: Any) -> None:
    when = edited("router_policy", f"test:rules.0.when.0:{attribute}")["rules"][0]["when"]
    assert when == {"class": {"in": ["simple"]}, attribute: test}


def test_alternative__added_and_removed__is_any_of_only_meanwhile() -> None:
    both = edited("router_policy", "add:rules.0.when", "test:rules.0.when.1:task")
    assert both["rules"][0]["when"] == {
        "any_of": [{"class": {"in": ["simple"]}}, {"task": {"in": []}}]
    }
    one = edited("router_policy", "remove:rules.0.when.0", document=both)
    assert one["rules"][0]["when"] == {"task": {"in": []}}


def test_test__removed__leaves_the_others() -> None:
    document = edited("router_policy", "test:rules.0.when.0:task")
    document = edited("router_policy", "remove:rules.0.when.0.0", document=document)
    assert list(document["rules"][0]["when"]) == ["class"] or list(
        document["rules"][0]["when"]
    ) == ["task"]


def test_classification__attribute_class_and_rule__added() -> None:
    kind = "request_classification"
    document = edited(kind, "add:attributes", "add:classes", "add:rules")
    assert document["attributes"][2]["type"] == "category"
    assert document["classes"][2]["risk"] == "medium"
    assert document["rules"][1] == {
        "id": "rule-2",
        "description": "",
        "when": {},
        "class": "",
    }


def test_provided_class__switched_on_and_off() -> None:
    kind = "request_classification"
    on = edited(kind, "add:provided")
    assert on["provided"] == {
        "attribute": "",
        "confidence_attribute": "",
        "min_confidence": None,
    }
    assert edited(kind, "remove:provided", document=on)["provided"] is None


def test_fallback__row_and_target__added_moved_removed() -> None:
    kind = "fallback_matrix"
    document = edited(kind, "add:rows", "add:rows.0.then", "up:rows.0.then.1")
    assert document["rows"][0]["then"] == ["", "orchid"]
    assert document["rows"][3]["on"] == ["timeout", "rate_limit"]
    document = edited(kind, "remove:rows.0.then.0", document=document)
    assert document["rows"][0]["then"] == ["orchid"]


def test_breaker_and_budget__turned_off_and_on() -> None:
    kind = "fallback_matrix"
    off = edited(kind, "remove:limits.breaker", "remove:limits.retry_budget")
    assert off["limits"]["breaker"] is None and off["limits"]["retry_budget"] is None
    on = edited(kind, "add:limits.breaker", document=off)
    assert on["limits"]["breaker"]["min_requests"] == 20


def test_threshold__added_to_a_layer__names_a_metric_of_it() -> None:
    kind = "quality_thresholds"
    document = edited(kind, "add:thresholds:economic")
    assert document["thresholds"][1]["metric"] == "mean_cost_usd"
    assert document["thresholds"][1]["op"] == "lte"
    assert ids(edited(kind, "remove:thresholds.0", document=document), "thresholds") == [
        "mean-cost-usd-2"
    ]


def test_stray_key__taken_out() -> None:
    document = documents()["router_policy"] | {"colour": 1}
    assert "colour" not in edited("router_policy", "remove:=colour", document=document)


def test_parked_text__moves_along_with_its_rule() -> None:
    document = edited("router_policy", "add:rules")
    data = dict(codec.encode("router_policy", document))
    data |= {"rules.0.when.0.0.op": ["present"], "rules.0.when.0.0.values": ["simple"]}
    words = vocabulary_of("router_policy", documents(), {})
    after = edits.apply("router_policy", grow(data.items()), "down:rules.0", words)
    decoded = codec.decode_tree("router_policy", after.tree)
    assert ("rules.1.when.0.0.values", ["simple"]) in decoded.parked


@pytest.mark.parametrize(
    "edit",
    [
        "add:",
        "add:nothing",
        "explode:rules",
        "remove:rules.9",
        "up:rules.9",
        "up:default",
        "move:rules.0",
        "move:rules.0:x",
        "move:default:1",
        "add:rules.0.id",
        "test:rules.0:task",
        "test:rules.0.when.0",
        "open:rules.0",
        "open:default",
        "close:sticky_on",
    ],
)
def test_unknown_edit__is_refused(edit: str) -> None:
    with pytest.raises(edits.UnknownEdit):
        edited("router_policy", edit)


def test_edit__posted__saves_and_says_where_the_focus_goes(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1, _edit="add:rules")
    data["rules.0.description"] = "Typed just before"
    page = client.post(address(draft, "router_policy"), data, headers=HTMX).content.decode()
    rules = draft.documents.get(kind="router_policy").document["rules"]
    assert len(rules) == 2 and rules[0]["description"] == "Typed just before"
    assert 'data-focus="row-rules-1"' in page and 'id="row-rules-1"' in page


def test_edit__posted_without_script__leads_back_to_the_opened_entry(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1, _edit="add:rules")
    response = client.post(address(draft, "router_policy"), data)
    assert response["Location"].endswith("?open=rules.0&open=rules.1#row-rules-1")
    page = client.get(response["Location"]).content.decode()
    assert 'name="rules.1.id"' in page and 'name="rules.0.id"' in page


def test_page__at_first__shows_rules_as_sentences_only(
    client: Client, workflow: Workflow, author: User
) -> None:
    client.force_login(author)
    page = client.get(address(draft_of(workflow, author), "router_policy")).content.decode()
    assert "swift-small 90%, orchid 10%" in page
    assert 'name="rules.0.~"' in page and 'name="rules.0.id"' not in page


def test_entry_with_a_problem__is_open_at_first(
    client: Client, workflow: Workflow, author: User
) -> None:
    content = documents()
    content["router_policy"]["rules"][0]["when"] = {"gone": True}
    client.force_login(author)
    draft = draft_of(workflow, author, content)
    page = client.get(address(draft, "router_policy")).content.decode()
    assert 'name="rules.0.id"' in page and "Unknown attribute" in page


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("request_classification", "rules.0"),
        ("router_policy", "rules.0"),
        ("fallback_matrix", "rows.1"),
        ("quality_thresholds", "thresholds.0"),
    ],
)
def test_entry__opened_and_folded__is_the_same_document(
    client: Client, workflow: Workflow, author: User, kind: str, path: str
) -> None:
    draft = draft_of(workflow, author, {kind: written_out(kind) for kind in documents()})
    client.force_login(author)
    folded = folded_form(kind)
    data = {**folded, "_revision": "1", "_edit": f"open:{path}"}
    page = client.post(address(draft, kind), data, headers=HTMX).content.decode()
    assert f'name="{path}._open"' in page
    data = posted(kind, written_out(kind), 1, _edit=f"close:{path}")
    page = client.post(address(draft, kind), data, headers=HTMX).content.decode()
    assert f'name="{path}.~"' in page
    row = draft.documents.get(kind=kind)
    assert row.revision == 1 and row.document == written_out(kind)


def folded_form(kind: str) -> dict[str, Any]:
    """The form of a document as it is at first: every entry one control of JSON."""
    document = written_out(kind)
    listed = {key for key in ("rules", "rows", "thresholds") if key in document}
    data: dict[str, Any] = dict(
        codec.encode(kind, {key: value for key, value in document.items() if key not in listed})
    )
    for key in listed:
        for index, entry in enumerate(document[key]):
            data[f"{key}.{index}.~"] = json.dumps(entry)
    return data


def test_open_entries__stay_open_when_they_move() -> None:
    document = edited("router_policy", "add:rules")
    data = dict(codec.encode("router_policy", document)) | {"rules.1._open": ["1"]}
    words = vocabulary_of("router_policy", documents(), {})
    after = edits.apply("router_policy", grow(data.items()), "up:rules.1", words)
    assert edits.opened_in("router_policy", after.tree) == {"rules.0"}


def test_unknown_edit__posted__changes_nothing(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1, _edit="remove:rules.7")
    assert client.post(address(draft, "router_policy"), data).status_code == 400
    assert Draft.objects.get(pk=draft.pk).documents.get(kind="router_policy").revision == 1
