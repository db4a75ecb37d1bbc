"""Saving a draft from its form: what is typed is kept, right or wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.engine import COMPONENTS, parse_component, serialise
from policies.forms.authoring import codec
from policies.models import Draft, Workflow
from policies.services.authoring import editing
from tests.policies.steps import documents, draft_of

HTMX = {"HX-Request": "true"}


def posted(kind: str, document: Any, revision: int, **more: str) -> dict[str, Any]:
    """The form of a document, every entry open, as a browser sends it."""
    data: dict[str, Any] = {**dict(codec.encode(kind, document)), "_revision": str(revision)}
    for name in list(data):
        steps = name.split(".")
        if steps[0] in ("rules", "rows", "thresholds") and steps[1:2] and steps[1] != "~":
            data[f"{steps[0]}.{steps[1]}._open"] = "1"
    return data | more


def address(draft: Draft, kind: str) -> str:
    return reverse("draft-document", args=[draft.workflow.slug, draft.pk, kind])


def written_out(kind: str) -> dict[str, Any]:
    return serialise(parse_component(kind, documents()[kind]))


@pytest.mark.parametrize("kind", COMPONENTS)
def test_draft_document__opened__shows_its_form(
    client: Client, workflow: Workflow, author: User, kind: str
) -> None:
    client.force_login(author)
    response = client.get(address(draft_of(workflow, author), kind))
    assert response.status_code == 200
    assert "This document is valid" in response.content.decode()


@pytest.mark.parametrize("kind", COMPONENTS)
def test_draft_document__saved_unchanged__stays_as_it_was(
    client: Client, workflow: Workflow, author: User, kind: str
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    response = client.post(address(draft, kind), posted(kind, written_out(kind), 1))
    assert response.status_code == 302
    row = draft.documents.get(kind=kind)
    assert row.document == documents()[kind] and row.revision == 1


def test_reviewing_author__opens_a_rule_and_changes_nothing__is_no_contributor(
    client: Client, workflow: Workflow, author: User, co_author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(co_author)
    data = posted("router_policy", written_out("router_policy"), 1, _edit="close:rules.0")
    assert client.post(address(draft, "router_policy"), data, headers=HTMX).status_code == 200
    assert list(draft.contributors.all()) == [author]


def test_draft_document__posted_without_script__is_saved_and_shown_again(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1)
    data["rules.0.description"] = "Cheap first"
    response = client.post(address(draft, "router_policy"), data, follow=True)
    row = draft.documents.get(kind="router_policy")
    assert row.document["rules"][0]["description"] == "Cheap first"
    assert "Revision 2" in response.content.decode()


def test_wrong_number__typed__stays_as_typed_with_its_error_beside_it(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1)
    data["rules.0.route.candidates.0.weight"] = "nine"
    response = client.post(address(draft, "router_policy"), data, headers=HTMX)
    page = response.content.decode()
    document = draft.documents.get(kind="router_policy").document
    assert document["rules"][0]["route"]["candidates"][0]["weight"] == "nine"
    assert 'value="nine"' in page
    error = page.split('id="e-rules-0-route-candidates-0-weight"')[1][:400]
    assert "Must be a number, not text." in error


def test_htmx_save__answers_with_the_partial_the_page_is_made_of(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    data = posted("fallback_matrix", written_out("fallback_matrix"), 1)
    response = client.post(address(draft, "fallback_matrix"), data, headers=HTMX)
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert 'id="editor"' in response.content.decode()


def test_stale_save__is_refused__and_the_typing_stays_on_screen(
    client: Client, workflow: Workflow, author: User, co_author: User
) -> None:
    draft = draft_of(workflow, author)
    theirs = written_out("router_policy") | {"sticky_on": "task"}
    editing.save_document(draft, "router_policy", theirs, acting_user=co_author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1)
    data["rules.0.description"] = "Mine"
    response = client.post(address(draft, "router_policy"), data, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 409
    assert "saved revision 2 after you opened revision 1" in page
    assert "Mine" in page
    assert 'name="_revision" value="1"' in page
    assert draft.documents.get(kind="router_policy").document == theirs


def test_stale_save__kept_as_mine__becomes_a_draft_of_its_own(
    client: Client, workflow: Workflow, author: User, co_author: User
) -> None:
    draft = draft_of(workflow, author)
    theirs = written_out("router_policy") | {"sticky_on": "task"}
    editing.save_document(draft, "router_policy", theirs, acting_user=co_author)
    client.force_login(author)
    data = posted("router_policy", written_out("router_policy"), 1, _edit="keep-mine")
    data["rules.0.description"] = "Mine"
    response = client.post(address(draft, "router_policy"), data)
    copy = Draft.objects.exclude(pk=draft.pk).get()
    assert response.status_code == 302
    assert copy.documents.get(kind="router_policy").document["rules"][0]["description"] == "Mine"
    assert draft.documents.get(kind="router_policy").document == theirs


def test_viewer__saves__is_forbidden(
    client: Client, workflow: Workflow, author: User, viewer: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(viewer)
    page = client.get(address(draft, "router_policy")).content.decode()
    assert "swift-small 90%, orchid 10%" in page  # sentences to read, and nothing to fill in
    assert 'id="editor-form"' not in page and "Propose change" not in page
    data = posted("router_policy", written_out("router_policy"), 1)
    data["rules.0.description"] = "Sneaked in"
    response = client.post(address(draft, "router_policy"), data)
    assert response.status_code == 403
    kept = response.content.decode()
    assert "Sneaked in" in kept and 'data-focus="" disabled>' in kept
    assert draft.documents.get(kind="router_policy").revision == 1


def test_viewer__of_a_document_that_is_not_right__sees_each_fault_beside_its_field(
    client: Client, workflow: Workflow, author: User, viewer: User
) -> None:
    draft = draft_of(workflow, author)
    wrong = written_out("router_policy")
    wrong["rules"][0]["route"]["candidates"][0]["weight"] = "many"
    editing.save_document(draft, "router_policy", wrong, acting_user=author)
    client.force_login(viewer)
    page = client.get(address(draft, "router_policy")).content.decode()
    assert 'data-focus="" disabled>' in page and "Must be a number, not text." in page


def test_viewer__of_a_document_that_leaves_defaults_out__reads_them(
    client: Client, workflow: Workflow, author: User, viewer: User
) -> None:
    draft = draft_of(workflow, author)
    short = written_out("fallback_matrix")
    del short["limits"]
    editing.save_document(draft, "fallback_matrix", short, acting_user=author)
    client.force_login(viewer)
    response = client.get(address(draft, "fallback_matrix"))
    assert response.status_code == 200
    assert "<dt>Time</dt><dd>at most" in response.content.decode()


def test_outsider__finds_no_draft(
    client: Client, workflow: Workflow, author: User, outsider: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(outsider)
    assert client.get(address(draft, "router_policy")).status_code == 404
    assert client.post(address(draft, "router_policy"), {}).status_code == 404


def test_post__that_does_not_say_its_revision__changes_nothing(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    assert client.post(address(draft, "router_policy"), {}).status_code == 400
    assert draft.documents.get(kind="router_policy").revision == 1


def test_two_tests_on_one_bound__are_both_kept__and_refused_by_the_parser(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    kind = "request_classification"
    client.force_login(author)
    data = posted(kind, written_out(kind), 1)
    for row, value in (("1", "100"), ("2", "200")):
        data[f"rules.0.when.0.{row}.attribute"] = "prompt_tokens"
        data[f"rules.0.when.0.{row}.op"] = "gte"
        data[f"rules.0.when.0.{row}.value"] = value
    page = client.post(address(draft, kind), data, headers=HTMX).content.decode()
    when = draft.documents.get(kind=kind).document["rules"][0]["when"]
    assert when["prompt_tokens"] == [{"gte": 100}, {"gte": 200}]
    assert "cannot both stand" in page
    assert 'value="100"' in page and 'value="200"' in page


def test_document_no_form_can_show__is_shown_as_json__and_kept(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    strange = {"schema": 1, "rules": 5, "colour": ["blue"], "default": "m1"}
    editing.save_document(draft, "router_policy", strange, acting_user=author)
    client.force_login(author)
    page = client.get(address(draft, "router_policy")).content.decode()
    assert "as JSON, since no control here can show it" in page
    data = posted("router_policy", strange, 2)
    data["sticky_on"] = "task"
    client.post(address(draft, "router_policy"), data)
    assert draft.documents.get(kind="router_policy").document == strange | {"sticky_on": "task"}


def test_cross_document_problem__is_shown_where_it_is__and_counted_on_its_tab(
    client: Client, workflow: Workflow, author: User
) -> None:
    content = documents()
    content["router_policy"]["rules"][0]["when"] = {"class": {"in": ["gone"]}}
    draft = draft_of(workflow, author, content)
    client.force_login(author)
    page = client.get(address(draft, "router_policy")).content.decode()
    assert "1 error here" in page
    other = client.get(address(draft, "quality_thresholds")).content.decode()
    assert "Also to mend" in other and "Policy (1)" in other
