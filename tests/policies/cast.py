"""The fixed cast: who acts in tests, what they own, and a small catalogue. A pytest plugin."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoDbBlocker

from policies.governance.roles import Role
from policies.models import Environment, Provider, Release, Team, Workflow
from policies.models.components import ComponentKind
from policies.services.catalogue.entries import ModelFacts, Price, add_model, add_provider
from policies.services.teams.contracts import ContractText, save_contract
from policies.services.teams.environments import EnvironmentRules, create_environment
from policies.services.teams.members import add_member, create_team
from policies.services.teams.workflows import create_workflow
from tests.policies.steps import published
from tests.services.kept_rows import KeptRows

PRICED_FROM = datetime.date(2025, 1, 1)
MODELS = (
    ("acme", "Acme", "swift-small", "0.15", "0.60"),
    ("acme", "Acme", "swift-large", "2.50", "10.00"),
    ("borealis", "Borealis", "orchid", "0.80", "4.00"),
)
CONTRACT = ContractText(
    inputs="The attributes of a request.",
    outputs="One decision.",
    failure="Requests land in the wrong class.",
    humans_step_in="When quality falls below its threshold for an hour.",
    playbook="1. Roll back.\n2. Tell the owner.",
)


def person(username: str, name: str) -> User:
    first, _, last = name.partition(" ")
    return User.objects.create_user(
        username, f"{username}@example.org", "a-good-password", first_name=first, last_name=last
    )


def member(team: Team, administrator: User, username: str, name: str, *roles: str) -> User:
    user = person(username, name)
    for role in roles:
        add_member(team, user, role, acting_user=administrator)
    return user


# --- What nearly every test begins with -------------------------------------------------
def make_installer() -> User:
    user = person("installer", "Ida Installer")
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user


def make_administrator() -> User:
    return person("administrator", "Ada Administrator")


def make_team(installer: User, administrator: User) -> Team:
    team = create_team("support", "Support", acting_user=installer)
    add_member(team, administrator, Role.ADMINISTRATOR, acting_user=installer)
    return team


def make_owner(team: Team, administrator: User) -> User:
    return member(team, administrator, "owner", "Olga Owner", Role.OWNER, Role.OPERATOR)


def make_catalogue(owner: User) -> None:
    for slug, label, key, dollars_in, dollars_out in MODELS:
        provider = Provider.objects.filter(slug=slug).first()
        provider = provider or add_provider(slug, label, acting_user=owner)
        facts = ModelFacts(key.title(), 128_000, regions=("eu", "us"), capabilities=("tools",))
        price = Price(PRICED_FROM, Decimal(dollars_in), Decimal(dollars_out))
        add_model(provider, key, facts, price, acting_user=owner)


def make_workflow(team: Team, administrator: User, owner: User) -> Workflow:
    workflow = create_workflow(
        team, "support-assistant", "Support assistant", acting_user=administrator
    )
    for kind in ComponentKind.values:
        save_contract(workflow, kind, owner, CONTRACT, acting_user=owner)
    return workflow


def make_author(team: Team, administrator: User) -> User:
    return member(team, administrator, "author", "Anna Author", Role.AUTHOR)


def make_staging(workflow: Workflow, administrator: User) -> Environment:
    return create_environment(workflow, "staging", acting_user=administrator)


def make_release(staging: Environment, author: User, owner: User) -> Release:
    return published(staging, author, [owner], owner)


@dataclass(frozen=True)
class Founded:
    """A workflow with everything that it takes to have one, a catalogue among it.

    The rest is there only for tests that begin with a release.
    """

    installer: User
    administrator: User
    team: Team
    owner: User
    workflow: Workflow
    author: User | None = None
    staging: Environment | None = None
    release: Release | None = None


def found() -> Founded:
    installer, administrator = make_installer(), make_administrator()
    team = make_team(installer, administrator)
    owner = make_owner(team, administrator)
    make_catalogue(owner)
    workflow = make_workflow(team, administrator, owner)
    return Founded(installer, administrator, team, owner, workflow)


def release_in(founded: Founded) -> Founded:
    author = make_author(founded.team, founded.administrator)
    staging = make_staging(founded.workflow, founded.administrator)
    release = make_release(staging, author, founded.owner)
    return replace(founded, author=author, staging=staging, release=release)


KEPT = pytest.StashKey[KeptRows[Founded]]()


def _layers_of(item: pytest.Item) -> int:
    """How much a test begins with: nothing, a workflow, or a workflow with a release."""
    names = set(getattr(item, "fixturenames", ()))
    marker = item.get_closest_marker("django_db")
    has_real_transactions = names & {"transactional_db", "live_server"} or (
        marker and (marker.args or marker.kwargs)
    )
    if has_real_transactions or "workflow" not in names:
        return 0
    definitions = item._fixtureinfo.name2fixturedefs.get("release")  # type: ignore[attr-defined]
    # A module may mean another release by that name; ours is a plugin's, for all of the tree.
    return 2 if definitions and definitions[-1].baseid == "" else 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: a test that begins otherwise, and its module, find nothing there."""
    kept = item.config.stash.get(KEPT, None)
    if kept and not _layers_of(item):
        kept.close()


@pytest.fixture(scope="session")
def kept_rows(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[KeptRows[Founded]]:
    """What is founded in this process, taken back before the database is taken down."""
    kept = request.config.stash[KEPT] = KeptRows(found, [release_in], django_db_blocker)
    yield kept
    kept.close()


@pytest.fixture
def founded(request: pytest.FixtureRequest, kept_rows: KeptRows[Founded]) -> Founded | None:
    """What is there already when a test with a workflow begins; None for any other test."""
    layers = _layers_of(request.node)
    return kept_rows.begin(layers) if layers else None


@pytest.fixture
def _django_db_helper(founded: Founded | None, _django_db_helper: None) -> None:
    """pytest-django's transaction around a test, begun inside that of what is founded."""


@pytest.fixture
def installer(db: None, founded: Founded | None) -> User:
    """Administrator of the installation: sees everything, approves nothing."""
    return founded.installer if founded else make_installer()


@pytest.fixture
def administrator(db: None, founded: Founded | None) -> User:
    return founded.administrator if founded else make_administrator()


@pytest.fixture
def team(installer: User, administrator: User, founded: Founded | None) -> Team:
    """Answers for the workflow; everybody of the cast but the outsider belongs to it."""
    return founded.team if founded else make_team(installer, administrator)


@pytest.fixture
def owner(team: Team, administrator: User, founded: Founded | None) -> User:
    """Owns every component's contract, and publishes."""
    return founded.owner if founded else make_owner(team, administrator)


@pytest.fixture
def catalogue(owner: User, founded: Founded | None) -> None:
    """Three models of two providers, each with a price."""
    if not founded:
        make_catalogue(owner)


@pytest.fixture
def workflow(
    team: Team, administrator: User, owner: User, catalogue: None, founded: Founded | None
) -> Workflow:
    """A workflow whose four contracts are complete."""
    return founded.workflow if founded else make_workflow(team, administrator, owner)


# --- Who and what else a test may ask for -----------------------------------------------
@pytest.fixture
def author(team: Team, administrator: User, founded: Founded | None) -> User:
    """Writes and proposes."""
    return (founded and founded.author) or make_author(team, administrator)


@pytest.fixture
def co_author(team: Team, administrator: User) -> User:
    """Writes too, and may review what others wrote."""
    return member(team, administrator, "co_author", "Cora Coauthor", Role.AUTHOR, Role.REVIEWER)


@pytest.fixture
def reviewer(team: Team, administrator: User) -> User:
    return member(team, administrator, "reviewer", "Rune Reviewer", Role.REVIEWER)


@pytest.fixture
def operator(team: Team, administrator: User) -> User:
    return member(team, administrator, "operator", "Otto Operator", Role.OPERATOR)


@pytest.fixture
def viewer(team: Team, administrator: User) -> User:
    return member(team, administrator, "viewer", "Vera Viewer", Role.VIEWER)


@pytest.fixture
def outsider(db: None) -> User:
    """Has an account and no team."""
    return person("outsider", "Oscar Outsider")


@pytest.fixture
def staging(workflow: Workflow, administrator: User, founded: Founded | None) -> Environment:
    """One approval is enough here, the owner's."""
    return (founded and founded.staging) or make_staging(workflow, administrator)


@pytest.fixture
def release(staging: Environment, author: User, owner: User, founded: Founded | None) -> Release:
    """Release 1 of staging."""
    return (founded and founded.release) or make_release(staging, author, owner)


@pytest.fixture
def production(workflow: Workflow, administrator: User) -> Environment:
    """Two approvals."""
    rules = EnvironmentRules(position=1, required_approvals=2)
    return create_environment(workflow, "production", acting_user=administrator, rules=rules)
