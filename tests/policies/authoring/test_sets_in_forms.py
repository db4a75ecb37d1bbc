"""Sets in the studio's forms, in sentences and on the page that tries a request."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import DocumentError, Request, parse_request
from policies.engine.attributes import Attribute
from policies.forms.authoring import codec, edits
from policies.forms.authoring.codec import shape_pairs
from policies.forms.authoring.conditions import condition_of, condition_pairs
from policies.forms.authoring.request_address import read_address, request_pairs
from policies.forms.authoring.shapes import ATTRIBUTE
from policies.forms.authoring.tree import branch, grow
from policies.forms.authoring.try_it import TrialForm
from policies.forms.authoring.vocabulary import vocabulary_of
from policies.wording.sentences import condition_parts, plain
from policies.wording.traces import actual_text
from tests.engine.analysis.documents import bundle
from tests.policies.steps import documents

WHEN = {"groups": {"has_any": ["beta", "premium-tier"], "has_none": ["blocked"]}}
DECLARED = {"groups": Attribute("groups", "set")}


def test_condition__on_a_set__is_rows_and_back() -> None:
    tree = branch(grow(condition_pairs(WHEN, "when")), "when")
    assert tree is not None
    assert condition_of(tree) == (WHEN, [])


def test_condition__on_a_set__reads_as_a_sentence() -> None:
    assert plain(condition_parts(WHEN)) == (
        "groups has beta or premium-tier and has none of blocked"
    )
    asked = {"groups": {"has_all": ["eu", "customers"]}}
    assert plain(condition_parts(asked)) == "groups has eu and customers"


@pytest.mark.parametrize("values", [["beta"], None])
def test_new_test__of_a_set__asks_for_any_of_some_values(values: list[str] | None) -> None:
    kind = "request_classification"
    document = documents()[kind]
    document["attributes"].append({"name": "groups", "type": "set", "values": values})
    words = vocabulary_of(kind, {kind: document}, {})
    tree = grow(dict(codec.encode(kind, document)).items())
    changed = edits.apply(kind, tree, "add:rules.0.when", words).tree
    changed = edits.apply(kind, changed, "test:rules.0.when.1:groups", words).tree
    when = codec.decode_tree(kind, changed).document["rules"][0]["when"]
    assert when["any_of"][1] == {"groups": {"has_any": []}}


def test_attribute__set__keeps_its_values_in_the_form() -> None:
    entry = {"name": "groups", "type": "set", "description": "", "values": ["beta"]}
    pairs = dict(shape_pairs(ATTRIBUTE, entry, "attributes.0"))
    assert pairs["attributes.0.values"] == ["beta"]
    assert "attributes.0.unit" not in pairs


@given(st.lists(st.text(max_size=6) | st.sampled_from(["[]", '["a"]', "a\nb", ""]), max_size=4))
def test_address__carries_any_set__and_reads_the_same(values: list[str]) -> None:
    raw = {"attributes": {"groups": values}}
    parameters = dict(request_pairs(raw))
    assert read_address(parameters, DECLARED).attributes == {"groups": values}


def test_address__written_by_hand__has_one_value_a_line() -> None:
    request = read_address({"a.groups": "beta\r\n\r\neu"}, DECLARED)
    assert request == Request(attributes={"groups": ["beta", "eu"]})
    assert request_pairs({"attributes": {"groups": ["beta", "eu"]}}) == [("a.groups", "beta\neu")]


def test_actual__set__is_told_by_its_values() -> None:
    assert actual_text(("beta", "eu")) == "it is beta and eu"
    assert actual_text(()) == "it is empty"


def test_request__list_of_something_else__is_refused_at_its_place() -> None:
    with pytest.raises(DocumentError) as refused:
        parse_request({"attributes": {"groups": ["beta", 1]}})
    assert [problem.pointer for problem in refused.value.problems] == ["/attributes/groups/1"]


def test_trial__value_that_is_not_declared__is_said_to_be_left_out() -> None:
    made = bundle()
    groups = Attribute("groups", "set", values=("beta",))
    made = replace(
        made, request_classification=replace(made.request_classification, attributes=(groups,))
    )
    form = TrialForm({"a.groups": "beta\ngold"}, made.request_classification)
    form.judge(made)
    (error,) = form.errors["a.groups"]
    assert error == 'Must hold some of "beta"; "gold" is left out.'
