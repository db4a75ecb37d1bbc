"""A change that no recorded request meets is unmeasured, which is not “nobody”."""

from __future__ import annotations

import pytest

from evaluations.impact import Impact, Source, TrafficRequest, measure
from evaluations.impact.wording import headline, notices
from policies.engine import Bundle, Request
from tests.evaluations.bundles import TASK, rule_bundle

SOURCE = Source("dataset", "sha256:x", "“made up”", 20)
ROUTINE = ({"task": {"in": ["routine"]}}, "cheap")
LEGAL = ({"task": {"in": ["legal"]}}, "cheap")
ROW = {"model": "strong", "on": ["timeout"], "then": ["cheap"]}


def policy(*rules: object, **extra: object) -> Bundle:
    return rule_bundle("strong", rules, attributes=[TASK], models=["cheap"], **extra)  # type: ignore[arg-type]


def impact(candidate: Bundle, *tasks: str) -> Impact:
    requests = [
        TrafficRequest(Request(attributes={"task": task}, request_id=f"r{i}"), f"c{i}")
        for i, task in enumerate(tasks)
    ]
    return measure(policy(), candidate, requests, SOURCE)


def test_impact__of_a_rule_that_no_request_meets__is_unmeasured() -> None:
    found = impact(policy(ROUTINE), "legal", "chat")
    assert found.is_unmeasured
    assert (found.affected_share, found.rerouted_share, found.projected_cost_change) == (
        None, None, None,
    )  # fmt: skip
    assert [part.pointer for part in found.unreached] == ["/router_policy/rules/0"]
    assert headline(found).startswith("Unmeasured: none of 2")
    assert Impact.from_json(found.to_json()) == found


def test_impact__of_which_one_rule_is_met__has_figures_and_names_the_other() -> None:
    found = impact(policy(LEGAL, ROUTINE), "legal", "chat")
    assert found.rerouted_share == 0.5
    assert [part.words for part in found.unreached] == ["rule “r1”"]
    assert any("rule “r1”" in notice for notice in notices(found))


def test_impact__of_a_change_that_is_met__has_nothing_unreached() -> None:
    found = impact(policy(ROUTINE), "routine", "chat")
    assert (found.unreached, found.rerouted_share) == ((), 0.5)


def test_impact__of_a_row_for_a_model_that_requests_go_to__is_measured() -> None:
    found = impact(policy(fallback=[ROW]), "chat")
    assert (found.unreached, found.chain_changed_share) == ((), 1.0)


@pytest.mark.parametrize("rules", [(), (({"task": {"in": ["routine"]}}, "strong"),)])
def test_impact__of_bundles_that_are_proved_alike__is_nobody(rules: tuple[object, ...]) -> None:
    found = impact(policy(*rules), "legal")
    assert found.proved_alike
    assert (found.affected_share, found.unreached) == (0.0, ())
    assert headline(found).startswith("None of 1")
