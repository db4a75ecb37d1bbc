"""No write path exists that the matrix does not know; and reading never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands

from tests.governance import outside
from tests.governance.actions import all_ways
from tests.governance.actors import A
from tests.governance.addresses import WRITING, every_address
from tests.governance.browsers import browser
from tests.governance.digests import undone, wrote_anything
from tests.governance.outside import (
    APPS_OF_OTHERS,
    COMMANDS_OF_THE_MACHINE,
    OPEN,
    READING,
    READING_COMMANDS,
    ROUTERS,
    SESSIONS,
    TASKS,
    WRITES_BY_GET,
)
from tests.governance.receivers import receivers
from tests.governance.ways import Command, Form
from tests.governance.world import World

pytestmark = pytest.mark.django_db
NOT_KNOWN = (
    "is not in the matrix: add an Action with all its ways in to tests/governance/*_actions.py, "
    "or, if it is no act on what is governed, say why in tests/governance/outside.py"
)
ACTING_UNASKED: dict[str, Callable[[], Iterable[str]]] = {
    "APPS": lambda: settings.INSTALLED_APPS,
    "MIDDLEWARE": lambda: settings.MIDDLEWARE,
    "RECEIVERS": receivers,
}
NOT_THERE = "is not there any more: take it out of the matrix or of tests/governance/outside.py"


def known(world: World) -> set[tuple[str, str]]:
    """Every entry of the matrix: name of the address or command, and the method."""
    found: set[tuple[str, str]] = set()
    for way in all_ways():
        if isinstance(way, Form) and "action" in way.where(world):
            found.add((f"{way.name}:{way.where(world)['action']}", "POST"))
        else:
            found |= way.entries
    return found


def test_addresses__that_take_a_write__are_those_of_the_matrix(world: World) -> None:
    there = {
        (address.entry, method)
        for address in every_address()
        for method in address.methods
        if method in WRITING
    }
    in_matrix = {entry for entry in known(world) if entry[1] in WRITING}
    allowed = in_matrix | READING | SESSIONS | ROUTERS
    assert not there - allowed, f"{sorted(there - allowed)} {NOT_KNOWN}"
    assert not allowed - there, f"{sorted(allowed - there)} {NOT_THERE}"


def test_commands__are_those_of_the_matrix() -> None:
    there = {name for name, app in get_commands().items() if app not in APPS_OF_OTHERS}
    acting = {way.name for way in all_ways() if isinstance(way, Command)}
    allowed = acting | READING_COMMANDS | COMMANDS_OF_THE_MACHINE
    assert not there - allowed, f"{sorted(there - allowed)} {NOT_KNOWN}"
    assert not allowed - there, f"{sorted(allowed - there)} {NOT_THERE}"


def test_tasks__are_those_that_are_known() -> None:
    current_app.loader.import_default_modules()
    there = {name for name in current_app.tasks if not name.startswith("celery.")}
    advice = "is to be tried in test_tasks.py, then named in outside.TASKS"
    assert not there - TASKS, f"{sorted(there - TASKS)} {advice}"
    assert not TASKS - there, f"{sorted(TASKS - there)} {NOT_THERE}"
    queued = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert queued | {*settings.TASKS_ON_NEW_CONTENT, *settings.TASKS_ON_SUBMISSION} <= TASKS


def test_django_admin__is_not_there() -> None:
    advice = "the admin writes past every service: make an action of what it is for"
    assert not apps.is_installed("django.contrib.admin"), advice
    assert not [address for address in every_address() if "admin" in address.route], advice


@pytest.mark.parametrize("name", ACTING_UNASKED)
def test_what_acts_unasked__is_known(name: str) -> None:
    there, allowed = set(ACTING_UNASKED[name]()), getattr(outside, name)
    advice = f"may write where nobody looks: see that it does not, then name it in outside.{name}"
    assert not there - allowed, f"{sorted(there - allowed)} {advice}"
    assert not allowed - there, f"{sorted(allowed - there)} {NOT_THERE}"


def test_names_of_addresses__are_given_once() -> None:
    entries = [address.entry for address in every_address()]
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("actor", [A.CONTRIBUTOR, A.OPERATOR, A.ADMINISTRATOR])
def test_get__never_writes(world: World, actor: A) -> None:
    wrong = []
    for address in every_address():
        if address.entry in WRITES_BY_GET or "GET" not in address.methods:
            continue
        path = address.of(world)
        with undone():
            answer, wrote = wrote_anything(lambda: browser(world, actor).get(path), world.digests)  # noqa: B023
        if wrote or answer.status_code >= 500:
            wrong.append(f"{address.entry}: {answer.status_code}, wrote {wrote}")
    assert wrong == []


@pytest.mark.parametrize("entry", sorted(name for name, _ in READING))
def test_question_by_post__never_writes(world: World, entry: str) -> None:
    address = next(found for found in every_address() if found.entry == entry)
    with undone():
        client = browser(world, A.CONTRIBUTOR)
        _, wrote = wrote_anything(
            lambda: client.post(address.of(world), "{}", content_type="application/json"),
            world.digests,
        )
    assert not wrote


def test_post__without_the_page_s_token__is_refused_everywhere(world: World) -> None:
    wrong = []
    for address in every_address():
        if "POST" not in address.methods or (address.entry, "POST") in ROUTERS:
            continue
        client = browser(world, A.OPERATOR, enforce_csrf_checks=True)
        with undone():
            answer, wrote = wrote_anything(lambda: client.post(address.of(world)), world.digests)  # noqa: B023
        if wrote or answer.status_code != 403:
            wrong.append(f"{address.entry}: {answer.status_code}")
    assert wrong == []


def test_routers_addresses__take_no_person(world: World) -> None:
    for entry, _ in ROUTERS:
        path = next(found.of(world) for found in every_address() if found.entry == entry)
        for actor in (A.OPERATOR, A.SUPERUSER):
            client = browser(world, actor)
            bearer = {"Authorization": f"Bearer {world.bearer[actor]}"}
            assert client.post(path, "{}", content_type="application/json").status_code == 401
            answer = client.post(path, "{}", content_type="application/json", headers=bearer)
            assert answer.status_code in (401, 403)


def test_routers_token__opens_nothing_of_people(world: World) -> None:
    bearer = {"Authorization": f"Bearer {world.router_bearer}"}
    opened = []
    for address in every_address():
        if not address.name.startswith(("api:", "api-")) or (address.entry, "POST") in ROUTERS:
            continue
        if address.entry in OPEN:
            continue
        answer = browser(world, A.SIGNED_OUT).get(address.of(world), headers=bearer)
        if answer.status_code not in (401, 405):
            opened.append(f"{address.entry}: {answer.status_code}")
    assert opened == []


def test_demo_sign_in__is_shut_unless_this_is_a_demo(world: World) -> None:
    assert settings.DEMO_SIGN_IN is False
    answer = browser(world, A.SIGNED_OUT).post("/sign-in/demo/", {"account": "owner"})
    assert answer.status_code == 404
