"""A look at a sealed share is paid for, whatever it was compared with and for which environment."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from evaluations.models import Dataset
from evaluations.services.runs.planned import evaluate_on_plan
from evaluations.services.runs.shown import shown_by
from policies.models import ChangeRequest, Environment, Release, Workflow
from policies.services.releases import publication
from tests.evaluations.runs_here import evaluated, imported, required
from tests.policies.steps import documents, now, proposed, published

SHARES = itertools.count(1)


@pytest.fixture
def dataset(workflow: Workflow, author: User, tmp_path: Path) -> Dataset:
    return imported(workflow, author, tmp_path, requests=60)


def release_of(environment: Environment, author: User, owner: User, share: int) -> Release:
    approvers = [owner]
    return published(environment, author, approvers, owner, documents(share=share))


@pytest.fixture
def places(
    staging: Environment, production: Environment, dataset: Dataset, author: User, owner: User
) -> tuple[Environment, Environment]:
    """Both require the dataset, and have releases of other content."""
    for environment, share in ((staging, 90), (production, 80)):
        environment.required_approvals = 1
        environment.save()
        required(environment, dataset)
        release_of(environment, author, owner, share)
    return staging, production


def dealt_anew(share: int) -> dict[str, Any]:
    """A candidate that does the same on whatever base: its split goes on from none."""
    content = documents(share=share, margin=0.05)
    content["router_policy"]["rules"][0]["route"]["earlier_weights"] = []
    return content


def tried(environment: Environment, author: User, share: int | None = None) -> ChangeRequest:
    """A candidate is tried on the plan; by default one that was not tried before."""
    share = next(SHARES) % 50 + 1 if share is None else share
    change = proposed(environment, author, dealt_anew(share))
    evaluate_on_plan(now(change), acting_user=author)
    return change


def look_of(change: ChangeRequest, author: User) -> int:
    [run] = evaluate_on_plan(now(change), acting_user=author)
    return run.look


def test_tries_against_another_environment_s_release__are_paid_for(
    places: tuple[Environment, Environment], author: User
) -> None:
    staging, production = places
    looks = [look_of(tried(staging, author), author) for _ in range(3)]
    assert looks == [1, 2, 3]
    assert look_of(tried(production, author), author) == 4


def test_publication_elsewhere__does_not_start_the_count_anew(
    places: tuple[Environment, Environment], author: User, owner: User
) -> None:
    """However often staging publishes, production counts what was tried there."""
    staging, production = places
    for share in (91, 92, 93):
        assert look_of(tried(staging, author), author) == 1
        release_of(staging, author, owner, share)
    assert look_of(tried(production, author), author) == 4


def test_publication_here__starts_the_count_anew_and_a_rollback_does_not(
    places: tuple[Environment, Environment], author: User, owner: User
) -> None:
    staging, _ = places
    first = Release.objects.active().get(environment=staging)
    for _ in range(2):
        tried(staging, author)
    release_of(staging, author, owner, 91)
    assert look_of(tried(staging, author), author) == 1
    publication.roll_back(first, "It was better.", acting_user=owner)
    assert look_of(tried(staging, author), author) == 4


def test_other_words_published_here__start_nothing_anew(
    places: tuple[Environment, Environment], author: User, owner: User
) -> None:
    staging, _ = places
    tried(staging, author)
    reworded = documents(share=90)
    reworded["request_classification"]["classes"][0]["label"] = "Easy"
    published(staging, author, [owner], owner, reworded)
    assert look_of(tried(staging, author), author) == 2


def test_same_shares_in_other_numbers_published_here__start_nothing_anew(
    places: tuple[Environment, Environment], author: User, owner: User
) -> None:
    staging, _ = places
    tried(staging, author)
    content = documents(share=90)
    content["router_policy"]["rules"][0]["route"]["candidates"] = [
        {"model": "swift-small", "weight": 9},
        {"model": "orchid", "weight": 1},
    ]
    published(staging, author, [owner], owner, content)
    assert look_of(tried(staging, author), author) == 2


def test_before_the_first_release__every_look_ever_counts(
    staging: Environment, production: Environment, dataset: Dataset, author: User, owner: User
) -> None:
    required(staging, dataset)
    required(production, dataset)
    release_of(staging, author, owner, 90)
    tried(staging, author)
    release_of(staging, author, owner, 91)
    tried(staging, author)
    assert look_of(tried(production, author), author) == 3


def test_same_candidate__run_again_or_in_another_environment__keeps_its_look(
    places: tuple[Environment, Environment], author: User
) -> None:
    staging, production = places
    first = tried(staging, author, 70)
    tried(staging, author)
    assert look_of(first, author) == 1
    assert look_of(tried(production, author, 70), author) == 1


def test_run_that_was_a_cheaper_look_elsewhere__is_no_evidence_here(
    staging: Environment, production: Environment, dataset: Dataset, author: User, owner: User
) -> None:
    """Staging takes production's content later, so it counts fewer looks against the same base."""
    production.required_approvals = 1
    production.save()
    required(staging, dataset)
    required(production, dataset)
    release_of(production, author, owner, 80)
    other = documents(share=70)
    other["router_policy"]["rules"][0]["route"]["salt"] = "other"  # what follows is dealt anew
    published(staging, author, [owner], owner, other)
    for _ in range(2):
        tried(staging, author)
    release_of(staging, author, owner, 80)
    change = proposed(staging, author, dealt_anew(60))
    [cheap] = evaluated(change, author)
    assert cheap.look == 1
    here = proposed(production, author, dealt_anew(60))
    shown = shown_by(now(here))
    assert shown is not None
    [row] = shown.on
    assert (row.verdict, row.run) == ("missing", None)
    assert row.reason.startswith("Measured as try 1 elsewhere; here it is try 3")
    [paid] = evaluated(here, author)
    assert paid.look == 3 and paid.pk != cheap.pk
    shown = shown_by(now(here))
    assert shown is not None and shown.on[0].run == paid


def test_page_of_evidence__says_what_a_look_is_and_since_when_they_count(
    places: tuple[Environment, Environment], author: User, client: Client
) -> None:
    staging, _ = places
    change = tried(staging, author)
    client.force_login(author)
    where = reverse("change-evidence", args=[change.workflow.slug, change.number])
    text = " ".join(client.get(where).content.decode().split())
    assert "Each candidate evaluated on a sealed share is a try" in text
    assert "Counted since release 1 of staging" in text
