"""The blast radius as people see it: a part of the review page and of a draft, and a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from evaluations.models import Dataset
from evaluations.services.impact.checking import record_impact
from policies.models import Environment
from policies.services.authoring import editing
from tests.evaluations.runs_here import imported, required
from tests.policies.steps import documents, draft_of, now, proposed

pytestmark = pytest.mark.usefixtures("empty_cache")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def dataset(staging: Environment, author: User, tmp_path: Path, settings: Settings) -> Dataset:
    """Required by the plan of staging, and hardly sealed."""
    settings.DATA_DIR = tmp_path
    dataset = imported(staging.workflow, author, tmp_path)
    required(staging, dataset, sealed_share=0.05)
    return dataset


def shown(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers or None)
    assert answer.status_code == 200
    return answer.content.decode()


def test_review_page__loads_the_blast_radius_and_links_to_it_without_scripts(
    staging: Environment, author: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    page = shown(client, change.get_absolute_url())
    address = reverse("change-impact", args=[change.workflow.slug, change.number])
    assert f'hx-get="{address}"' in page
    assert f'<noscript><a href="{address}">' in page


def test_part__for_a_change__is_the_section_alone_and_the_page_holds_the_same(
    dataset: Dataset, staging: Environment, author: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    address = reverse("change-impact", args=[change.workflow.slug, change.number])
    part = shown(client, address, **HTMX)
    assert part.lstrip().startswith("<section")
    assert "First release:" in part
    assert "<html" in shown(client, address)


def test_part__recorded_impact__is_read_in_few_queries(
    dataset: Dataset,
    staging: Environment,
    author: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    client.force_login(author)
    address = reverse("change-impact", args=[change.workflow.slug, change.number])
    # session, user, change with its workflow, impact, the rail (2)
    with django_assert_max_num_queries(7):
        shown(client, address, **HTMX)


def test_part__for_a_draft__follows_its_saves(
    dataset: Dataset, staging: Environment, author: User, client: Client
) -> None:
    draft = draft_of(staging.workflow, author)
    client.force_login(author)
    address = reverse("draft-impact", args=[staging.workflow.slug, draft.pk])
    before = shown(client, address, **HTMX)
    other = documents(share=0)["router_policy"]
    editing.save_document(draft, "router_policy", other, acting_user=author)
    after = shown(client, address, **HTMX)
    assert "swift-small" in before
    assert "swift-small" not in after


def test_part__documents_not_right__says_when_it_will_be_measured(
    dataset: Dataset, staging: Environment, author: User, client: Client
) -> None:
    draft = draft_of(staging.workflow, author)
    editing.save_document(draft, "router_policy", {"schema": 1}, acting_user=author)
    client.force_login(author)
    part = shown(client, reverse("draft-impact", args=[staging.workflow.slug, draft.pk]), **HTMX)
    assert "as soon as the four documents are valid" in part


def test_part__no_recorded_requests__says_how_to_get_some(
    staging: Environment, author: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    address = reverse("change-impact", args=[change.workflow.slug, change.number])
    assert "Set an evidence plan" in shown(client, address, **HTMX)


def test_part__last_week__without_outcomes_says_so(
    staging: Environment, author: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    address = reverse("change-impact", args=[change.workflow.slug, change.number])
    assert "No router reported outcomes, other than sums" in shown(
        client, f"{address}?on=week", **HTMX
    )


def test_impact__for_an_outsider__does_not_exist(
    staging: Environment, author: User, outsider: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(outsider)
    for address in (
        reverse("change-impact", args=[change.workflow.slug, change.number]),
        reverse("draft-impact", args=[change.workflow.slug, now(change).draft_id]),
    ):
        assert client.get(address).status_code == 404


def test_rest__of_a_change_and_of_its_draft__is_the_same_impact(
    dataset: Dataset, staging: Environment, author: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    address = f"/api/v1/workflows/{change.workflow.slug}"
    told = client.get(f"{address}/changes/{change.number}/impact/").json()
    assert 360 < told["looked_at"] < 400  # the open part
    assert told["rerouted_share"] == 1
    assert told == client.get(f"{address}/drafts/{change.draft_id}/impact/").json()


def test_rest__a_draft_that_is_not_right__is_told_where(
    dataset: Dataset, staging: Environment, author: User, client: Client
) -> None:
    draft = draft_of(staging.workflow, author)
    editing.save_document(draft, "router_policy", {"schema": 1}, acting_user=author)
    client.force_login(author)
    answer = client.get(f"/api/v1/workflows/{staging.workflow.slug}/drafts/{draft.pk}/impact/")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/router_policy/default"
