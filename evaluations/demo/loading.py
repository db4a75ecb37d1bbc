"""Load the demo workflow into an empty console."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from evaluations.demo import fleet, scenario, traffic
from evaluations.demo.history import Cast, at, days_ago, live_through
from evaluations.demo.routing import outcomes
from evaluations.services.outcomes import rollups
from evaluations.services.outcomes.ingestion import ingest
from policies.engine import parse_bundle
from policies.governance.risk_rules import Condition, RiskRule
from policies.governance.roles import Role
from policies.models import (
    CatalogueModel,
    Environment,
    Membership,
    ModelPrice,
    Provider,
    Release,
    Team,
    Workflow,
)
from policies.services.routers import tokens
from policies.services.teams import contracts, environments, members, questions, workflows
from policies.services.teams.contracts import ContractText
from policies.services.teams.demo_accounts import DEMO_GROUP
from policies.services.teams.environments import EnvironmentRules

SLUG = "support-assistant"
REQUESTS_A_DAY = 240
BATCH = 5000
PEOPLE = (
    ("author", "Ada", "Moreau", (Role.AUTHOR,)),
    ("reviewer", "Rui", "Tanaka", (Role.REVIEWER,)),
    ("owner", "Olga", "Berg", (Role.OWNER, Role.OPERATOR, Role.ADMINISTRATOR)),
)
# What is not measured counts as risky: the role alone is asked for, so that two people are enough.
RISK_RULES = [
    RiskRule(Condition.REROUTED, 0.2, approvals=0, role=Role.OWNER.value).as_json(),
    RiskRule(Condition.NEW_PROVIDER, approvals=0, role=Role.OWNER.value).as_json(),
]


@dataclass(frozen=True)
class Account:
    username: str
    password: str
    role: str


@dataclass(frozen=True)
class Loaded:
    """What a newcomer needs to look around and to fetch a policy."""

    accounts: tuple[Account, ...]
    router_token: str
    workflow: str
    environment: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def load() -> Loaded:
    """Make everything; the caller has seen to it that nothing is there yet."""
    accounts = tuple(_account(*entry) for entry in PEOPLE)
    people = {user.get_username(): user for user in User.objects.filter(groups__name=DEMO_GROUP)}
    cast = Cast(people["author"], people["reviewer"], people["owner"])
    with at(days_ago(50)):
        _catalogue(cast.owner)
        workflow, staging, production = _workflow(cast)
    live_through(workflow, staging, production, cast)
    _traffic(production)
    fleet.begin(production)
    _, token = tokens.issue_router_token(production, "demo router", acting_user=cast.owner)
    return Loaded(accounts, token, SLUG, production.name)


def _account(username: str, first: str, last: str, roles: tuple[Role, ...]) -> Account:
    password = secrets.token_urlsafe(9)
    user = User.objects.create_user(
        username, f"{username}@example.com", password, first_name=first, last_name=last
    )
    group, _ = Group.objects.get_or_create(name=DEMO_GROUP)
    user.groups.add(group)
    return Account(username, password, ", ".join(role.label for role in roles).lower())


def _catalogue(owner: User) -> None:
    since = datetime.date(2025, 1, 1)
    for slug, label in scenario.PROVIDERS.items():
        Provider.objects.get_or_create(slug=slug, defaults={"label": label})
    for key, entry in scenario.MODELS.items():
        provider, label, context_window, regions, capabilities, price_in, price_out = entry
        model = CatalogueModel.objects.create(
            provider=Provider.objects.get(slug=provider),
            key=key,
            label=label,
            context_window=context_window,
            regions=regions,
            capabilities=capabilities,
        )
        ModelPrice.objects.create(
            model=model,
            effective_from=since,
            input_usd_per_mtok=Decimal(price_in),
            output_usd_per_mtok=Decimal(price_out),
            created_by=owner,
        )


def _workflow(cast: Cast) -> tuple[Workflow, Environment, Environment]:
    """The team is founded here by hand, as an installation's administrator would."""
    team = Team.objects.create(slug="customer-support", name="Customer support")
    Membership.objects.create(team=team, user=cast.owner, role=Role.ADMINISTRATOR)
    for user, (_, _, _, roles) in zip(
        (cast.author, cast.reviewer, cast.owner), PEOPLE, strict=True
    ):
        for role in roles:
            members.add_member(team, user, role, acting_user=cast.owner)
    workflow = workflows.create_workflow(
        team,
        SLUG,
        "Support assistant",
        acting_user=cast.owner,
        objective="Answer customers' questions at once, and hand over the ones that need a person.",
        success_criteria="Nine of ten answers adequate, at less than half a cent each.",
        is_simulated=True,
    )
    staging = environments.create_environment(
        workflow, "staging", acting_user=cast.owner, rules=EnvironmentRules(position=0)
    )
    production = environments.create_environment(
        workflow,
        "production",
        acting_user=cast.owner,
        rules=EnvironmentRules(position=1, required_approvals=2, risk_rules=RISK_RULES),
    )
    for kind, said in scenario.CONTRACTS.items():
        contracts.save_contract(
            workflow, kind, cast.owner, ContractText(**said), acting_user=cast.owner
        )
    questions.save_answers(
        workflow, questions.Answers(**scenario.DECISION_ANSWERS), acting_user=cast.owner
    )
    return workflow, staging, production


def _traffic(production: Environment) -> None:
    now = timezone.now()
    releases = Release.objects.filter(environment=production).select_related("bundle")
    bundles = [
        (release.published_at, release.bundle.digest, parse_bundle(release.bundle.content))
        for release in releases.order_by("number")
    ]
    moments = traffic.moments(
        bundles[0][0].replace(minute=0, second=0, microsecond=0), now, REQUESTS_A_DAY, seed=11
    )
    outage = days_ago(9).replace(hour=13, minute=5)
    batch: list[dict[str, Any]] = []
    for event in outcomes(bundles, moments, outage, seed=23):
        batch.append(event)
        if len(batch) == BATCH:
            ingest(production, batch, now=now)
            batch = []
    ingest(production, batch, now=now)
    rollups.roll_up(production.workflow)
