"""Decision questions: answered in versions, shown where decisions are made."""

import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.governance.refusals import Refused
from policies.models import AuditEvent, CatalogueModel, DecisionAnswers, Environment, Workflow
from policies.services.catalogue.entries import ModelFacts, change_model
from policies.services.teams.questions import (
    Answers,
    answers_in_force,
    open_questions,
    save_answers,
)
from tests.api.conftest import Caller, codes
from tests.policies.steps import proposed, published

ALL = Answers("Four euros a ticket.", "In re-opened tickets.", "First-reply rating.", "A week.")
PART = Answers(business_value="Four euros a ticket.")


# --- Service ----------------------------------------------------------------------------
def test_answers__saved__are_in_force_and_audited(workflow: Workflow, owner: User) -> None:
    saved = save_answers(workflow, PART, acting_user=owner)
    assert answers_in_force(workflow) == saved
    assert len(open_questions(saved)) == 3
    event = AuditEvent.objects.get(action="questions.answered")
    assert (event.detail["number"], event.workflow) == (1, workflow)


def test_answers__saved_again__keep_the_earlier_version(workflow: Workflow, owner: User) -> None:
    save_answers(workflow, PART, acting_user=owner)
    assert save_answers(workflow, ALL, acting_user=owner).number == 2
    assert list(DecisionAnswers.objects.values_list("number", flat=True)) == [2, 1]


def test_answers__the_same_again__make_no_version(workflow: Workflow, owner: User) -> None:
    first = save_answers(workflow, ALL, acting_user=owner)
    assert save_answers(workflow, ALL, acting_user=owner) == first
    assert AuditEvent.objects.filter(action="questions.answered").count() == 1


@pytest.mark.parametrize("who", ["author", "reviewer", "operator", "viewer", "outsider"])
def test_answers__without_the_right__are_refused(
    workflow: Workflow, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Refused) as caught:
        save_answers(workflow, ALL, acting_user=request.getfixturevalue(who))
    assert caught.value.is_forbidden
    assert not DecisionAnswers.objects.exists()


# --- Pages ------------------------------------------------------------------------------
def page(workflow: Workflow) -> str:
    return reverse("decision-questions", args=[workflow.slug])


def test_page__filled_in_by_the_owner__is_shown_on_the_overview(
    client: Client, workflow: Workflow, owner: User
) -> None:
    client.force_login(owner)
    body = {"business_value": "Four euros a ticket.", "predictors": "First-reply rating."}
    assert client.post(page(workflow), body).status_code == 302
    overview = client.get(workflow.get_absolute_url()).content.decode()
    assert "Four euros a ticket." in overview
    assert ">2 open</a>" in overview
    settings = client.get(reverse("workflow-settings", args=[workflow.slug])).content.decode()
    assert "2 of 4 open." in settings


def test_page__for_a_viewer__can_only_be_read(
    client: Client, workflow: Workflow, owner: User, viewer: User
) -> None:
    save_answers(workflow, ALL, acting_user=owner)
    client.force_login(viewer)
    text = client.get(page(workflow)).content.decode()
    assert "Four euros a ticket." in text
    assert "<textarea" not in text
    assert client.post(page(workflow), {"business_value": "Mine."}).status_code == 403


def test_review_page__for_production_without_answers__hints(
    client: Client, production: Environment, staging: Environment, author: User
) -> None:
    client.force_login(author)
    for environment, is_hinted in ((production, True), (staging, False)):
        text = client.get(proposed(environment, author).get_absolute_url()).content.decode()
        assert ("None of the decision questions is answered" in text) is is_hinted


def test_review_page__with_answers__says_how_old_they_are(
    client: Client, production: Environment, author: User, owner: User
) -> None:
    save_answers(production.workflow, ALL, acting_user=owner)
    client.force_login(author)
    text = client.get(proposed(production, author).get_absolute_url()).content.decode()
    assert "Decision questions, last answered" in text
    assert "In re-opened tickets." in text
    assert "of the decision questions is answered" not in text


def test_release_page__shows_what_was_answered_when_it_was_published(
    client: Client, staging: Environment, author: User, owner: User
) -> None:
    save_answers(staging.workflow, PART, acting_user=owner)
    release = published(staging, author, [owner], owner)
    save_answers(staging.workflow, Answers("Six euros a ticket."), acting_user=owner)
    client.force_login(author)
    text = client.get(release.get_absolute_url()).content.decode()
    assert "Four euros a ticket." in text
    assert "Six euros a ticket." not in text


@pytest.mark.parametrize(("days", "said"), [(-3, "was retired on"), (30, "retires on")])
def test_overview__release_names_a_retiring_model__says_so(
    client: Client, staging: Environment, author: User, owner: User, days: int, said: str
) -> None:
    published(staging, author, [owner], owner)
    day = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)
    facts = ModelFacts("Orchid", 128_000, ("eu", "us"), ("tools",), retires_on=day)
    change_model(CatalogueModel.objects.get(key="orchid"), facts, acting_user=owner)
    client.force_login(author)
    text = client.get(staging.workflow.get_absolute_url()).content.decode()
    assert f">orchid</a> {said}" in text
    assert "staging release 1" in text


# --- REST -------------------------------------------------------------------------------
def test_rest__answered__is_listed_newest_first(workflow: Workflow, owner: User) -> None:
    calling = Caller(owner)
    path = f"/workflows/{workflow.slug}/questions/"
    assert calling.put(path, {"business_value": "Four euros."}).json()["number"] == 1
    assert calling.put(path, {"business_value": "Six euros."}).json()["number"] == 2
    listed = calling.get(path).json()["results"]
    assert [entry["business_value"] for entry in listed] == ["Six euros.", "Four euros."]


def test_rest__by_an_author__is_refused(workflow: Workflow, author: User) -> None:
    answer = Caller(author).put(f"/workflows/{workflow.slug}/questions/", {"predictors": "x"})
    assert (answer.status_code, codes(answer)) == (403, ["role"])
