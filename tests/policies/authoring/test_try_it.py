"""“Try it”: the page tells what a request gets and why, on a draft and on a release."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import Draft, Environment, Workflow
from policies.services.authoring import editing
from tests.policies.steps import documents, draft_of, proposed, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


@pytest.fixture
def reading(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


def _tried(client: Client, draft: Draft, query: str = "") -> str:
    answer = client.get(f"/w/{draft.workflow.slug}/try/?draft={draft.pk}&{query}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_try_it__request_in_the_address__is_answered_without_scripts(
    reading: Client, draft: Draft
) -> None:
    page = _tried(reading, draft, "a.task=code")
    assert '<option value="code" selected>' in page
    assert "complex" in page and "swift-large" in page
    assert f'href="/w/support-assistant/drafts/{draft.pk}/request_classification/' in page


def test_try_it__rule_that_did_not_match__says_which_value_it_met(
    reading: Client, draft: Draft
) -> None:
    page = _tried(reading, draft, "a.task=answer")
    assert "Did not match" in page
    assert "it is answer" in page
    assert "No rule matched, so the default class is taken: simple." in page


def test_try_it__value_of_a_wrong_type__is_told_beside_its_field_and_counts_as_missing(
    reading: Client, draft: Draft
) -> None:
    page = _tried(reading, draft, "a.prompt_tokens=many&input_tokens=few&a.extra=1")
    assert "Must be a finite number, not text. It counts as missing." in page
    assert "Must be a whole number of tokens. It counts as unknown." in page
    assert "unknown attribute" in page
    assert '<input type="hidden" name="a.extra" value="1">' in page


def test_try_it__split__shows_shares_and_the_chain_of_each_failure(
    reading: Client, draft: Draft
) -> None:
    page = _tried(reading, draft, "request_id=r1")
    assert "90.0%" in page and "10.0%" in page
    assert "The split hashes “r1” to 0." in page
    assert "rate limit, quota exhausted, timeout, server error, overloaded, network" in page


def test_try_it__documents_to_mend__says_which_and_keeps_the_request(
    reading: Client, draft: Draft, author: User
) -> None:
    wrong = copy.deepcopy(documents()["request_classification"])
    wrong["default_class"] = "nothing"
    editing.save_document(draft, "request_classification", wrong, acting_user=author)
    page = _tried(reading, draft, "a.task=code")
    assert "Nothing can be tried before the documents are right." in page
    assert "<code>/default_class</code>" in page
    assert 'name="a.task" value="code"' in page


def test_try_it__for_htmx__is_the_panel_alone(reading: Client, draft: Draft) -> None:
    address = f"/w/support-assistant/try/?draft={draft.pk}&a.task=code"
    answer = reading.get(address, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b'id="try-answer"' in answer.content


def test_try_it__release__is_tried_by_its_environment_and_number(
    reading: Client, staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner)
    for query in ("?release=staging/1&a.task=code", "?a.task=code"):
        page = reading.get(f"/w/support-assistant/try/{query}").content.decode()
        assert "Release 1 in staging" in page
        assert "swift-large" in page


def test_try_it__nothing_there__offers_a_draft(reading: Client, workflow: Workflow) -> None:
    page = reading.get("/w/support-assistant/try/").content.decode()
    assert "Nothing to try yet" in page


@pytest.mark.parametrize(
    "query", ["draft=999999", "draft=x", "release=staging/9", "release=staging", "release=/1"]
)
def test_try_it__named_nothing__is_not_found(
    reading: Client, workflow: Workflow, query: str
) -> None:
    assert reading.get(f"/w/support-assistant/try/?{query}").status_code == 404


def test_try_it__outsider__sees_nothing(client: Client, draft: Draft, outsider: User) -> None:
    client.force_login(outsider)
    for address in (f"try/?draft={draft.pk}", f"drafts/{draft.pk}/findings/"):
        assert client.get(f"/w/support-assistant/{address}").status_code == 404


def _shadowed(draft: Draft, author: User) -> None:
    """A rule that the one before it never lets through."""
    changed = copy.deepcopy(documents()["request_classification"])
    when: dict[str, Any] = {"task": {"in": ["code"]}, "prompt_tokens": {"gte": 10}}
    changed["rules"].append({"id": "c2", "when": when, "class": "simple"})
    editing.save_document(draft, "request_classification", changed, acting_user=author)


def test_findings__shadowed_rule__links_both_rules_and_its_witness(
    reading: Client, draft: Draft, author: User
) -> None:
    _shadowed(draft, author)
    page = reading.get(f"/w/support-assistant/drafts/{draft.pk}/findings/").content.decode()
    assert "never reached" in page
    assert f"/drafts/{draft.pk}/request_classification/?open=rules.1#row-rules-1" in page
    assert (
        f"/w/support-assistant/try/?draft={draft.pk}&amp;a.task=code&amp;a.prompt_tokens=10" in page
    )


def test_findings__witness__shows_in_the_trial_which_rule_wins(
    reading: Client, draft: Draft, author: User
) -> None:
    _shadowed(draft, author)
    page = _tried(reading, draft, "a.task=code&a.prompt_tokens=10")
    assert "1 further rule not tried, since c1 matched." in page


def test_findings__documents_to_mend__come_first(
    reading: Client, draft: Draft, author: User
) -> None:
    editing.save_document(draft, "router_policy", {"schema": 1}, acting_user=author)
    page = reading.get(f"/w/support-assistant/drafts/{draft.pk}/findings/").content.decode()
    assert "The analysis starts once the documents are right" in page


def test_pages__of_a_trial__stay_within_fifteen_queries(
    reading: Client, draft: Draft, django_assert_max_num_queries: Any
) -> None:
    for address in (f"try/?draft={draft.pk}&a.task=code", f"drafts/{draft.pk}/findings/"):
        with django_assert_max_num_queries(15):
            reading.get(f"/w/support-assistant/{address}")


def test_try_it__change_request__is_tried_as_it_was_proposed(
    reading: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    page = reading.get(f"/w/support-assistant/try/?change={change.number}&a.task=code")
    assert f"Change request #{change.number}" in page.content.decode()
    assert "swift-large" in page.content.decode()


def test_review_page__finding_with_a_witness__links_the_trial_of_what_was_proposed(
    reading: Client, staging: Environment, author: User
) -> None:
    changed = documents()
    changed["request_classification"]["rules"].append(
        {"id": "c2", "when": {"prompt_tokens": {"gte": 10}}, "class": "simple"}
    )
    change = proposed(staging, author, changed)
    page = reading.get(change.get_absolute_url()).content.decode()
    assert f"/try/?change={change.number}&amp;a." in page
