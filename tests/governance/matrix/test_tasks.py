"""Tasks act for nobody: they publish what was approved for its time, and govern nothing else."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pytest
from celery import current_app
from django.utils import timezone

from evaluations import tasks as evaluation_tasks
from evaluations.services.runs.planned import evaluate_on_plan
from evaluations.services.runs.starting import evaluate_change
from policies import tasks as policy_tasks
from policies.governance.transitions import State
from policies.models import ChangeRequest, Release, Review
from policies.services import audit
from policies.services.releases import scheduling
from policies.services.review import reviews
from policies.services.teams import members
from tests.governance.actors import A
from tests.governance.change_ways import REASON, later
from tests.governance.circumstances import arranged
from tests.governance.digests import governed, undone, wrote_anything
from tests.governance.outside import TASKS
from tests.governance.table import ENVIRONMENTS, OPEN, STATES, Circumstance
from tests.governance.world import World
from tests.policies.steps import seen

pytestmark = pytest.mark.django_db
# With what to call those that are about one thing; the others look for what is due.
OF_ONE = frozenset(
    {
        "policies.publish_objects",
        "policies.send_mail",
        "policies.try_message",
        "evaluations.begin_run",
        "evaluations.compute_chunk",
        "evaluations.finish_run",
        "evaluations.measure_change_impact",
        "evaluations.judge_change",
        "evaluations.evaluate_submitted",
    }
)


@pytest.fixture
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TASKS:
        monkeypatch.setattr(current_app.tasks[name], "delay", lambda *args: None)


@pytest.mark.postgres
@pytest.mark.parametrize("name", sorted(TASKS - OF_ONE))
def test_task__with_nothing_due__changes_nothing_that_is_governed(
    world: World, nothing_queued: None, name: str
) -> None:
    with undone():
        before = governed()
        current_app.tasks[name].run()
        assert governed() == before


@pytest.mark.postgres
def test_task_of_one_thing__changes_nothing_that_is_governed(
    world: World, nothing_queued: None
) -> None:
    change = world.changes["staging", "in_review"]
    with undone():
        before = governed()
        evaluation_tasks.measure_change_impact(change.pk)
        evaluation_tasks.judge_change(change.pk)
        evaluation_tasks.evaluate_submitted(change.pk, world.people[A.OUTSIDER].pk)
        evaluation_tasks.begin_run(world.run.pk)
        policy_tasks.send_mail(world.notification.pk, 0)
        policy_tasks.publish_objects(change.environment_id)
        assert governed() == before


@dataclass(frozen=True)
class Moment:
    """When the task runs, against the time that was set."""

    name: str
    after: datetime.timedelta
    is_due: bool
    obstacle: str = ""


MOMENTS = (
    Moment("too early", datetime.timedelta(minutes=-1), is_due=False),
    Moment("in time", datetime.timedelta(minutes=1), is_due=True),
    Moment("too late", datetime.timedelta(hours=2), is_due=True, obstacle="late"),
)
# A task has nobody who could enter a password: who approved it, did.
AROUND = (Circumstance.ORDINARY, Circumstance.FROZEN, Circumstance.DEMANDED)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
@pytest.mark.parametrize("circumstance", AROUND, ids=lambda circumstance: circumstance or "plain")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
def test_task__publishes_only_what_is_approved_and_due_and_not_frozen(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    environment: str,
    circumstance: Circumstance,
    moment: Moment,
) -> None:
    obstacles = {moment.obstacle} - {""}
    obstacles |= {"frozen"} if circumstance == Circumstance.FROZEN else set()
    obstacles |= {"state"} if state != State.APPROVED else set()
    with undone():
        time = scheduled(world, environment, state)
        count = Release.objects.count()
        with arranged(world, environment, circumstance):
            monkeypatch.setattr(timezone, "now", lambda: time + moment.after)
            _, wrote = wrote_anything(policy_tasks.publish_scheduled, world.digests)
            now = world.change(environment, state)
            if state not in OPEN or not moment.is_due:
                assert not wrote
            elif obstacles:
                assert now.state == state
                assert obstacles <= {reason["code"] for reason in now.schedule_failure}
            else:
                assert now.state == State.PUBLISHED
            is_out = state in OPEN and moment.is_due and not obstacles
            assert Release.objects.count() == count + is_out
            assert list(audit.breaks()) == []


def scheduled(world: World, environment: str, state: str) -> datetime.datetime:
    """Set its time, by force where it is closed; and approve it again where it was."""
    change, time = world.change(environment, state), later().replace(second=0, microsecond=0)
    if state not in OPEN:
        operator = world.people[A.OPERATOR]
        rows = ChangeRequest.objects.filter(pk=change.pk)
        rows.update(publish_at=time, scheduled_by=operator)
        return time
    scheduling.schedule(change, time, acting_user=world.user(A.OPERATOR))
    if state == State.APPROVED:
        for actor in (A.REVIEWER, A.OWNER):
            reviews.approve(change, REASON, acting_user=world.user(actor), seen=seen(change))
    return time


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
def test_evaluation__brings_evidence_and_at_most_voids_approvals(
    world: World, nothing_queued: None, state: str, environment: str
) -> None:
    with undone():
        change = world.change(environment, state)
        author = world.user(A.CONTRIBUTOR)
        if state in OPEN:
            [run] = evaluate_on_plan(change, acting_user=author)
        else:
            run = evaluate_change(change, world.dataset, acting_user=author)
        releases = Release.objects.count()
        said = set(Review.objects.values_list("pk", flat=True))
        counting = set(Review.objects.standing().values_list("pk", flat=True))
        evaluation_tasks.begin_run(run.pk)
        for index in range(run.chunk_count):
            evaluation_tasks.compute_chunk(run.pk, index)
        evaluation_tasks.finish_run(run.pk)
        run.refresh_from_db()
        assert run.status == "finished"
        assert Release.objects.count() == releases
        assert set(Review.objects.values_list("pk", flat=True)) == said
        assert set(Review.objects.standing().values_list("pk", flat=True)) <= counting
        after = {State.APPROVED: State.IN_REVIEW}.get(State(state), state)
        assert world.change(environment, state).state in (state, after)
        assert list(audit.breaks()) == []


@pytest.mark.postgres
def test_publication_at_its_time__by_somebody_who_lost_the_right__stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with undone():
        time = scheduled(world, "staging", "approved")
        role = world.user(A.OPERATOR).memberships.get()
        members.remove_member(role, acting_user=world.user(A.ADMINISTRATOR))
        monkeypatch.setattr(timezone, "now", lambda: time + datetime.timedelta(minutes=1))
        policy_tasks.publish_scheduled()
        now = world.change("staging", "approved")
        assert now.state == State.APPROVED
        assert {reason["code"] for reason in now.schedule_failure} == {"scheduler"}
