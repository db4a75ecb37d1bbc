"""A decision trace in words."""

from __future__ import annotations

import pytest

from policies.engine import Request, explain
from policies.wording.sentences import plain, route_parts
from policies.wording.traces import route_words
from tests.engine.analysis.documents import bundle

SPLIT = {
    "select": "weighted",
    "salt": "s",
    "candidates": [{"model": "m2"}, {"model": "m3", "weight": 3}],
    "earlier_weights": [{"m1": 1}, {"m1": 1, "m2": 1}],
}


def told(request_id: str) -> str:
    trace = explain(bundle(default=SPLIT), Request(request_id=request_id))
    return route_words(trace, trace.routes[0]).held


def test_split__with_earlier_weights__says_which_change_moved_the_key() -> None:
    said = {told(f"r{number}") for number in range(30)}
    assert said == {
        "The oldest weights deal it to m1; change 2 of 2 moved it to m3.",
        "The oldest weights deal it to m1; change 1 of 2 moved it to m2.",
        "The oldest weights deal it to m1; change 1 of 2 moved it to m2 and change 2 of 2 moved "
        "it to m3.",
    }


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        ([], ""),
        ([{"m2": 3, "m3": 9}], "; no change of weights since moved it."),
    ],
)
def test_split__that_moved_nobody__says_so_only_where_there_was_a_change(
    earlier: list[dict[str, int]], said: str
) -> None:
    made = bundle(default={**SPLIT, "earlier_weights": earlier})
    trace = explain(made, Request(request_id="r"))
    held = route_words(trace, trace.routes[0]).held
    assert held.endswith(said) and bool(held) == bool(said)


def test_route__of_a_split_that_has_a_history__says_how_many_changes() -> None:
    assert plain(route_parts(SPLIT)) == "split m2 25%, m3 75% after 2 changes of weights"
    assert plain(route_parts({**SPLIT, "select": "ordered"})) == "first fit of m2, m3"
