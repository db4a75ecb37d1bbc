"""The fleet page: what it says at its head, what narrows it, and what it says of nobody."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies.models import Environment, Release, RouterInstance, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.policies.routers.fleet_cast import SECOND, Routers

MINUTE = 60 * SECOND
ADDRESS = "/w/support-assistant/fleet/"


@pytest.fixture
def token(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "eu", acting_user=owner)[0]


@pytest.fixture
def routers(token: RouterToken, release: Release) -> Routers:
    """Two: one has the release, one has none and says why."""
    found = Routers(token, release.published_at - SECOND)
    for name in ("eu-1", "eu-2"):
        found.say(name, None)
    found.now = release.published_at + SECOND
    found.say("eu-1", release)
    error = {"kind": "signature", "message": "The key is unknown.", "at": found.now.isoformat()}
    found.say("eu-2", None, errors=[error])
    return found


@pytest.fixture
def signed_in(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def shown(client: Client, query: str = "") -> str:
    return shown_at(client, ADDRESS + query)


def shown_at(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_fleet__where_nobody_reports__says_how_one_does(
    signed_in: Client, release: Release
) -> None:
    said = shown(signed_in)
    assert "No router has reported from here" in said and "POST /api/v1/status" in said


def test_fleet__of_a_workflow_without_environments__says_so(
    signed_in: Client, workflow: object
) -> None:
    assert "No environment yet" in shown(signed_in)


def test_fleet__says_who_has_the_release_and_what_fails(
    signed_in: Client, routers: Routers
) -> None:
    said = shown(signed_in)
    assert "1 of 2 routers has release 1" in said
    assert "The key is unknown." in said and "Failing" in said
    assert "How release 1 spread" in said and "1.0 s" in said


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999Z"])
def test_fleet__of_a_router_that_tells_the_ends_of_time__is_shown(
    signed_in: Client, routers: Routers, moment: str, release: Release
) -> None:
    errors = [{"kind": "x", "message": "\u202e" + "x" * 1999, "at": moment, "count": 2**31 - 1}]
    times = dict.fromkeys(("clock", "started_at", "last_success_at", "adopted_at"), moment)
    routers.say("odd", release, errors=errors, **times)
    assert "odd" in shown(signed_in)
    environment = f"/api/v1/workflows/{release.workflow.slug}/environments/staging/fleet/"
    assert signed_in.get(environment).status_code == 200


def test_fleet__simulated_router__is_marked_and_no_other(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    assert ">simulated<" not in shown(signed_in)
    routers.say("made-up", release, labels={"simulated": "yes"})
    assert shown(signed_in).count(">simulated<") == 1


def test_fleet__of_a_router_on_what_was_never_published_here__names_it_and_what_to_look_at(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    assert "never published in staging" not in shown(signed_in)
    elsewhere = {"number": 58, "digest": "sha256:" + "f" * 64}
    routers.say("eu-2", None, active=elsewhere)
    said = shown(signed_in, "?state=unknown")
    assert ">eu-2<" in said and ">eu-1<" not in said
    assert "never published in staging; its token may be of another environment" in said


def test_fleet__with_two_routers_under_one_id__says_so_and_what_to_do(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    assert "instance_id" not in shown(signed_in)
    routers.share("eu-2", release)
    said = shown(signed_in)
    assert "1 of 2 routers has release 1" in said
    assert "two routers report under the instance_id eu-2" in said
    assert "Shared instance_id" in said and "give each its own" in said
    assert ">eu-2<" in (only := shown(signed_in, "?state=shared")) and ">eu-1<" not in only
    assert "two routers report under the instance_id eu-2" in shown_at(
        signed_in, release.get_absolute_url()
    )


def test_fleet__says_in_words_and_in_figures_when_a_release_counts_as_delivered(
    signed_in: Client, routers: Routers, staging: Environment
) -> None:
    assert "It counts as delivered when all of them have it." in shown(signed_in)
    staging.delivered_share = 90
    staging.save()
    assert "It counts as delivered when 90% of them have it." in shown(signed_in)


@pytest.mark.parametrize("page", ["fleet", "release", "change request"])
def test_page__until_routers_have_what_was_just_published__looks_again_by_itself(
    signed_in: Client, routers: Routers, release: Release, page: str
) -> None:
    assert release.change is not None
    address = {
        "fleet": ADDRESS,
        "release": release.get_absolute_url(),
        "change request": release.change.get_absolute_url(),
    }[page]
    again = f'hx-get="{address}" hx-trigger="every 3s"'
    assert again in shown_at(signed_in, address)
    kept = Release.objects.filter(pk=release.pk)
    kept.update(published_at=timezone.now() - 3 * MINUTE)
    assert "every 3s" not in shown_at(signed_in, address)
    kept.update(published_at=timezone.now(), delivered_at=timezone.now())
    assert "every 3s" not in shown_at(signed_in, address)


def test_fleet__where_all_that_report_have_it__says_whom_delivery_waits_for(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    routers.say("eu-2", release)
    assert "once routers that only fetch have confirmed it, too." in shown(signed_in)


def test_fleet__of_a_router_that_said_goodbye__says_that_and_nothing_of_silence(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    routers.say("eu-1", release, ended=True)
    RouterInstance.objects.update(silent_after=timezone.now() - SECOND)
    said = shown(signed_in, "?state=gone")
    assert ">eu-1<" in said and "said goodbye" in said
    assert "</svg> Silent</span>" not in said
    assert "</svg> Silent</span>" in shown(signed_in)


def test_fleet__narrowed__shows_only_those(signed_in: Client, routers: Routers) -> None:
    said = shown(signed_in, "?env=staging&state=failing&region=eu&q=eu")
    assert ">eu-2<" in said and ">eu-1<" not in said
    assert "No router is like that." in shown(signed_in, "?release=999999")
    assert ">eu-1<" in shown(signed_in, "?state=nonsense&release=x&page=999")


def test_fleet__of_an_environment_that_is_not_there__does_not_exist(
    signed_in: Client, routers: Routers
) -> None:
    assert signed_in.get(f"{ADDRESS}?env=moon").status_code == 404


def test_fleet__with_routers__asks_the_database_fifteen_times_at_most(
    signed_in: Client, routers: Routers
) -> None:
    shown(signed_in)
    with CaptureQueriesContext(connection) as asked:
        shown(signed_in)
    assert len(asked.captured_queries) <= 15, "\n".join(
        query["sql"][:160] for query in asked.captured_queries
    )


def test_release_page__says_who_has_it(
    signed_in: Client, routers: Routers, release: Release
) -> None:
    said = signed_in.get(release.get_absolute_url()).content.decode()
    assert "1 of 2 routers has it, the last one since " in said
