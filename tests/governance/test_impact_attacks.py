"""Twenty at once try to make a change request need fewer approvals by what its impact is measured
on: as its author, with a router's token, and as an administrator. What is asked for never falls,
what was approved stays, and nothing becomes approved.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from evaluations.models import Dataset
from evaluations.services.datasets.importing import import_dataset
from evaluations.services.impact.checking import record_impact
from evaluations.services.outcomes.ingestion import ingest
from policies.governance.evidence_plans import PlanTerms, RequiredDataset
from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment, Release
from policies.services import audit
from policies.services.review import reviews
from policies.services.rules.evidence import change_plan
from policies.services.teams.members import add_member, remove_member
from tests.evaluations.outcome_cast import event
from tests.evaluations.outcome_files import row, write_jsonl
from tests.evaluations.runs_here import imported, required
from tests.policies.cast import person
from tests.policies.review.test_change_request_races import Act, at_once, done
from tests.policies.review_steps import ruled
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    published,
    seen,
    standing,
    use_data_folder,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_cache")]
REROUTED = {"condition": "rerouted", "above": 0.2, "approvals": 1, "role": None}
THREADS = 20


@pytest.fixture
def careful(
    production: Environment,
    administrator: User,
    author: User,
    owner: User,
    reviewer: User,
    settings: Settings,
    tmp_path: Path,
) -> Environment:
    """Two approvals, and a third where a fifth of the traffic goes to another model."""
    use_data_folder(settings, tmp_path)
    published(production, author, [reviewer, owner], owner)
    return ruled(production, administrator, risk_rules=[REROUTED])


def only(dataset: Dataset) -> PlanTerms:
    return PlanTerms((RequiredDataset(dataset.digest, dataset.name),))


def harmless(change: ChangeRequest, author: User, folder: Path, number: int) -> Dataset:
    """Thirty invented requests of a class that the change does not touch, by its author."""
    rows = [
        row(f"h{number}-{index}", model, task="code", features={"prompt_tokens": 50})
        for index in range(30)
        for model in ("swift-small", "swift-large", "orchid")
    ]
    path = write_jsonl(folder / f"harmless-{number}.jsonl", rows)
    name = f"Harmless {number}"
    return import_dataset(change.workflow, path, acting_user=author, name=name)


def measured(change: ChangeRequest) -> int:
    """Measure its impact, as the worker does by itself; how many must approve it then."""
    record_impact(change.pk)
    return standing(change).required


def held(change: ChangeRequest, required: int, approvers: list[str]) -> bool:
    there = standing(change)
    given = [review.reviewer.username for review in there.approvals]
    return (
        now(change).state == State.IN_REVIEW
        and (there.required, given) == (required, approvers)
        and Release.objects.count() == 1
        and list(audit.breaks()) == []
    )


def test_author__imports_and_chooses_harmless_datasets__gains_nothing(
    careful: Environment,
    author: User,
    owner: User,
    reviewer: User,
    tmp_path: Path,
) -> None:
    full = imported(careful.workflow, owner, tmp_path)
    required(careful, full, sealed_share=0.5)
    change = in_review(careful, author, documents(share=10))
    assert measured(change) == 3
    approved(change, reviewer, owner)
    chosen = harmless(change, author, tmp_path, 0)

    def bring(number: int) -> int:
        harmless(change, author, tmp_path, number)
        return measured(change)

    def choose() -> int:
        with pytest.raises(Refused):
            change_plan(careful, only(chosen), acting_user=author, why="It is newer.")
        return measured(change)

    acts: list[Act] = [lambda number=number: bring(number) for number in range(1, 5)]  # type: ignore[misc]
    acts += [choose] * 8 + [lambda: measured(change)] * 8
    assert done(at_once(acts)) == [3] * THREADS
    assert held(change, 3, ["reviewer", "owner"])


def test_router__reports_outcomes_of_an_untouched_class__gains_nothing(
    careful: Environment, author: User, reviewer: User, owner: User
) -> None:
    change = in_review(careful, author, documents(share=10))
    assert measured(change) == 3  # nothing is recorded, so nothing is known
    approved(change, reviewer, owner)

    def report(number: int) -> int:
        moment = timezone.now()
        events = [
            event(
                f"w{number}-{index}",
                time=moment.isoformat(),
                class_="complex",
                model="swift-large",
                attributes={"task": "code", "prompt_tokens": 50},
            )
            for index in range(5)
        ]
        assert ingest(careful, events, now=moment).accepted == 5
        return measured(change)

    acts: list[Act] = [lambda number=number: report(number) for number in range(THREADS)]  # type: ignore[misc]
    assert done(at_once(acts)) == [3] * THREADS
    assert held(change, 3, ["reviewer", "owner"])


def test_administrator__makes_reviewers_and_takes_roles__gains_nothing(
    careful: Environment,
    author: User,
    owner: User,
    reviewer: User,
    administrator: User,
    tmp_path: Path,
) -> None:
    full = imported(careful.workflow, owner, tmp_path)
    required(careful, full, sealed_share=0.5)
    change = in_review(careful, author, documents(share=10))
    assert measured(change) == 3
    approved(change, reviewer, owner)
    team, shown = change.workflow.team, seen(change)
    add_member(team, administrator, Role.AUTHOR, acting_user=administrator)
    friends = [person(f"friend{number}", "One More") for number in range(8)]

    def make_reviewer(friend: User) -> int:
        for role in (Role.REVIEWER, Role.OWNER):
            add_member(team, friend, role, acting_user=administrator)
        return standing(change).required

    def approve(friend: User) -> object:
        return reviews.approve(change, REASON, acting_user=friend, seen=shown)

    def distract(number: int) -> int:
        chosen = harmless(change, administrator, tmp_path, number)
        with suppress(Refused):  # the first waits for a second person, and others find it waiting
            change_plan(careful, only(chosen), acting_user=administrator, why="It is newer.")
        return measured(change)

    acts: list[Act] = [lambda friend=friend: make_reviewer(friend) for friend in friends]  # type: ignore[misc]
    acts += [lambda friend=friend: approve(friend) for friend in friends]  # type: ignore[misc]
    acts += [lambda number=number: distract(number) for number in range(4)]  # type: ignore[misc]
    assert set(done(at_once(acts))) == {3}
    assert done(at_once([lambda friend=friend: approve(friend) for friend in friends])) == []  # type: ignore[misc]
    assert held(change, 3, ["reviewer", "owner"])
    remove_member(reviewer.memberships.get(), acting_user=administrator)
    add_member(team, reviewer, Role.REVIEWER, acting_user=administrator)
    assert held(change, 3, ["owner"])
