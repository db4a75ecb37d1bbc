"""What a move of a rule changes, said beside it: by hand, and against trying every request."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.differences import describe_difference
from policies.engine import Bundle, Request, classify, decide, parse_bundle
from policies.engine.analysis import moves as engine_moves
from policies.engine.analysis.moves import order_of_classes, order_of_routes
from policies.engine.classification import ClassRule
from policies.engine.request import resolve
from policies.engine.routing import PolicyRule
from tests.engine.analysis.brute_force import cells, every_request
from tests.engine.analysis.small_bundles import small_documents
from tests.policies.steps import documents

Raw = dict[str, Any]
MOST_CELLS = 3000
NO = "no request is decided differently"


def class_rule(name: str, when: Raw, key: str) -> Raw:
    return {"id": name, "when": when, "class": key}


def classification(*rules: Raw) -> Raw:
    return {**documents()["request_classification"], "rules": list(rules)}


def route_rule(name: str, when: Raw, model: str) -> Raw:
    route = {"select": "ordered", "candidates": [{"model": model}]}
    return {"id": name, "when": when, "route": route}


def policy(*rules: Raw) -> Raw:
    return {**documents()["router_policy"], "rules": list(rules)}


def moves(kind: str, old: Raw, order: str, known: Raw | None = None) -> list[str]:
    """Sentences of the moves into another order of the rules, which are named by one letter."""
    by_name = {rule["id"]: rule for rule in old["rules"]}
    new = {**old, "rules": [by_name[name] for name in order]}
    found = describe_difference(kind, old, new, classification=known)
    assert {change.kind for change in found} == {"moved"}
    return [change.sentence for change in found]


CODE = {"task": {"in": ["code"]}}
ANSWER = {"task": {"in": ["answer"]}}
LONG = {"prompt_tokens": {"gte": 1000}}


def test_move__past_rules_for_other_requests__changes_nothing() -> None:
    old = classification(class_rule("a", CODE, "complex"), class_rule("b", ANSWER, "simple"))
    [said] = moves("request_classification", old, "ba")
    assert said.endswith(f"; {NO}.")


def test_move__past_rules_of_the_same_class__changes_nothing() -> None:
    old = classification(class_rule("a", CODE, "complex"), class_rule("b", LONG, "complex"))
    [said] = moves("request_classification", old, "ba")
    assert said.endswith(f"; {NO}.")


def test_move__past_a_rule_that_overlaps__shows_a_request_of_both() -> None:
    old = classification(
        class_rule("a", CODE, "complex"),
        class_rule("b", CODE, "complex"),
        class_rule("c", LONG, "simple"),
    )
    assert moves("request_classification", old, "cab") == [
        "Rule “c” moved up, from place 3 to 1; this changes which rule decides for "
        "requests such as one with task code and prompt_tokens 1000."
    ]


def test_move__where_an_earlier_rule_takes_the_overlap__changes_nothing() -> None:
    old = classification(
        class_rule("a", CODE, "complex"),
        class_rule("b", {**CODE, **LONG}, "simple"),
        class_rule("c", {"task": {"present": True}, **LONG}, "complex"),
        class_rule("d", {**CODE, "prompt_tokens": {"lt": 5}}, "simple"),
    )
    [said] = moves("request_classification", old, "adbc")
    assert said == f"Rule “d” moved up, from place 4 to 2; {NO}."


def test_moves__that_only_together_change_something__are_not_all_said_to_change_nothing() -> None:
    old = classification(
        class_rule("a", CODE, "complex"),
        class_rule("b", CODE, "complex"),
        *(class_rule(name, CODE, "simple") for name in "cde"),
    )
    first, second = moves("request_classification", old, "cdeab")
    assert [NO in first, NO in second] == [True, False]


def test_move__of_policy_rules_for_different_classes__changes_nothing() -> None:
    simple, complex_ = ({"class": {"in": [key]}} for key in ("simple", "complex"))
    old = policy(route_rule("a", simple, "orchid"), route_rule("b", complex_, "swift-small"))
    [said] = moves("router_policy", old, "ba", classification())
    assert said.endswith(f"; {NO}.")


def test_move__of_policy_rules_that_the_classification_keeps_apart__needs_it_to_say_so() -> None:
    """Class complex is given to code alone, so the two never hold together."""
    old = policy(
        route_rule("a", {"class": {"in": ["complex"]}}, "orchid"),
        route_rule("b", ANSWER, "swift-small"),
    )
    known = classification(class_rule("c1", CODE, "complex"))
    assert moves("router_policy", old, "ba", known)[0].endswith(f"; {NO}.")
    assert moves("router_policy", old, "ba")[0].endswith(" to 1.")


def test_move__of_policy_rules_that_overlap__shows_a_request_of_both() -> None:
    old = policy(
        route_rule("a", {"class": {"in": ["complex"]}}, "orchid"),
        route_rule("b", LONG, "swift-small"),
    )
    known = classification(class_rule("c1", CODE, "complex"))
    [said] = moves("router_policy", old, "ba", known)
    assert said.endswith("requests such as one with task code and prompt_tokens 1000.")


def test_move__in_a_document_that_is_not_right__says_nothing_of_its_effect() -> None:
    old = classification(class_rule("a", CODE, "complex"), class_rule("b", ANSWER, "nowhere"))
    assert moves("request_classification", old, "ba")[0].endswith(" to 1.")


def test_move__that_takes_too_much_work__says_nothing_of_its_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_moves, "MOVE_BUDGET", 0)
    old = classification(
        class_rule("a", CODE, "complex"),
        class_rule("b", LONG, "simple"),
        class_rule("c", {"task": {"present": True}}, "complex"),
    )
    assert moves("request_classification", old, "acb")[0].endswith(" to 2.")


def test_move__of_a_policy_rule_that_was_renamed_beside_it__says_nothing_of_its_effect() -> None:
    rules = [route_rule(name, LONG, "orchid") for name in "ab"]
    rules.append(route_rule("c", CODE, "swift-small"))
    new = policy(rules[2], {**rules[0], "id": "z"}, rules[1])
    said = [one.sentence for one in describe_difference("router_policy", policy(*rules), new)]
    assert not any(NO in sentence for sentence in said)


def test_move__among_ordinary_rules__takes_little_of_the_work_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_moves, "MOVE_BUDGET", engine_moves.MOVE_BUDGET // 40)
    rules = [
        class_rule(f"r{n}", {**CODE, "prompt_tokens": {"gte": n, "lt": n + 9}}, "complex")
        for n in range(30)
    ]
    old = classification(*rules, class_rule("last", LONG, "simple"))
    new = {**old, "rules": [old["rules"][-1], *old["rules"][:-1]]}
    [said] = describe_difference("request_classification", old, new)
    assert said.sentence.endswith(f"; {NO}.")


@st.composite
def _moved(draw: st.DrawFn, kind: str) -> tuple[Raw, Raw, str]:
    """Documents, the same with one rule elsewhere, and that rule."""
    content = draw(small_documents().filter(lambda found: len(found[kind]["rules"]) > 1))
    rules = content[kind]["rules"]
    place, to = draw(
        st.lists(st.sampled_from(range(len(rules))), min_size=2, max_size=2, unique=True)
    )
    other = copy.deepcopy(content)
    rule = other[kind]["rules"].pop(place)
    other[kind]["rules"].insert(to, rule)
    return content, other, rule["id"]


def _ids(rules: Iterable[ClassRule | PolicyRule]) -> list[str]:
    return [rule.id for rule in rules]


def _class_of(bundle: Bundle, request: Request) -> str:
    known = bundle.request_classification
    return classify(known, resolve(known, request))[0]


def _route_of(bundle: Bundle, request: Request) -> Mapping[str, Any]:
    """What the deciding rule's route says, without what plays no part in it."""
    route = dict(bundle.router_policy.routes())[decide(bundle, request).policy_rule].to_json()
    if route["select"] == "weighted":
        return route
    candidates: Any = route["candidates"]
    return {**route, "salt": "", "candidates": [entry["model"] for entry in candidates]}


EXACT = settings(
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@EXACT
@given(_moved("request_classification"))
def test_move__of_any_class_rule__says_what_trying_every_request_says(
    drawn: tuple[Raw, Raw, str],
) -> None:
    old, new, name = drawn
    before, after = parse_bundle(old), parse_bundle(new)
    if cells(before) > MOST_CELLS:
        return
    was, now = (_ids(bundle.request_classification.rules) for bundle in (before, after))
    witness = order_of_classes(before.request_classification).changed_by(was, now, name)
    differs = any(_class_of(before, r) != _class_of(after, r) for r in every_request(before))
    assert differs is (witness is not None)
    if witness is not None:
        shown: Any = Request(witness["attributes"])  # type: ignore[arg-type]  # plain JSON
        assert _class_of(before, shown) != _class_of(after, shown)


@EXACT
@given(_moved("router_policy"))
def test_move__of_any_policy_rule__says_what_trying_every_request_says(
    drawn: tuple[Raw, Raw, str],
) -> None:
    old, new, name = drawn
    before, after = parse_bundle(old), parse_bundle(new)
    if cells(before) > MOST_CELLS:
        return
    was, now = (_ids(bundle.router_policy.rules) for bundle in (before, after))
    known = order_of_routes(before.router_policy, before.request_classification)
    witness = known.changed_by(was, now, name)
    differs = any(_route_of(before, r) != _route_of(after, r) for r in every_request(before))
    assert differs is (witness is not None)
    if witness is not None:
        shown: Any = Request(witness["attributes"])  # type: ignore[arg-type]  # plain JSON
        assert _route_of(before, shown) != _route_of(after, shown)
