"""Facts of models in use: by two stewards, told field by field, and noticed where they moved."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from policies.governance.roles import Role
from policies.models import CatalogueModel, ChangeRequest, Release, RuleChange
from policies.services.authoring.catalogue_moves import catalogue_moves
from policies.services.catalogue.entries import ModelFacts, Price, add_model
from policies.services.review import changes, checks, guards, standings
from policies.services.review.settling import settle_catalogue
from policies.services.rules import deciding
from policies.services.rules.catalogue import add_price, change_model
from policies.services.teams.members import add_member
from tests.policies.rules.steps import refused
from tests.policies.steps import approved, documents, in_review, now, pass_evaluation, proposed

WHY = "The provider opened a region."


def orchid() -> CatalogueModel:
    return CatalogueModel.objects.select_related("provider").get(key="orchid")


def facts(**other: object) -> ModelFacts:
    return replace(
        ModelFacts("Orchid", 128_000, regions=("eu", "us"), capabilities=("tools",)),
        **other,  # type: ignore[arg-type]
    )


def moved_regions(person: User, *regions: str) -> RuleChange:
    asked = change_model(orchid(), facts(regions=regions), acting_user=person, why=WHY)
    assert asked is not None
    return asked


def verdict(change: ChangeRequest) -> str:
    states = {state.kind: state.verdict for state in checks.states_of(now(change))}
    return states["catalogue"]


@pytest.fixture
def steward(release: Release, operator: User) -> User:
    """A second one, besides the owner."""
    return operator


def test_regions_of_a_model_in_use__wait_for_a_second_steward(
    release: Release, owner: User, steward: User
) -> None:
    waiting = moved_regions(owner, "eu", "us", "mars")
    assert waiting.is_waiting
    assert waiting.weakens == ["orchid: regions eu, us → eu, mars, us."]
    assert orchid().regions == ["eu", "us"]
    deciding.accept(waiting, "Their status page says so.", acting_user=steward)
    assert orchid().regions == ["eu", "mars", "us"]


def test_fact_without_a_reason__is_refused(release: Release, owner: User) -> None:
    with refused("why"):
        change_model(orchid(), facts(context_window=8_192), acting_user=owner)


def test_price_of_a_model_in_use__waits_and_begins_when_two_agreed(
    release: Release, owner: User, steward: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.now()
    price = Price(today.date(), Decimal("0.01"), Decimal("0.02"))
    waiting = add_price(orchid(), price, acting_user=owner, why="It was lowered.")
    assert waiting is not None and waiting.is_waiting
    assert orchid().prices.count() == 1
    later = today + datetime.timedelta(days=3)
    monkeypatch.setattr(timezone, "now", lambda: later)
    deciding.accept(waiting, "Their price list says so.", acting_user=steward)
    begun = orchid().prices.latest("effective_from")
    assert (begun.effective_from, begun.input_usd_per_mtok) == (later.date(), Decimal("0.01"))


def test_proposer_or_author_of_a_change_that_uses_it__is_no_second_steward(
    release: Release, author: User, owner: User, administrator: User
) -> None:
    waiting = moved_regions(owner, "eu")
    with refused("four_eyes"):
        deciding.accept(waiting, "Yes.", acting_user=owner)
    with refused("role"):
        deciding.accept(waiting, "Yes.", acting_user=author)
    add_member(release.workflow.team, author, Role.OPERATOR, acting_user=administrator)
    proposed(release.environment, author, documents(share=50))
    with refused("four_eyes"):
        deciding.accept(waiting, "Yes.", acting_user=author)


def test_model_that_nobody_uses__and_a_mere_label__change_at_once(
    release: Release, owner: User
) -> None:
    price = Price(datetime.date(2026, 1, 1), Decimal(1), Decimal(2))
    idle = add_model(orchid().provider, "idle", facts(), price, acting_user=owner)
    done = change_model(idle, facts(context_window=8_000), acting_user=owner)
    assert done is not None and not done.is_waiting
    done = change_model(orchid(), facts(label="The orchid"), acting_user=owner)
    assert done is not None and not done.is_waiting
    assert orchid().label == "The orchid"


def test_retirement__is_told_alone_and_taken_back_by_two(release: Release, owner: User) -> None:
    soon = timezone.now().date() + datetime.timedelta(days=200)
    done = change_model(orchid(), facts(retires_on=soon), acting_user=owner)
    assert done is not None and not done.is_waiting
    waiting = change_model(orchid(), facts(), acting_user=owner, why="They reconsidered.")
    assert waiting is not None and waiting.is_waiting


def test_catalogue_moved_after_approval__change_is_not_published(
    release: Release, author: User, owner: User, steward: User
) -> None:
    change = approved(in_review(release.environment, author, documents(share=50)), owner)
    deciding.accept(moved_regions(owner, "us"), "They left.", acting_user=steward)
    assert verdict(change) == "fail"
    reasons = guards.why_not("publish", now(change), owner)
    assert [reason.code for reason in reasons] == ["check.catalogue"]
    assert "orchid: regions eu, us → us." in reasons[0].sentence
    assert [found.sentence for found in catalogue_moves(release.bundle.content)] == [
        "orchid: regions eu, us → us."
    ]


def test_taking_the_moved_catalogue_in__needs_the_policy_s_owner(
    release: Release, author: User, owner: User, reviewer: User, steward: User
) -> None:
    change = proposed(release.environment, author, documents())
    deciding.accept(moved_regions(owner, "us"), "They left.", acting_user=steward)
    change = changes.update_content(now(change), acting_user=author)
    assert verdict(change) == "pass"
    pass_evaluation(change)
    change = approved(changes.submit(change, acting_user=author), reviewer)
    assert standings.standing_of(now(change)).owners_missing == ("Olga Owner (router policy)",)


def test_review_page__shows_the_facts_field_by_field(
    release: Release, author: User, owner: User, steward: User, client: Client
) -> None:
    change = proposed(release.environment, author, documents())
    deciding.accept(moved_regions(owner, "us"), "They left.", acting_user=steward)
    change = changes.update_content(now(change), acting_user=author)
    client.force_login(owner)
    page = client.get(change.get_absolute_url()).content.decode()
    assert '<th scope="row">orchid</th><td>regions</td><td>eu, us</td><td>us</td>' in page


def test_price_told_beforehand__fails_the_check_when_it_begins(
    release: Release,
    author: User,
    owner: User,
    steward: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    today = timezone.now()
    price = Price(today.date() + datetime.timedelta(days=2), Decimal("9"), Decimal("9"))
    waiting = add_price(orchid(), price, acting_user=owner, why="They said so.")
    assert waiting is not None
    deciding.accept(waiting, "They did.", acting_user=steward)
    change = in_review(release.environment, author, documents(share=50))
    assert verdict(change) == "pass"
    monkeypatch.setattr(timezone, "now", lambda: today + datetime.timedelta(days=2))
    settle_catalogue()
    assert verdict(change) == "fail"


def test_catalogue_changes__are_shown_to_every_steward(
    release: Release, owner: User, outsider: User, client: Client
) -> None:
    waiting = moved_regions(owner, "us")
    client.force_login(outsider)
    assert client.get(waiting.get_absolute_url()).status_code == 200


def test_price_to_come_that_two_agreed_to__is_not_undone_by_one(
    release: Release, owner: User, steward: User
) -> None:
    """What a price replaces is what would hold on its day, not what holds today."""
    soon = timezone.now().date() + datetime.timedelta(days=30)
    dearer = add_price(
        orchid(), Price(soon, Decimal(10), Decimal(20)), acting_user=owner, why="They said so."
    )
    assert dearer is not None
    deciding.accept(dearer, "They did.", acting_user=steward)
    today = orchid().price_on(timezone.now().date())
    assert today is not None
    day_after = soon + datetime.timedelta(days=1)
    as_today = Price(day_after, today.input_usd_per_mtok, today.output_usd_per_mtok)
    undone = add_price(orchid(), as_today, acting_user=owner, why="After all.")
    assert undone is not None and undone.is_waiting
