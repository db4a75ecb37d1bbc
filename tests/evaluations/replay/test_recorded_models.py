"""Which models of a bundle a dataset records, in one sentence, before and after a run alike."""

from __future__ import annotations

import pytest

from evaluations.replay.recorded_models import recorded_models, told_before
from tests.evaluations.bundles import always

ONE = always("a")
THREE = always("a", fallback=[{"model": "a", "on": ["timeout"], "then": ["b", "c"]}],
               models=["b", "c"])  # fmt: skip
SEVEN = always("a", fallback=[{"model": "a", "on": ["timeout"], "then": list("bcdefg")}],
               models=list("bcdefg"))  # fmt: skip


@pytest.mark.parametrize(
    ("bundle", "recorded", "sentence"),
    [
        (ONE, "a", "The one model of the candidate was recorded."),
        (ONE, "bc", "The one model of the candidate is not among the 2 that it records, so nothing "
                    "can be compared."),
        (THREE, "abcx", "All 3 models of the candidate were recorded."),
        (THREE, "c", "1 of 3 models of the candidate was recorded; missing: a, b."),
        (THREE, "ab", "2 of 3 models of the candidate were recorded; missing: c."),
        (THREE, "xyz", "None of the 3 models of the candidate is among the 3 that it records, so "
                       "nothing can be compared."),
        (SEVEN, "a", "1 of 7 models of the candidate was recorded; missing: b, c, d, e and 2 "
                     "more."),
    ],
)  # fmt: skip
def test_sentence__of_a_dataset__counts_and_names_what_is_missing(
    bundle: object, recorded: str, sentence: str
) -> None:
    found = recorded_models(bundle, set(recorded))  # type: ignore[arg-type]
    assert found.sentence("the candidate", "it") == sentence


def test_sentence__of_a_large_dataset__writes_thousands_apart() -> None:
    models = [f"m{number}" for number in range(1200)]
    assert "among the 1,200 that it records" in recorded_models(ONE, models).sentence("it", "it")


SIDES = [("the candidate", ONE), ("the baseline", THREE)]


def test_told__before_a_run__says_of_the_baseline_only_what_is_missing() -> None:
    [candidate] = told_before(SIDES, {"a", "b", "c"})
    assert (candidate.sentence, candidate.is_none) == (
        "The one model of the candidate was recorded.", False,
    )  # fmt: skip
    [_, baseline] = told_before(SIDES, {"a"})
    assert baseline.sentence == "1 of 3 models of the baseline was recorded; missing: b, c."


def test_told__where_the_candidate_has_none__leaves_it_at_that() -> None:
    [only] = told_before(SIDES, {"b"})
    assert only.is_none and only.sentence.startswith("The one model of the candidate is not")


def test_told__where_the_baseline_has_none__warns_of_it() -> None:
    [first, second] = told_before([("the candidate", THREE), ("the baseline", ONE)], {"b"})
    assert [first.is_none, second.is_none] == [False, True]
