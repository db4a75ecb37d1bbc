"""Pages around the studio: policy, components, versions, differences, drafts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from policies.engine import COMPONENTS
from policies.models import Draft, Environment, Release, Workflow
from policies.services.authoring import editing
from tests.policies.steps import documents, draft_of, proposed, published


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_policy_page__without_anything__offers_a_draft_to_authors_only(
    client: Client, workflow: Workflow, author: User, viewer: User
) -> None:
    client.force_login(author)
    assert "New draft" in page(client, "workflow-policy", workflow.slug)
    client.force_login(viewer)
    assert "New draft" not in page(client, "workflow-policy", workflow.slug)


def test_policy_page__shows_what_is_in_force_where(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    assert "v1 in staging" in page(client, "workflow-policy", release.workflow.slug)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_version_page__reads_the_document(
    client: Client, release: Release, author: User, kind: str
) -> None:
    client.force_login(author)
    slug = release.workflow.slug
    assert "v1" in page(client, "component", slug, kind)
    shown = page(client, "component-version", slug, kind, 1)
    assert "in force in staging" in shown and "&quot;schema&quot;: 1" in shown


def test_version_page__of_a_policy__says_its_rules_as_sentences(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    shown = page(client, "component-version", release.workflow.slug, "router_policy", 1)
    assert "swift-small 90%, orchid 10%" in shown


def test_diff_page__says_in_words_and_lines_what_changed(
    client: Client, release: Release, staging: Environment, author: User
) -> None:
    proposed(staging, author, documents(share=50, margin=0.1))
    client.force_login(author)
    slug = release.workflow.slug
    words = page(client, "component-diff", slug, "router_policy", **{"from": 1, "to": 2})
    assert "swift-small gets 50% of requests, was 90%" in words
    assert "&quot;weight&quot;: 50" in words
    loosened = page(client, "component-diff", slug, "quality_thresholds")
    assert "Loosened" in loosened and "not worse than baseline by 0.1" in loosened


def test_diff_page__of_versions_that_do_not_exist__is_not_found(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    url = reverse("component-diff", args=[release.workflow.slug, "router_policy"])
    assert client.get(url, {"from": 1, "to": 9}).status_code == 404
    assert client.get(url, {"from": "x", "to": "٣"}).status_code == 200


@pytest.mark.parametrize("below", ["policy/nothing/", "policy/nothing/diff/", "drafts/1/nothing/"])
def test_component_that_does_not_exist__is_not_found(
    client: Client, workflow: Workflow, author: User, below: str
) -> None:
    client.force_login(author)
    draft_of(workflow, author)
    assert client.get(f"{workflow.get_absolute_url()}{below}").status_code == 404


def test_draft__created__starts_from_what_is_in_force(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    slug = release.workflow.slug
    response = client.post(reverse("draft-create", args=[slug]), {"title": "Cheaper nights"})
    draft = Draft.objects.get(title="Cheaper nights")
    assert response.status_code == 302
    assert draft.documents.get(kind="router_policy").document["rules"][0]["id"] == "p1"


def test_draft__created_from_an_earlier_release(
    client: Client, release: Release, author: User, owner: User, staging: Environment
) -> None:
    later = published(staging, author, [owner], owner, documents(share=10))
    assert later.number == 2
    client.force_login(author)
    data = {"title": "As before", "source": "release", "release": str(release.pk)}
    client.post(reverse("draft-create", args=[release.workflow.slug]), data)
    policy = Draft.objects.get(title="As before").documents.get(kind="router_policy").document
    assert policy["rules"][0]["route"]["candidates"][0]["weight"] == 90


def test_draft__created_by_a_viewer__is_forbidden(
    client: Client, workflow: Workflow, viewer: User
) -> None:
    client.force_login(viewer)
    response = client.post(reverse("draft-create", args=[workflow.slug]), {"title": "Mine"})
    assert response.status_code == 403 and not Draft.objects.exists()


def test_draft_overview__says_what_it_changes_and_what_is_wrong(
    client: Client, release: Release, author: User
) -> None:
    draft = draft_of(release.workflow, author, documents(share=40))
    client.force_login(author)
    shown = page(client, "draft", release.workflow.slug, draft.pk)
    assert "swift-small gets 40% of requests, was 90%" in shown
    assert "fit together" in shown
    assert f'<a href="{release.get_absolute_url()}">release 1 of staging</a>' in shown
    editing.save_document(draft, "router_policy", {"schema": 1}, acting_user=author)
    assert "to mend before this can be proposed" in page(
        client, "draft", release.workflow.slug, draft.pk
    )


def test_draft__discarded__stays_readable_and_can_no_longer_be_edited(
    client: Client, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author)
    client.force_login(author)
    client.post(reverse("draft-discard", args=[workflow.slug, draft.pk]))
    shown = page(client, "draft-document", workflow.slug, draft.pk, "router_policy")
    assert "Closed" in shown and "Propose change" not in shown


def test_draft_of_an_open_change__is_not_discarded__and_offers_to_update_it(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    assert change.draft is not None
    client.force_login(author)
    slug = change.workflow.slug
    response = client.post(reverse("draft-discard", args=[slug, change.draft.pk]))
    assert response.status_code == 409
    assert "Withdraw the change request first." in response.content.decode()
    shown = page(client, "draft-document", slug, change.draft.pk, "router_policy")
    assert f"Update change request #{change.number}" in shown


# Session, user, workflows and roles of the shell take six; the rest is the page's own.
@pytest.mark.parametrize(
    ("name", "args", "queries"),
    [
        ("workflow-policy", [], 14),
        ("component", ["router_policy"], 14),
        ("component-version", ["router_policy", 1], 14),
        ("component-diff", ["router_policy"], 14),
    ],
)
def test_component_page__keeps_to_its_budget_of_queries(
    client: Client,
    release: Release,
    author: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    name: str,
    args: list[Any],
    queries: int,
) -> None:
    client.force_login(author)
    with django_assert_max_num_queries(queries):
        page(client, name, release.workflow.slug, *args)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_editor__keeps_to_its_budget_of_queries(
    client: Client,
    workflow: Workflow,
    author: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    kind: str,
) -> None:
    """Draft, its documents, contributors and the whole catalogue, however large they are."""
    draft = draft_of(workflow, author)
    client.force_login(author)
    with django_assert_max_num_queries(15):
        page(client, "draft-document", workflow.slug, draft.pk, kind)
