"""One world for all attempts: a team with every actor, and a change request in every state.

It is walked to through the real services, once, inside a transaction that is never committed.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.services.impact.checking import record_impact
from evaluations.services.runs.planned import evaluate_on_plan
from evaluations.services.runs.starting import evaluate_change
from policies.governance.roles import Role
from policies.models import (
    CatalogueModel,
    ChangeRequest,
    Draft,
    Environment,
    FreezeWindow,
    Membership,
    Notification,
    PersonalToken,
    PriceImport,
    Provider,
    Release,
    RouterToken,
    RuleChange,
    Webhook,
    WebhookMessage,
    Workflow,
)
from policies.models.components import ComponentKind
from policies.services.authoring import drafts, editing
from policies.services.catalogue.entries import ModelFacts, Price, add_model, add_provider
from policies.services.news import news, webhooks
from policies.services.news.notifications import mark_read
from policies.services.news.webhooks import WebhookFacts
from policies.services.people.tokens import issue_personal_token
from policies.services.releases import freezing, publication
from policies.services.review import changes, reviews, threads
from policies.services.rights import forget_roles
from policies.services.routers import tokens
from policies.services.rules import price_imports
from policies.services.rules.environments import change_rules
from policies.services.teams import contracts, environments, members, workflows
from policies.services.teams.environments import EnvironmentRules
from tests.evaluations.runs_here import imported, required, write_outcomes
from tests.governance.actors import A, Actor
from tests.governance.digests import Digests, digests_of_tables, undone
from tests.policies.cast import CONTRACT, MODELS, PRICED_FROM, person
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    glass_broken,
    pass_evaluation,
    seen,
)

ROLES: dict[Actor, tuple[str, ...]] = {
    A.VIEWER: (Role.VIEWER,),
    A.AUTHOR: (Role.AUTHOR,),
    A.CONTRIBUTOR: (Role.AUTHOR,),
    A.REVIEWER: (Role.REVIEWER,),
    A.CONTRIBUTING_REVIEWER: (Role.AUTHOR, Role.REVIEWER),
    A.COPIED_REVIEWER: (Role.AUTHOR, Role.REVIEWER),
    A.OWNER: (Role.OWNER,),
    A.CONTRIBUTING_OWNER: (Role.AUTHOR, Role.OWNER),
    A.OPERATOR: (Role.OPERATOR,),
    A.ADMINISTRATOR: (Role.ADMINISTRATOR,),
    A.OUTSIDER: (),
    A.SUPERUSER: (),
    A.INACTIVE: tuple(Role.values),
}
PRICES = {
    "litellm_provider": "acme",
    "mode": "chat",
    "max_input_tokens": 128_000,
    "input_cost_per_token": 2e-7,
    "output_cost_per_token": 7e-7,
}
ANCHOR = "/router_policy/rules/0"


@dataclass
class World:
    """Everything that an attempt may be about."""

    people: dict[Actor, User] = field(default_factory=dict)
    bearer: dict[Actor, str] = field(default_factory=dict)
    cookies: dict[Actor, str] = field(default_factory=dict)
    changes: dict[tuple[str, str], ChangeRequest] = field(default_factory=dict)
    shown: dict[tuple[str, str], str] = field(default_factory=dict)  # what is judged, by digest
    digests: Digests = field(default_factory=dict)
    workflow: Workflow = field(init=False)
    environments: dict[str, Environment] = field(default_factory=dict)
    draft: Draft = field(init=False)
    releases: dict[str, Release] = field(default_factory=dict)  # the first of each place, retired
    router_tokens: dict[str, RouterToken] = field(default_factory=dict)
    router_bearer: str = ""
    freeze: FreezeWindow = field(init=False)
    webhook: Webhook = field(init=False)
    off: Webhook = field(init=False)
    message: WebhookMessage = field(init=False)
    dataset: Dataset = field(init=False)
    run: ShadowEvaluation = field(init=False)
    failed: ShadowEvaluation = field(init=False)
    membership: Membership = field(init=False)
    provider: Provider = field(init=False)
    model: CatalogueModel = field(init=False)
    notification: Notification = field(init=False)
    read_notification: Notification = field(init=False)
    folder: Path = field(init=False)
    outcomes: Path = field(init=False)
    price_map: Path = field(init=False)
    price_import: PriceImport = field(init=False)
    personal_token: PersonalToken = field(init=False)
    rule_change: RuleChange = field(init=False)

    def user(self, actor: Actor) -> User:
        """A fresh copy: roles are remembered on the object."""
        user = copy(self.people[actor])
        forget_roles(user)
        return user

    def change(self, environment: str, state: str) -> ChangeRequest:
        return ChangeRequest.objects.to_act_on().get(pk=self.changes[environment, state].pk)


@contextmanager
def standing(blocker: DjangoDbBlocker, folder: Path) -> Iterator[World]:
    """A world for many tests, taken back after the last of them."""
    with blocker.unblock():
        with undone():
            yield build(folder)
        cache.clear()


def build(folder: Path) -> World:
    """The world, and what its database looks like."""
    world = World()
    world.folder = folder
    _people(world)
    _catalogue(world)
    _workflow(world)
    _evidence_plans(world, folder)
    for name in ("staging", "production"):
        _change_requests(world, world.environments[name])
    _things_around(world, folder)
    _ways_to_sign_in(world)
    news.tell_news()
    operator = world.people[A.OPERATOR]
    told = Notification.objects.filter(recipient=operator).order_by("pk")
    world.notification, world.read_notification = told[0], told[1]
    mark_read(world.read_notification, acting_user=operator)
    world.digests = digests_of_tables()
    return world


def _people(world: World) -> None:
    for actor in ROLES:
        world.people[actor] = person(actor.value, actor.value.replace("_", " ").title())
    founder = world.people[A.SUPERUSER]
    founder.is_superuser = True
    founder.save(update_fields=["is_superuser"])
    team = members.create_team("support", "Support", acting_user=founder)
    administrator = world.people[A.ADMINISTRATOR]
    members.add_member(team, administrator, Role.ADMINISTRATOR, acting_user=founder)
    for actor, roles in ROLES.items():
        for role in roles:
            members.add_member(team, world.people[actor], role, acting_user=administrator)
    # The founder leaves: to run the installation gives no role in a team.
    first = Membership.objects.get(team=team, user=founder)
    members.remove_member(first, acting_user=administrator)
    world.membership = Membership.objects.get(team=team, user=world.people[A.VIEWER])


def _catalogue(world: World) -> None:
    owner = world.people[A.OWNER]
    for slug, label, key, dollars_in, dollars_out in MODELS:
        provider = Provider.objects.filter(slug=slug).first()
        provider = provider or add_provider(slug, label, acting_user=owner)
        facts = ModelFacts(key.title(), 128_000, regions=("eu", "us"), capabilities=("tools",))
        price = Price(PRICED_FROM, Decimal(dollars_in), Decimal(dollars_out))
        world.model = add_model(provider, key, facts, price, acting_user=owner)
        world.provider = provider


def _workflow(world: World) -> None:
    administrator, owner = world.people[A.ADMINISTRATOR], world.people[A.OWNER]
    team = world.membership.team
    world.workflow = workflows.create_workflow(
        team, "support-assistant", "Support assistant", acting_user=administrator
    )
    for kind in ComponentKind.values:
        contracts.save_contract(world.workflow, kind, owner, CONTRACT, acting_user=owner)
    for position, name in enumerate(("staging", "production")):
        rules = EnvironmentRules(position=position, required_approvals=1 + position)
        world.environments[name] = environments.create_environment(
            world.workflow, name, acting_user=administrator, rules=rules
        )


def _evidence_plans(world: World, folder: Path) -> None:
    author = world.people[A.CONTRIBUTOR]
    world.dataset = imported(world.workflow, author, folder, requests=20)
    for environment in world.environments.values():
        required(environment, world.dataset, sealed_share=0.5)


def _failed_run(world: World) -> ShadowEvaluation:
    """A run on the plan that has come out badly; nobody has brought it as evidence."""
    change = world.change("staging", "draft")
    [run] = evaluate_on_plan(change, acting_user=world.people[A.AUTHOR])
    report = {
        "reasons": ["Quality falls."],
        "gates": [],
        "verdict": "fail",
        "metrics": [],
        "counts": {},
        "sides": {"baseline": {"failures": {}}, "candidate": {"failures": {}}},
        "support": {},
        "first_release": True,
        "loosened": [],
    }
    run.status, run.verdict, run.finished_at = "finished", "fail", timezone.now()
    run.result, run.result_digest = json.dumps(report), "sha256:failed"
    run.save()
    return run


def _change_requests(world: World, environment: Environment) -> None:
    operator = world.people[A.OPERATOR]
    _ordinary_release(world, environment)
    for state in ("superseded", "published"):
        glass_broken(_reviewable(world, environment, state), operator)
    _reviewable(world, environment, "draft", submit=False)
    _reviewable(world, environment, "in_review")
    change = _reviewable(world, environment, "changes_requested")
    reviews.request_changes(
        change, "Too bold.", acting_user=world.people[A.REVIEWER], seen=seen(change)
    )
    change = _reviewable(world, environment, "approved")
    for actor in (A.REVIEWER, A.OWNER):
        reviews.approve(change, REASON, acting_user=world.people[actor], seen=seen(change))
    change = _reviewable(world, environment, "rejected")
    reviews.reject(change, "No.", acting_user=world.people[A.REVIEWER], seen=seen(change))
    change = _reviewable(world, environment, "withdrawn")
    changes.withdraw(change, acting_user=world.people[A.CONTRIBUTOR])
    in_review = world.changes[environment.name, "in_review"]
    for place, change in world.changes.items():
        world.shown[place] = seen(change)
    # One word is not enough: the owner's is missing.
    reviews.approve(in_review, REASON, acting_user=world.people[A.REVIEWER], seen=seen(in_review))


def _ordinary_release(world: World, environment: Environment) -> None:
    """Approved and published, so that there is something to roll back to."""
    change = _reviewable(world, environment, "first")
    approvers = [world.people[actor] for actor in (A.REVIEWER, A.OWNER)]
    publication.publish(approved(change, *approvers), acting_user=world.people[A.OPERATOR])


def _reviewable(
    world: World, environment: Environment, state: str, *, submit: bool = True
) -> ChangeRequest:
    """Written by three, each once, the policy after a draft of somebody else; with a thread open
    and one resolved, and an unsaved edit.
    """
    share = 10 + 2 * len(world.changes)
    policy = {"router_policy": documents(share=share)["router_policy"]}
    copied = world.people[A.COPIED_REVIEWER]
    drafts.create_draft(world.workflow, "Copied", acting_user=copied, documents=policy)
    writers = [
        world.people[actor]
        for actor in (A.CONTRIBUTOR, A.CONTRIBUTING_REVIEWER, A.CONTRIBUTING_OWNER)
    ]
    title = f"For {environment.name}: {state}"
    draft = drafts.create_draft(world.workflow, title, acting_user=writers[0])
    for kind, document in documents(share=share, margin=0.05).items():
        editing.save_document(draft, kind, document, acting_user=writers[1])
    thresholds = documents(share=share)["quality_thresholds"]
    editing.save_document(draft, "quality_thresholds", thresholds, acting_user=writers[2])
    change = changes.propose(draft, environment, title, "Cheaper.", acting_user=writers[0])
    world.changes[environment.name, state] = change
    pass_evaluation(change, run=title)
    record_impact(change.pk)
    for number in range(2):
        remark = changes.comment(change, "Why?", acting_user=writers[1], anchor=ANCHOR)
        if number:
            threads.resolve(remark, acting_user=writers[1])
    if submit:
        change = changes.submit(change, acting_user=writers[0])
    later = documents(share=share + 1)["router_policy"]
    editing.save_document(draft, "router_policy", later, acting_user=writers[1])
    return change


def _things_around(world: World, folder: Path) -> None:
    operator, author = world.people[A.OPERATOR], world.people[A.CONTRIBUTOR]
    world.draft = drafts.create_draft(
        world.workflow, "Free", acting_user=author, documents=documents(share=5)
    )
    for name, environment in world.environments.items():
        retired = Release.objects.filter(environment=environment, retired_at__isnull=False)
        world.releases[name] = retired.earliest("number")
        world.router_tokens[name], world.router_bearer = tokens.issue_router_token(
            environment, "cluster", acting_user=operator
        )
    soon = timezone.now() + datetime.timedelta(days=300)
    world.freeze = freezing.freeze(
        world.workflow, soon, soon + datetime.timedelta(days=1), "Holidays", acting_user=operator
    )
    facts = WebhookFacts("Channel", "https://hooks.example.com/x")
    world.webhook, _ = webhooks.add_webhook(world.workflow, facts, acting_user=operator)
    world.off, _ = webhooks.add_webhook(
        world.workflow, WebhookFacts("Off", "https://hooks.example.com/off"), acting_user=operator
    )
    webhooks.switch_off(world.off, acting_user=operator)
    world.message = webhooks.send_test(world.webhook, acting_user=operator)
    world.outcomes = write_outcomes(folder / "more.jsonl", 5, seed=8)
    world.price_map = folder / "prices.json"
    world.price_map.write_text(json.dumps({"swift-small": PRICES}))
    world.price_import = price_imports.keep_price_map(
        "prices.json", world.price_map.read_bytes(), acting_user=operator
    )
    world.rule_change = _looser_rules(world)
    change = world.change("staging", "draft")
    world.run = evaluate_change(change, world.dataset, acting_user=author)
    world.failed = _failed_run(world)


def _looser_rules(world: World) -> RuleChange:
    """Asked for by an administrator, and not decided yet."""
    administrator, environment = world.people[A.ADMINISTRATOR], world.environments["staging"]
    rules = replace(EnvironmentRules.of(environment), required_checks=["static_analysis"])
    asked = change_rules(environment, rules, acting_user=administrator, why="Nothing to replay.")
    if asked is None or not asked.is_waiting:
        raise AssertionError("Looser rules of an environment with releases have to wait.")
    return asked


def _ways_to_sign_in(world: World) -> None:
    for actor, user in world.people.items():
        token, plain = issue_personal_token(user, "test", acting_user=user)
        world.bearer[actor] = plain
        if actor == A.OPERATOR:
            world.personal_token = token
        client = Client()
        client.force_login(user)
        world.cookies[actor] = client.cookies["sessionid"].value
    gone = world.people[A.INACTIVE]
    gone.is_active = False
    gone.save(update_fields=["is_active"])
