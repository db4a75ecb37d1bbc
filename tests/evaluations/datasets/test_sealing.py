"""The sealed share: who is in it follows from names alone, and only a run on the plan reads it."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from evaluations.datasets.database import open_reader
from evaluations.datasets.picking import pick_requests
from evaluations.datasets.sample import sample_rows
from evaluations.datasets.sealing import Part, count_requests, where
from evaluations.models import Dataset
from evaluations.replay.recorded import read_chunk
from evaluations.services.datasets.recorded import of_dataset
from evaluations.services.datasets.sealed import open_part, sealed_share_of
from evaluations.services.runs import starting
from policies.models import Environment, Workflow
from tests.evaluations.runs_here import computed, evaluated, imported, required
from tests.policies.steps import documents, proposed

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
shares = st.floats(0.05, 0.95)


@given(names, shares)
def test_conversation__is_in_exactly_one_part__and_sql_says_the_same(
    name: str, share: float
) -> None:
    sealed, opened = (Part("sha256:d", share, is_sealed=is_sealed) for is_sealed in (True, False))
    assert sealed.holds(name) != opened.holds(name)
    condition, values = where(sealed)
    with open_reader() as connection:
        found = connection.execute(
            f"SELECT {condition} FROM (SELECT ?::VARCHAR AS cluster)",  # noqa: S608
            [*values, name],
        ).fetchone()
    assert found == (sealed.holds(name),)


@given(names, shares, shares)
def test_larger_share__seals_the_same_conversations_and_more(
    name: str, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    if Part("sha256:d", less, is_sealed=True).holds(name):
        assert Part("sha256:d", more, is_sealed=True).holds(name)


def test_sealed_share__is_about_as_large_as_asked() -> None:
    sealed = Part("sha256:d", 1 / 3, is_sealed=True)
    held = sum(sealed.holds(f"c{number}") for number in range(6000))
    assert abs(held / 6000 - 1 / 3) < 0.02  # over three standard errors


def test_parts__of_a_dataset__are_read_apart_and_make_the_whole(
    workflow: Workflow, author: User, tmp_path: Path
) -> None:
    dataset = imported(workflow, author, tmp_path)
    found = {}
    for is_sealed in (True, False):
        part = Part(dataset.digest, 1 / 3, is_sealed=is_sealed)
        read = [r.request_id for i in range(3) for r in read_chunk(dataset.path, i, 3, part)]
        assert len(read) == count_requests(dataset.path, part)
        found[is_sealed] = set(read)
    assert not found[True] & found[False]
    assert len(found[True] | found[False]) == dataset.requests


def test_dataset_of_a_plan__shows_only_its_open_part_to_whoever_explores(
    workflow: Workflow, staging: Environment, author: User, tmp_path: Path
) -> None:
    """Runs, examples, the blast radius, previews and trials: none holds a sealed request."""
    dataset = imported(workflow, author, tmp_path)
    change = proposed(staging, author, documents(share=100))
    required(staging, dataset, sealed_share=0.5)
    part = open_part(dataset)
    assert part is not None and sealed_share_of(dataset) == 0.5
    sealed = _sealed(dataset)
    explored = computed(starting.evaluate_change(change, dataset, acting_user=author))
    assert explored.requests == dataset.requests - len(sealed)
    examples = explored.report["examples"]
    shown = {entry["request_id"] for entry in (*examples["lost"], *examples["gained"])}
    shown |= {row["request_id"] for row in sample_rows(dataset.path, 300, part)}
    picked = pick_requests(dataset.path, wanted="", seed=1, most=400, part=part)
    shown |= {request.request_id for request in picked}
    read = of_dataset(dataset).read((), with_prompts=False)
    shown |= {found.request.request_id for found in read}
    assert shown and not shown & sealed


def test_run_on_the_plan__reads_the_sealed_share_alone_and_shows_no_request_of_it(
    workflow: Workflow, staging: Environment, author: User, tmp_path: Path
) -> None:
    dataset = imported(workflow, author, tmp_path)
    required(staging, dataset, sealed_share=0.5)
    [run] = evaluated(proposed(staging, author), author)
    assert run.report["counts"]["requests"] == run.requests == len(_sealed(dataset))
    assert run.report["examples"] == {"gained": [], "lost": []}


def _sealed(dataset: Dataset) -> set[str]:
    part = Part(dataset.digest, 0.5, is_sealed=True)
    return {found.request_id for found in read_chunk(dataset.path, 0, 1, part)}
