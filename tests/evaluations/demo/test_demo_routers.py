"""The demo's simulated routers go over to each release, so that its fleet tells a whole story."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User

from evaluations.demo import fleet
from policies.models import DriftEpisode, Environment, Release, RouterInstance
from policies.services.routers.convergence import convergence_of, fleet_of
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.routers.fleet_cast import SECOND, Routers
from tests.policies.steps import documents, published

pytestmark = pytest.mark.postgres


@pytest.fixture
def second(release: Release, staging: Environment, author: User, owner: User) -> Release:
    """Published when the demo's routers ran on the first already."""
    staging.workflow.is_simulated = True
    staging.workflow.save()
    fleet.begin(staging)
    return published(staging, author, [owner], owner, documents(share=50))


def on(release: Release) -> int:
    return RouterInstance.objects.filter(active_number=release.number).count()


def test_next_release__is_taken_up_by_each_when_its_time_has_come(second: Release) -> None:
    fleet.follow(second.published_at + SECOND)
    assert on(second) == len([router for router in fleet.ROUTERS if router.after_s <= 1])
    fleet.follow(second.published_at + 30 * SECOND)
    assert on(second) == len(fleet.ROUTERS)
    found = convergence_of(second, second.published_at + 30 * SECOND)
    slowest = max(router.after_s for router in fleet.ROUTERS)
    everybody = len(fleet.ROUTERS)
    assert (found.arrived, found.waiting, found.last_s) == (everybody, everybody, slowest)


def test_next_release__counts_as_delivered_and_nobody_drifts(second: Release) -> None:
    late = second.published_at + datetime.timedelta(hours=1)
    fleet.follow(late)
    watch_fleets(late)
    second.refresh_from_db()
    assert second.delivered_at is not None
    assert not fleet_of(second.environment, late).drifting
    assert not DriftEpisode.objects.filter(ended_at=None).exists()


def test_started_at__stays_over_reports(second: Release) -> None:
    before = dict(RouterInstance.objects.values_list("instance_id", "started_at"))
    fleet.follow(second.published_at + 30 * SECOND)
    assert dict(RouterInstance.objects.values_list("instance_id", "started_at")) == before


def test_router_with_a_token__of_such_a_name_is_left_alone(
    second: Release, release: Release, owner: User
) -> None:
    token, _ = issue_router_token(second.environment, "eu", acting_user=owner)
    routers = Routers(token, second.published_at)
    name = fleet.ROUTERS[0].name
    routers.say(name, release, labels={fleet.SIMULATED: "yes"})
    fleet.follow(second.published_at + 30 * SECOND)
    assert RouterInstance.objects.get(instance_id=name).active_number == release.number


def test_workflow_that_is_not_simulated__is_left_alone(second: Release) -> None:
    workflow = second.environment.workflow
    workflow.is_simulated = False
    workflow.save()
    fleet.follow(second.published_at + 30 * SECOND)
    assert on(second) == 0


def test_nothing_in_force_any_more__they_go_on_with_what_they_have(second: Release) -> None:
    fleet.follow(second.published_at + 30 * SECOND)
    second.retired_at = second.published_at + 40 * SECOND
    second.save()
    fleet.follow(second.published_at + 50 * SECOND)
    assert on(second) == len(fleet.ROUTERS)
