"""Regions tell which recorded requests a finding is about."""

from policies.engine import Request
from policies.engine.analysis import Region, facts_of
from tests.engine.analysis.documents import Raw, analysis, bundle, named, route

RULES: dict[str, tuple[Raw, str]] = {
    "chat": ({"task": {"in": ["chat"]}}, "easy"),
    "vips": ({"vip": True}, "hard"),
}


def _request(**attributes: str | bool) -> Request:
    return Request(attributes=attributes)


def test_region__conflict__holds_what_the_winner_decides_and_the_loser_matches() -> None:
    made = bundle(class_rules=RULES)
    region = named(analysis(class_rules=RULES))["conflict:request_classification:chat:vips"].region
    assert region is not None
    assert region.contains(made, _request(task="chat", vip=True))
    assert not region.contains(made, _request(task="chat"))
    assert not region.contains(made, _request(vip=True))


def test_region__gap__holds_what_falls_to_the_default() -> None:
    made = bundle(class_rules=RULES)
    region = named(analysis(class_rules=RULES))["gap:request_classification"].region
    assert region is not None
    assert region.contains(made, _request(task="code"))
    assert not region.contains(made, _request(vip=True))


def test_region__model__holds_what_is_sent_to_it() -> None:
    made = bundle(rules={"vips": ({"vip": True}, route("m2"))})
    region = Region(models=("m2",))
    assert region.contains(made, _request(vip=True))
    assert not region.contains(made, _request())


def test_facts__asked_once__serve_any_number_of_regions() -> None:
    made = bundle(class_rules=RULES, rules={"vips": ({"vip": True}, route("m2"))})
    facts = facts_of(made, _request(task="chat", vip=True))
    assert facts.class_rules_that_hold == {"chat", "vips"}
    assert (facts.class_rule, facts.policy_rule, facts.model) == ("chat", "vips", "m2")
    assert Region(decided_by=("vips",), classes=("easy",)).has(facts)
