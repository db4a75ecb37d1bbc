"""What findings about rules and classes say, on small examples."""

import pytest

from policies.engine.analysis import ERROR, INFO, WARNING
from tests.engine.analysis.documents import analysis, named, route

CHAT = {"task": {"in": ["chat"]}}
REST = {"task": {"in": ["code", "sum"]}}


def test_shadowed__union_of_two_earlier_rules__names_both_and_is_an_error() -> None:
    found = named(
        analysis(
            class_rules={
                "short": ({"tokens": {"lt": 10}}, "easy"),
                "unrelated": ({"vip": True}, "easy"),
                "long": ({"tokens": {"gte": 10}}, "easy"),
                "middle": ({"tokens": {"gt": 5, "lt": 20}}, "hard"),
            }
        )
    )["shadowed:request_classification:middle"]
    assert found.severity == ERROR
    assert found.rules == ("middle", "short", "long")
    assert found.pointer == "/request_classification/rules/3"
    assert found.sentence == (
        '"middle" is never reached: before it, "short" and "long" together decide all its '
        'requests, and not always with its answer (class "hard").'
    )


def test_shadowed__same_outcome_before__is_a_warning_only() -> None:
    found = analysis(class_rules={"all": ({}, "hard"), "chat": (CHAT, "hard")})
    (finding,) = found.of_kind("shadowed")
    assert finding.severity == WARNING
    assert "with the same answer" in finding.sentence


def test_conflict__neither_contains_the_other__says_which_wins_with_a_short_witness() -> None:
    found = named(analysis(class_rules={"chat": (CHAT, "easy"), "vips": ({"vip": True}, "hard")}))[
        "conflict:request_classification:chat:vips"
    ]
    assert found.severity == WARNING
    assert found.witness == {"attributes": {"task": "chat", "vip": True}}
    assert '"chat" comes first and wins: class "easy", not class "hard".' in found.sentence


def test_exception__earlier_rule_within_a_later_one__is_for_information_only() -> None:
    chat_of_vips = {**CHAT, "vip": True}
    found = analysis(class_rules={"chat-of-vips": (chat_of_vips, "hard"), "chat": (CHAT, "easy")})
    (finding,) = found.of_kind("exception")
    assert (finding.severity, found.of_kind("conflict")) == (INFO, ())


def test_conflict__classes_keep_rules_apart__there_is_none() -> None:
    # Their conditions overlap on paper, but no request of class "easy" is a VIP's.
    found = analysis(
        class_rules={"vips": ({"vip": True}, "hard")},
        rules={
            "easy": ({"class": {"in": ["easy"]}, **CHAT}, route("m1")),
            "vips": ({"vip": True}, route("m2")),
        },
    )
    assert found.of_kind("conflict") == ()


def test_unsatisfiable__class_contradicts_the_condition__is_an_error() -> None:
    found = named(
        analysis(
            class_rules={"vips": ({"vip": True}, "hard")},
            rules={"odd": ({"class": {"in": ["hard"]}, "vip": False}, route("m2"))},
        )
    )["unsatisfiable:router_policy:odd"]
    assert found.severity == ERROR
    assert "no request of the class it asks for meets its other conditions" in found.sentence


def test_unsatisfiable__class_never_assigned__is_a_warning_beside_that_of_the_class() -> None:
    found = named(analysis(rules={"hard": ({"class": {"in": ["hard"]}}, route("m2"))}))
    assert found["unsatisfiable:router_policy:hard"].severity == WARNING
    assert found["class_never_assigned:hard"].severity == WARNING
    assert "no rule names it" in found["class_never_assigned:hard"].sentence


def test_redundant__default_says_the_same__is_for_information() -> None:
    found = analysis(rules={"chat": (CHAT, route("m1"))}, default=route("m1"))
    (finding,) = found.of_kind("redundant")
    assert (finding.severity, finding.rules) == (INFO, ("chat",))


def test_redundant__salt_of_a_route_without_split_differs__is_still_found() -> None:
    weighted = {"select": "weighted", "salt": "x", "candidates": [{"model": "m1", "weight": 3}]}
    assert analysis(rules={"chat": (CHAT, weighted)}, default=route("m1")).of_kind("redundant")


def test_gap__complete_requests_are_uncovered__witness_has_the_value_that_matters() -> None:
    found = named(analysis(class_rules={"chat": (CHAT, "hard")}))["gap:request_classification"]
    assert found.witness == {"attributes": {"task": "code"}}
    assert found.sentence == (
        'Requests such as {"task":"code"} are covered by no rule and get the default: class "easy".'
    )


def test_gap__only_missing_values_are_uncovered__says_so() -> None:
    found = named(analysis(class_rules={"chat": (CHAT, "hard"), "rest": (REST, "easy")}))
    assert found["gap:request_classification"].sentence.startswith("Only requests that lack")


def test_class_without_rule__high_risk__is_a_warning() -> None:
    found = named(analysis(class_rules={"vips": ({"vip": True}, "hard")}, risks={"hard": "high"}))
    assert found["class_without_rule:hard"].severity == WARNING
    assert found["class_without_rule:easy"].severity == INFO


def test_threshold__gate_on_a_class_never_assigned__can_never_be_measured() -> None:
    gate = {
        "id": "floor",
        "class": "hard",
        "metric": "mean_quality",
        "comparison": "absolute",
        "value": 0.8,
        "effect": "gate",
    }
    found = named(analysis(thresholds=(gate,)))["threshold_unmeasurable:floor"]
    assert (found.severity, found.pointer) == (WARNING, "/quality_thresholds/thresholds/0")


@pytest.mark.parametrize(
    ("metric", "effect", "why"),
    [
        ("lead_time_hours", "gate", "only the scorecard can measure lead_time_hours"),
        ("under_classification_rate", "gate", "the effect gate is judged on evaluations."),
        ("over_routing_rate", "alarm", "only evaluations can measure over_routing_rate"),
    ],
)
def test_threshold__on_a_metric_that_is_not_measured_there__is_a_warning(
    metric: str, effect: str, why: str
) -> None:
    asked = {
        "id": "t", "metric": metric, "comparison": "absolute", "value": 0.2, "effect": effect,
    }  # fmt: skip
    found = named(analysis(thresholds=(asked,)))["threshold_unjudged:t"]
    assert (found.severity, found.pointer) == (WARNING, "/quality_thresholds/thresholds/0")
    assert why in found.sentence


def test_threshold__on_a_metric_that_both_measure__may_have_any_effect() -> None:
    for effect in ("gate", "alarm", "rollback"):
        asked = {
            "id": "t", "metric": "error_rate", "comparison": "absolute", "value": 0.2,
            "effect": effect,
        }  # fmt: skip
        assert "threshold_unjudged:t" not in named(analysis(thresholds=(asked,)))


def test_name__unrelated_rule_is_put_before__stays_the_same() -> None:
    rules = {"chat": (CHAT, "easy"), "vips": ({"vip": True}, "hard")}
    before = named(analysis(class_rules=rules))
    after = named(analysis(class_rules={"new": ({"tokens": {"gt": 9}}, "hard"), **rules}))
    assert set(before) <= set(after)
