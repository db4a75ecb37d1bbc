"""What frames a workflow: its words, team, contracts, answers, rules, freezes and tokens."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from policies.models.components import ComponentKind
from tests.governance.action import (
    ADMINISTRATORS,
    CONTRACT_TEXT,
    IN_WORKFLOW,
    Action,
    one,
    said,
)
from tests.governance.actors import GUARDIANS, OWNERS, A
from tests.governance.ways import Form, Rest, Told, nothing
from tests.governance.world import World

ANSWERS = {"business_value": "Here.", "where_it_shows": "There."}


def _tokens(environment: str) -> list[Action]:
    def where(world: World) -> dict[str, Any]:
        return {"slug": world.workflow.slug, "environment": environment}

    def one_token(world: World) -> dict[str, Any]:
        return {**where(world), "pk": world.router_tokens[environment].pk}

    def in_settings(world: World) -> dict[str, Any]:
        return {"slug": world.workflow.slug, "pk": world.router_tokens[environment].pk}

    def in_form(world: World) -> dict[str, Any]:
        target = world.environments[environment].pk
        return {"name": "more", "lifetime": "90", "environment": target, "scopes": ["read"]}

    return [
        Action(
            "issue a router's token",
            GUARDIANS,
            (
                Form("router-token-issue", in_form, IN_WORKFLOW),
                Rest("POST", "api:router-tokens", said(name="more"), where),
            ),
            environment,
        ),
        Action(
            "revoke a router's token",
            GUARDIANS,
            (
                Form("router-token-revoke", where=in_settings),
                Rest("DELETE", "api:router-token", where=one_token),
            ),
            environment,
        ),
        Action(
            "rotate a router's token",
            GUARDIANS,
            (
                Form("router-token-rotate", where=in_settings),
                Rest("POST", "api:rotate-router-token", where=one_token),
            ),
            environment,
        ),
        Action(
            "remove what a router's token reported",
            GUARDIANS,
            (
                Form("router-token-remove-reports", where=in_settings),
                Rest("POST", "api-remove-reports", where=one_token),
            ),
            environment,
        ),
    ]


def _environment_form(environment: str) -> Told:
    def fields(world: World) -> dict[str, Any]:
        rules = world.environments[environment]
        return {
            "position": rules.position,
            "required_approvals": 4,
            "required_checks": rules.required_checks,
            "release_lifetime_days": rules.release_lifetime_days,
            "when_stale": rules.when_stale,
            "rollback_window_days": rules.rollback_window_days,
            "delivered_share": rules.delivered_share,
            "risk-TOTAL_FORMS": "0",
            "risk-INITIAL_FORMS": "0",
        }

    return fields


def _plan_form(environment: str) -> Told:
    """The plan that is there, with more support asked for."""

    def fields(world: World) -> dict[str, Any]:
        return {
            "datasets": [world.dataset.pk],
            "adequate_at": 0.5,
            "min_moved": 500,
            "min_clusters": 40,
            "sealed_per_cent": 50,
            "fresh_days": 30,
        }

    return fields


def protecting(environment: str) -> list[Action]:
    """Rules of an environment, freezes, and its routers' tokens."""

    def where(world: World) -> dict[str, Any]:
        return {"slug": world.workflow.slug, "environment": environment}

    start = timezone.now() + datetime.timedelta(hours=1)
    end = start + datetime.timedelta(days=1)

    def in_form(world: World) -> dict[str, Any]:
        times = {"starts_at": f"{start:%Y-%m-%dT%H:%M}", "ends_at": f"{end:%Y-%m-%dT%H:%M}"}
        return {**times, "reason": "Audit", "environment": world.environments[environment].pk}

    def in_rest(world: World) -> dict[str, Any]:
        times = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
        return {**times, "reason": "Audit", "environment": environment}

    return [
        Action(
            "change the rules of an environment",
            ADMINISTRATORS,
            (
                Form(
                    "environment-edit",
                    _environment_form(environment),
                    lambda w: {"slug": w.workflow.slug, "name": environment},
                ),
                Rest("PATCH", "api:environment", said(required_approvals=4), where),
            ),
            environment,
        ),
        Action(
            "change the evidence plan",
            ADMINISTRATORS,
            (
                Form(
                    "evidence-plan",
                    _plan_form(environment),
                    lambda w: {"slug": w.workflow.slug, "name": environment},
                ),
                Rest("PATCH", "api-evidence-plan", said(min_moved=500), where),
            ),
            environment,
        ),
        Action(
            "freeze publication",
            GUARDIANS,
            (
                Form("freeze-create", in_form, IN_WORKFLOW),
                Rest("POST", "api:freezes", in_rest, IN_WORKFLOW),
            ),
            environment,
        ),
        *_tokens(environment),
    ]


def ruling() -> list[Action]:
    """Looser rules: decided by a second person who worked on no open change request."""
    second = frozenset({A.REVIEWER, A.OWNER})
    reason = said(reason="The team agreed.")
    four_eyes = frozenset({"four_eyes"})
    worked_on_one = {
        A.CONTRIBUTOR: four_eyes | {"role"},
        A.CONTRIBUTING_REVIEWER: four_eyes,
        A.COPIED_REVIEWER: four_eyes,
        A.CONTRIBUTING_OWNER: four_eyes,
        A.ADMINISTRATOR: four_eyes,  # who asked for it
    }

    def one_change(world: World) -> dict[str, Any]:
        return {"pk": world.rule_change.pk}

    return [
        Action(
            f"{verb} a change of the rules",
            who,
            (
                Form(f"rule-change-{verb}", told, one_change),
                Rest("POST", f"api:{verb}-rule-change", told, one_change),
            ),
            obstacles=otherwise,
        )
        for verb, who, told, otherwise in (
            ("accept", second, reason, worked_on_one),
            ("reject", second, reason, worked_on_one),
            ("withdraw", ADMINISTRATORS, nothing, {}),
        )
    ]


def _contract() -> Action:
    def contract(world: World) -> dict[str, Any]:
        people = {"owner": world.people[A.OWNER].pk, "deputy": world.people[A.REVIEWER].pk}
        return {**people, **CONTRACT_TEXT}

    def of_kind(world: World) -> dict[str, Any]:
        return {"slug": world.workflow.slug, "kind": ComponentKind.ROUTER_POLICY.value}

    return Action(
        "name a deputy in a contract",
        frozenset({A.OWNER}),
        (
            Form("contract-edit", contract, of_kind),
            Rest(
                "PUT",
                "api:contract",
                said(owner="owner", deputy="reviewer", **CONTRACT_TEXT),
                of_kind,
            ),
        ),
        obstacles={A.CONTRIBUTING_OWNER: frozenset({"four_eyes"})},
    )


def framing() -> list[Action]:
    """The workflow, its team, contracts and answers."""
    words = said(name="Support", objective="Fewer tickets.", success_criteria="Half of them.")
    return [
        Action(
            "start a workflow",
            ADMINISTRATORS,
            (Rest("POST", "api:workflows", said(team="support", slug="second", name="Second")),),
            outsider=400,  # a body names the team, and the outsider has none
        ),
        Action(
            "say anew what a workflow is for",
            OWNERS | ADMINISTRATORS,
            (
                Form("workflow-edit", words, IN_WORKFLOW),
                Rest("PATCH", "api:workflow", words, IN_WORKFLOW),
            ),
        ),
        Action(
            "add an environment",
            ADMINISTRATORS,
            (Rest("POST", "api:environments", said(name="canary"), IN_WORKFLOW),),
        ),
        _contract(),
        Action(
            "answer the decision questions",
            OWNERS,
            (
                Form("decision-questions", said(**ANSWERS), IN_WORKFLOW),
                Rest("PUT", "api:questions", said(**ANSWERS), IN_WORKFLOW),
            ),
        ),
        Action(
            "lift a freeze",
            GUARDIANS,
            (
                Form("freeze-lift", where=one("freeze")),
                Rest("POST", "api:lift-freeze", where=one("freeze")),
            ),
        ),
    ]


def of_teams() -> list[Action]:
    """Teams and roles in them."""
    member = said(username="outsider", role="reviewer", why="They join.")
    return [
        Action(
            "found a team",
            frozenset({A.SUPERUSER}),
            (Rest("POST", "api:teams", said(slug="sales", name="Sales")),),
            outsider=403,
        ),
        Action(
            "give a role",
            ADMINISTRATORS,
            (
                Form("member-add", member, IN_WORKFLOW),
                Rest("POST", "api:members", member, said(slug="support")),
            ),
        ),
        Action(
            "take a role away",
            ADMINISTRATORS,
            (
                Form("member-remove", where=one("membership")),
                Rest(
                    "DELETE",
                    "api:member",
                    where=lambda w: {"slug": "support", "pk": w.membership.pk},
                ),
            ),
        ),
    ]
