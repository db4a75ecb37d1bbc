"""One name is one quantity: which metrics are measured where."""

from __future__ import annotations

from evaluations.metrics.definitions import DEFINITIONS, MEANINGS
from evaluations.replay.measures import MEASURED
from policies.engine.metrics import EVALUATION, METRICS, SCORECARD


def measured_in(place: str) -> set[str]:
    return {name for name, metric in METRICS.items() if place in metric.measured_in}


def test_metrics__of_an_evaluation__are_those_that_say_so() -> None:
    assert set(MEASURED) == measured_in(EVALUATION)


def test_metrics__of_the_scorecard__are_those_that_say_so_and_a_few_without_thresholds() -> None:
    assert set(DEFINITIONS) & set(METRICS) == measured_in(SCORECARD)
    assert {metric.measured_in for metric in DEFINITIONS.values()} <= {
        (EVALUATION, SCORECARD),
        (SCORECARD,),
    }


def test_metrics__that_need_every_models_answer__are_not_called_alike_on_the_scorecard() -> None:
    """Outcomes know the class by a label and the answer that was given, not what others cost."""
    assert {"route_accuracy", "under_routing_rate", "over_routing_rate"}.isdisjoint(DEFINITIONS)


def test_meanings__are_given_for_each_metric_that_is_shown_anywhere() -> None:
    assert set(MEANINGS) == set(DEFINITIONS) | set(METRICS)
    assert len(set(MEANINGS.values())) == len(MEANINGS)
