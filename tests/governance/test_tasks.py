"""Tasks act for nobody: they publish what was approved for its time, and govern nothing else."""

from __future__ import annotations

import datetime

import pytest
from celery import current_app
from django.utils import timezone

from evaluations import tasks as evaluation_tasks
from policies import tasks as policy_tasks
from policies.models import Release
from policies.services import audit, reviews, scheduling, teams
from policies.transitions import State
from tests.governance.actors import A
from tests.governance.change_ways import REASON, later
from tests.governance.digests import governed, undone, wrote_anything
from tests.governance.outside import TASKS
from tests.governance.table import ENVIRONMENTS, OPEN, STATES
from tests.governance.world import World

pytestmark = pytest.mark.django_db
# With what to call those that are about one thing; the others look for what is due.
OF_ONE = frozenset(
    {
        "policies.send_mail",
        "policies.try_message",
        "evaluations.begin_run",
        "evaluations.compute_chunk",
        "evaluations.finish_run",
        "evaluations.measure_change_impact",
    }
)


def past(monkeypatch: pytest.MonkeyPatch, moment: datetime.datetime) -> None:
    """It is a minute later than that."""
    monkeypatch.setattr(timezone, "now", lambda: moment + datetime.timedelta(minutes=1))


@pytest.fixture
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TASKS:
        monkeypatch.setattr(current_app.tasks[name], "delay", lambda *args: None)


@pytest.mark.parametrize("name", sorted(TASKS - OF_ONE))
def test_task__with_nothing_due__changes_nothing_that_is_governed(
    world: World, nothing_queued: None, name: str
) -> None:
    with undone():
        before = governed()
        current_app.tasks[name].run()
        assert governed() == before


def test_task_of_one_thing__changes_nothing_that_is_governed(
    world: World, nothing_queued: None
) -> None:
    change = world.changes["staging", "in_review"]
    with undone():
        before = governed()
        evaluation_tasks.measure_change_impact(change.pk)
        evaluation_tasks.begin_run(world.run.pk)
        policy_tasks.send_mail(world.notification.pk, 0)
        assert governed() == before


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", sorted(OPEN))
def test_publication_at_its_time__needs_what_a_person_s_would(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str, environment: str
) -> None:
    """Approved for a time it goes out; in every other state it is told why not."""
    with undone():
        change = world.change(environment, state)
        moment = later()
        scheduling.schedule(change, moment, acting_user=world.user(A.OPERATOR))
        if state == State.APPROVED:
            for actor in (A.REVIEWER, A.OWNER):
                reviews.approve(change, REASON, acting_user=world.user(actor))
        count = Release.objects.count()
        past(monkeypatch, moment.replace(second=0, microsecond=0))
        policy_tasks.publish_scheduled()
        now = world.change(environment, state)
        if state == State.APPROVED:
            assert now.state == State.PUBLISHED
            assert Release.objects.count() == count + 1
        else:
            assert now.state == state
            assert Release.objects.count() == count
            assert "state" in {reason["code"] for reason in now.schedule_failure}
        assert list(audit.breaks()) == []


@pytest.mark.parametrize("state", sorted(set(STATES) - OPEN))
def test_closed_change__has_no_time_to_come(world: World, state: str) -> None:
    with undone():
        (_, wrote) = wrote_anything(policy_tasks.publish_scheduled, world.digest)
        assert not wrote
        assert world.change("staging", state).state == state


def test_publication_at_its_time__by_somebody_who_lost_the_right__stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with undone():
        change, moment = world.change("staging", "approved"), later()
        operator = world.user(A.OPERATOR)
        scheduling.schedule(change, moment, acting_user=operator)
        for actor in (A.REVIEWER, A.OWNER):
            reviews.approve(change, REASON, acting_user=world.user(actor))
        role = operator.memberships.get()
        teams.remove_member(role, acting_user=world.user(A.ADMINISTRATOR))
        past(monkeypatch, moment.replace(second=0, microsecond=0))
        policy_tasks.publish_scheduled()
        now = world.change("staging", "approved")
        assert now.state == State.APPROVED
        assert {reason["code"] for reason in now.schedule_failure} == {"scheduler"}
