"""When the rules around an open change request change, it is held to the new ones at once."""

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.transitions import State
from policies.models import CatalogueModel, Environment, Provider
from policies.models.components import ComponentKind
from policies.services.catalogue.entries import ModelFacts, Price, add_model, change_model
from policies.services.releases import publication
from policies.services.review import checks, guards
from policies.services.rules.environments import change_rules
from policies.services.teams.contracts import ContractText, save_contract
from policies.services.teams.environments import EnvironmentRules
from policies.tasks import settle_catalogue
from tests.policies.cast import CONTRACT
from tests.policies.steps import approved, in_review, now, standing


def ruled(environment: Environment, administrator: User, **rules: object) -> None:
    new = replace(EnvironmentRules.of(environment), **rules)  # type: ignore[arg-type]
    change_rules(environment, new, acting_user=administrator)


def test_more_approvals_required__approved_change__goes_back_and_can_be_approved_again(
    staging: Environment, author: User, owner: User, reviewer: User, administrator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    ruled(staging, administrator, required_approvals=2)
    assert now(change).state == State.IN_REVIEW
    assert len(standing(change).approvals) == 1
    assert approved(change, reviewer).state == State.APPROVED
    publication.publish(now(change), acting_user=owner)


def test_fewer_approvals_required_before_the_first_release__approvals__are_void(
    production: Environment, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(production, author), owner)
    ruled(production, administrator, required_approvals=1)
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()
    assert approved(change, owner).state == State.APPROVED


def test_evidence_no_longer_required__approvals_of_it__are_void(
    staging: Environment, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    ruled(staging, administrator, required_checks=["static_analysis", "contracts"])
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()


def test_position_changed__approvals__stay(
    staging: Environment, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    ruled(staging, administrator, position=7)
    assert now(change).state == State.APPROVED


def test_contract_given_to_another_owner__approved_change__waits_for_them(
    staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(staging, author), owner)
    save_contract(
        staging.workflow, ComponentKind.ROUTER_POLICY, reviewer, CONTRACT, acting_user=owner
    )
    assert now(change).state == State.IN_REVIEW
    assert standing(change).owners_missing == ("Rune Reviewer (router policy)",)
    assert approved(change, reviewer).state == State.APPROVED


def test_contract_emptied__approved_change__is_not_published(
    staging: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), owner)
    text = ContractText(inputs="Only these.")
    save_contract(staging.workflow, ComponentKind.ROUTER_POLICY, owner, text, acting_user=owner)
    codes = [reason.code for reason in guards.why_not("publish", now(change), owner)]
    assert codes == ["check.contracts"]


def test_contract_said_again__makes_no_new_number(staging: Environment, owner: User) -> None:
    kind = ComponentKind.ROUTER_POLICY
    again = save_contract(staging.workflow, kind, owner, CONTRACT, acting_user=owner)
    assert again.number == 1


def retires(day: datetime.date, owner: User, *, key: str = "orchid") -> None:
    facts = ModelFacts("Renamed", 128_000, retires_on=day)
    change_model(CatalogueModel.objects.get(key=key), facts, acting_user=owner)


def test_model_said_to_be_retired__approved_change_that_uses_it__is_stopped_at_once(
    staging: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), owner)
    retires(datetime.date(2025, 6, 1), owner)
    verdicts = {state.kind: state.verdict for state in checks.states_of(now(change))}
    assert verdicts["static_analysis"] == "fail"
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()


def test_model_said_to_be_retired__change_that_does_not_use_it__stays_approved(
    staging: Environment, author: User, owner: User
) -> None:
    price = Price(datetime.date(2026, 1, 1), Decimal(1), Decimal(2))
    acme = Provider.objects.get(slug="acme")
    add_model(acme, "swift-idle", ModelFacts("Idle", 8_000), price, acting_user=owner)
    change = approved(in_review(staging, author), owner)
    retires(datetime.date(2025, 6, 1), owner, key="swift-idle")
    assert now(change).state == State.APPROVED


def test_retirement_comes_near__approved_change_that_uses_the_model__asks_to_acknowledge_it(
    staging: Environment, author: User, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.now()
    retires(today.date() + datetime.timedelta(days=100), owner)
    change = approved(in_review(staging, author), owner)
    settle_catalogue()
    assert now(change).state == State.APPROVED
    monkeypatch.setattr(timezone, "now", lambda: today + datetime.timedelta(days=11))
    settle_catalogue()
    assert now(change).state == State.IN_REVIEW
    said = {state.kind: state.summary for state in checks.states_of(now(change))}
    assert said["static_analysis"] == "1 warning not acknowledged."
