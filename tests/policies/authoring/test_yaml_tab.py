"""The YAML tab of the studio: the form's document as text, and back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.engine import COMPONENTS
from policies.files.yaml_text import dump_component
from policies.models import Draft, Workflow
from policies.services.authoring import editing
from tests.policies.steps import documents, draft_of

POLICY = "router_policy"


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


@pytest.fixture
def writer(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


def address(draft: Draft, kind: str = POLICY) -> str:
    return reverse("draft-yaml", args=[draft.workflow.slug, draft.pk, kind])


def save(client: Client, draft: Draft, text: str, revision: int = 1, **more: str) -> Any:
    body = {"text": text, "_revision": str(revision), **more}
    return client.post(address(draft), body)


def text_of(kind: str = POLICY) -> str:
    return dump_component(kind, documents()[kind])


def kept(draft: Draft) -> dict[str, Any]:
    return {row.kind: row.document for row in draft.documents.all()}


@pytest.mark.parametrize("kind", COMPONENTS)
def test_tab__opened__shows_the_document_and_links_to_its_form(
    writer: Client, draft: Draft, kind: str
) -> None:
    answer = writer.get(address(draft, kind))
    assert answer.context["typed"].text == text_of(kind)
    assert "This document is valid" in answer.content.decode()
    form = reverse("draft-document", args=[draft.workflow.slug, draft.pk, kind])
    assert f'href="{form}">Form</a>' in answer.content.decode()
    assert f'href="{address(draft, kind)}">YAML</a>' in writer.get(form).content.decode()


def test_save__as_shown__makes_no_revision_and_no_contributor(
    client: Client, draft: Draft, co_author: User
) -> None:
    client.force_login(co_author)
    assert save(client, draft, f"# my comment\n{text_of()}").status_code == 302
    assert draft.documents.get(kind=POLICY).revision == 1
    assert co_author not in draft.contributors.all()


def test_save__edited__is_what_the_form_shows(writer: Client, draft: Draft) -> None:
    assert save(writer, draft, text_of().replace("weight: 90", "weight: 80")).status_code == 302
    assert kept(draft)[POLICY]["rules"][0]["route"]["candidates"][0]["weight"] == 80
    form = reverse("draft-document", args=[draft.workflow.slug, draft.pk, POLICY])
    assert 'value="80"' in writer.get(f"{form}?open=rules.0&open=rules-0").content.decode()
    assert "weight: 80" in writer.get(address(draft)).content.decode()


def test_save__with_carriage_returns__reads_as_without(writer: Client, draft: Draft) -> None:
    save(writer, draft, text_of().replace("\n", "\r\n"))
    assert draft.documents.get(kind=POLICY).revision == 1


def test_save__no_yaml__keeps_the_text_and_names_the_line(writer: Client, draft: Draft) -> None:
    text = text_of().replace("rules:", "rules: [ <b>")
    answer = save(writer, draft, text)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "rules: [ &lt;b&gt;" in page
    assert "Not saved: it cannot be read yet" in page
    assert 'data-line="' in page and "close the bracket" in page
    assert draft.documents.get(kind=POLICY).revision == 1


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a list\n", "one word", "12"])
def test_save__no_object__is_not_saved(writer: Client, draft: Draft, text: str) -> None:
    answer = save(writer, draft, text)
    assert answer.status_code == 422
    assert "must hold members such as schema: 1" in answer.content.decode()
    assert draft.documents.get(kind=POLICY).revision == 1


def test_save__twice_the_same_key__names_the_second_line(writer: Client, draft: Draft) -> None:
    answer = save(writer, draft, f"{text_of()}sticky_on: a\nsticky_on: b\n")
    fault = answer.context["typed"].faults[0]
    assert fault.excerpt == "sticky_on: b"
    assert fault.message.startswith("is written twice, first in line")


def test_save__wrong_document__is_saved_and_tells_what_to_mend_by_line(
    writer: Client, draft: Draft
) -> None:
    answer = save(writer, draft, text_of().replace("select: weighted", "select: wheighted"))
    assert answer.status_code == 200
    fault = answer.context["typed"].faults[0]
    assert fault.excerpt == "select: wheighted"
    assert 'did you mean "weighted"' in fault.message
    row = draft.documents.get(kind=POLICY)
    assert (row.revision, row.document["rules"][0]["route"]["select"]) == (2, "wheighted")


def test_save__unknown_model__names_the_line(writer: Client, draft: Draft) -> None:
    answer = save(writer, draft, text_of().replace("model: orchid", "model: orchit"))
    assert [fault.excerpt for fault in answer.context["typed"].faults] == ["- model: orchit"]


def test_save__over_someone_elses__keeps_both(
    writer: Client, draft: Draft, co_author: User
) -> None:
    theirs = documents(share=50)[POLICY]
    editing.save_document(draft, POLICY, theirs, acting_user=co_author)
    text = text_of().replace("weight: 90", "weight: 80")
    answer = save(writer, draft, text)
    assert answer.status_code == 409
    assert "weight: 80" in answer.content.decode()
    assert draft.documents.get(kind=POLICY).document == theirs
    assert save(writer, draft, text, _edit="keep-mine").status_code == 302
    copy = Draft.objects.latest("pk")
    assert copy != draft
    assert kept(copy)[POLICY]["rules"][0]["route"]["candidates"][0]["weight"] == 80


def test_tab__of_a_viewer__can_only_be_read(client: Client, draft: Draft, viewer: User) -> None:
    client.force_login(viewer)
    assert "readonly" in client.get(address(draft)).content.decode()
    assert save(client, draft, text_of().replace("90", "80")).status_code == 403


def test_tab__without_a_revision__is_refused(writer: Client, draft: Draft) -> None:
    assert writer.post(address(draft), {"text": text_of()}).status_code == 400
    assert writer.post(address(draft), {"_revision": "1"}).status_code == 400


def test_tab__of_what_does_not_exist__is_not_found(writer: Client, draft: Draft) -> None:
    assert writer.get(address(draft).replace(POLICY, "nothing")).status_code == 404


def test_tab__of_others__is_not_found(client: Client, draft: Draft, outsider: User) -> None:
    client.force_login(outsider)
    assert client.get(address(draft)).status_code == 404
