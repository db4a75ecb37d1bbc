"""What the review page says at each stage, and what it offers there."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import ChangeRequest, Environment
from policies.models.components import ComponentKind
from policies.services.authoring import editing
from policies.services.releases import publication
from policies.services.review import changes, reviews
from policies.services.routers.tokens import issue_router_token, revoke_router_token
from policies.services.teams.contracts import save_contract
from tests.policies.cast import CONTRACT
from tests.policies.review.test_review_page import act, page
from tests.policies.review_steps import ruled
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    proposed,
    published,
    seen,
)
from tests.services.plane import PlaneInProcess

NEWER = "The draft has newer content that is not part of this change request"


def markup_of(client: Client, change: ChangeRequest, user: User) -> str:
    client.force_login(user)
    return client.get(change.get_absolute_url()).content.decode()


# --- Submission ---------------------------------------------------------------------------
def test_draft__without_an_evaluation__can_be_submitted_and_says_what_approval_needs(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    said = page(client, change, author)
    assert "Can be submitted, but not approved yet" in said
    assert "Approval also needs: shadow evaluation." in said
    assert "Not ready to submit" not in said
    assert act(client, change, "submit") == 302


def test_draft__that_would_be_refused__has_its_button_disabled_and_says_why(
    client: Client, staging: Environment, author: User, owner: User
) -> None:
    kind = ComponentKind.ROUTER_POLICY
    text = CONTRACT.__class__(**{**CONTRACT.__dict__, "playbook": ""})
    save_contract(staging.workflow, kind, owner, text, acting_user=owner)
    change = proposed(staging, author)
    markup = markup_of(client, change, author)
    assert "Not ready to submit" in markup
    assert re.search(r'<button class="button" disabled aria-describedby="submit-why">', markup)
    assert "Complete contracts: Router policy lacks playbook." in markup
    assert act(client, change, "submit") == 409


def test_draft__of_somebody_who_may_not_submit__has_no_button(
    client: Client, staging: Environment, author: User, viewer: User
) -> None:
    markup = markup_of(client, proposed(staging, author), viewer)
    assert "Submit for review" not in markup


def test_draft__with_everything__is_ready_to_submit(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    pass_evaluation(change)
    assert "Ready to submit" in page(client, change, author)


# --- Newer content ------------------------------------------------------------------------
def test_newer_content_in_the_draft__is_told_by_component_and_taken_over_on_the_page(
    client: Client, staging: Environment, author: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    assert NEWER not in page(client, change, reviewer)
    assert change.draft is not None
    newer = documents(share=10)["router_policy"]
    editing.save_document(change.draft, "router_policy", newer, acting_user=author)
    said = page(client, change, reviewer)
    assert f"{NEWER} : Router policy." in said
    assert "Update from the draft" not in said
    assert "Update from the draft" in page(client, change, author)
    assert act(client, change, "update-content") == 302
    assert NEWER not in page(client, change, author)


def test_newer_content_that_is_not_valid__waits_too_and_the_same_meaning_does_not(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    assert change.draft is not None
    same = documents()["fallback_matrix"] | {"limits": {}}  # what is there by default
    editing.save_document(change.draft, "fallback_matrix", same, acting_user=author)
    assert NEWER not in page(client, change, author)
    editing.save_document(change.draft, "router_policy", {"schema": 1}, acting_user=author)
    assert f"{NEWER} : Router policy." in page(client, change, author)


# --- Approvals ----------------------------------------------------------------------------
def test_required_approvals__name_each_person_once_with_their_components(
    client: Client, production: Environment, administrator: User, author: User, reviewer: User
) -> None:
    """A first release touches all four components, which one person owns."""
    rules = [{"condition": "rerouted", "above": 0.2, "approvals": 0, "role": "owner"}]
    ruled(production, administrator, risk_rules=rules)
    change = in_review(production, author)
    said = page(client, change, reviewer)
    panel = said[said.index("Required approvals 0 of 2") : said.index("Worked on it")]
    assert panel.count("Olga Owner") == 1
    assert "0 of 2 approvals; 1 from an owner" in panel
    behind_the_name = panel[panel.index("Olga Owner") : panel.index("Rune Reviewer")]
    assert all(str(label).lower() in behind_the_name for label in ComponentKind.labels)
    assert "Only the approvals above." in panel


def test_requested_changes__stand_with_their_reason_beside_who_asked_for_them(
    client: Client, staging: Environment, author: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.request_changes(change, "Too bold.", acting_user=reviewer, seen=seen(change))
    said = page(client, change, author)
    assert "Changes are requested By Rune Reviewer." in said
    assert "requested changes: Too bold." in said


# --- Errors -------------------------------------------------------------------------------
@pytest.mark.parametrize("action", ["approve", "request-changes", "reject"])
def test_decision_without_a_reason__opens_with_the_error_and_the_focus_in_it(
    action: str, client: Client, staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    client.force_login(owner)
    answer = client.post(f"{change.get_absolute_url()}{action}/", {"reason": ""})
    markup = answer.content.decode()
    assert answer.status_code == 422
    assert '<details class="decision__open" open>' in markup
    assert re.search(r'id="id_reason"[^>]* autofocus aria-invalid="true"', markup)
    assert markup.count("Give a reason; a sentence is enough.") == 1
    assert markup.index("autofocus") > markup.index('id="id_reason"')


def test_refusal__is_where_the_page_puts_the_focus_and_keeps_what_was_typed(
    client: Client, staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    client.force_login(owner)
    sent = {"reason": "It is fine.", "seen": "sha256:other"}
    answer = client.post(f"{change.get_absolute_url()}approve/", sent)
    markup = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r'class="error-summary"[^>]* id="error-summary"', markup)
    assert "It is fine.</textarea>" in markup


def test_break_glass_without_a_reason__is_told_at_the_top_and_marks_no_other_field(
    client: Client, staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    client.force_login(owner)
    markup = client.post(f"{change.get_absolute_url()}break-glass/", {}).content.decode()
    assert "That was not done" in markup
    assert "aria-invalid" not in markup


# --- Published ----------------------------------------------------------------------------
@pytest.fixture
def live(staging: Environment, author: User, owner: User) -> ChangeRequest:
    change = approved(in_review(staging, author), owner)
    publication.publish(change, acting_user=owner)
    return now(change)


def test_published__says_how_many_routers_have_it(
    client: Client, live: ChangeRequest, owner: User
) -> None:
    said = page(client, live, owner)
    assert "Published No router has a token for this environment yet." in said
    first, plain = issue_router_token(live.environment, "eu", acting_user=owner)
    second, _ = issue_router_token(live.environment, "us", acting_user=owner)
    assert "Published No router has asked for it yet." in page(client, live, owner)
    PlaneInProcess().take_up(plain)
    behind = "the routers behind them report no status."
    assert f"Fetched with 1 of 2 router tokens; {behind}" in page(client, live, owner)
    revoke_router_token(second, acting_user=owner)
    assert "Fetched with 1 of 1 router token;" in page(client, live, owner)
    assert first.environment_id == live.environment_id


def test_published_anew__routers_have_to_ask_again(
    client: Client, live: ChangeRequest, author: User, owner: User
) -> None:
    _, plain = issue_router_token(live.environment, "eu", acting_user=owner)
    plane = PlaneInProcess()
    plane.take_up(plain)
    published(live.environment, author, [owner], owner, documents(share=50))
    newer = ChangeRequest.objects.latest("pk")
    assert "No router has asked for it yet." in page(client, newer, owner)
    plane.take_up(plain)
    assert "Fetched with 1 of 1 router token;" in page(client, newer, owner)


def test_in_review__with_a_changed_state__asks_for_approval_not_for_submission(
    client: Client, staging: Environment, author: User, reviewer: User
) -> None:
    change = proposed(staging, author)
    changes.submit(change, acting_user=author)
    said = page(client, change, reviewer)
    assert "Not ready to approve Not passed: shadow evaluation." in said
