"""The fixed cast: who acts in tests, what they own, and a small catalogue. A pytest plugin."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from policies.governance.roles import Role
from policies.models import Environment, Provider, Team, Workflow
from policies.models.components import ComponentKind
from policies.services.catalogue.entries import ModelFacts, Price, add_model, add_provider
from policies.services.teams.contracts import ContractText, save_contract
from policies.services.teams.environments import EnvironmentRules, create_environment
from policies.services.teams.members import add_member, create_team
from policies.services.teams.workflows import create_workflow

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


@pytest.fixture
def installer(db: None) -> User:
    """Administrator of the installation: sees everything, approves nothing."""
    user = person("installer", "Ida Installer")
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user


@pytest.fixture
def administrator(db: None) -> User:
    return person("administrator", "Ada Administrator")


@pytest.fixture
def team(installer: User, administrator: User) -> Team:
    """Answers for the workflow; everybody of the cast but the outsider belongs to it."""
    team = create_team("support", "Support", acting_user=installer)
    add_member(team, administrator, Role.ADMINISTRATOR, acting_user=installer)
    return team


def member(team: Team, administrator: User, username: str, name: str, *roles: str) -> User:
    user = person(username, name)
    for role in roles:
        add_member(team, user, role, acting_user=administrator)
    return user


@pytest.fixture
def author(team: Team, administrator: User) -> User:
    """Writes and proposes."""
    return member(team, administrator, "author", "Anna Author", Role.AUTHOR)


@pytest.fixture
def co_author(team: Team, administrator: User) -> User:
    """Writes too, and may review what others wrote."""
    return member(team, administrator, "co_author", "Cora Coauthor", Role.AUTHOR, Role.REVIEWER)


@pytest.fixture
def reviewer(team: Team, administrator: User) -> User:
    return member(team, administrator, "reviewer", "Rune Reviewer", Role.REVIEWER)


@pytest.fixture
def owner(team: Team, administrator: User) -> User:
    """Owns every component's contract, and publishes."""
    return member(team, administrator, "owner", "Olga Owner", Role.OWNER, Role.OPERATOR)


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
def catalogue(owner: User) -> None:
    """Three models of two providers, each with a price."""
    for slug, label, key, dollars_in, dollars_out in MODELS:
        provider = Provider.objects.filter(slug=slug).first()
        provider = provider or add_provider(slug, label, acting_user=owner)
        facts = ModelFacts(key.title(), 128_000, regions=("eu", "us"), capabilities=("tools",))
        price = Price(PRICED_FROM, Decimal(dollars_in), Decimal(dollars_out))
        add_model(provider, key, facts, price, acting_user=owner)


@pytest.fixture
def workflow(team: Team, administrator: User, owner: User, catalogue: None) -> Workflow:
    """A workflow whose four contracts are complete."""
    workflow = create_workflow(
        team, "support-assistant", "Support assistant", acting_user=administrator
    )
    for kind in ComponentKind.values:
        save_contract(workflow, kind, owner, CONTRACT, acting_user=owner)
    return workflow


@pytest.fixture
def staging(workflow: Workflow, administrator: User) -> Environment:
    """One approval is enough here, the owner's."""
    return create_environment(workflow, "staging", acting_user=administrator)


@pytest.fixture
def production(workflow: Workflow, administrator: User) -> Environment:
    """Two approvals."""
    rules = EnvironmentRules(position=1, required_approvals=2)
    return create_environment(workflow, "production", acting_user=administrator, rules=rules)
