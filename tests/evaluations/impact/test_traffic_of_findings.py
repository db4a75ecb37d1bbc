"""How much recorded traffic lies in the region a finding is about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from evaluations.impact.regions import count_inside
from evaluations.impact.traffic import TrafficRequest
from evaluations.services.impact.finding_traffic import share_of_traffic, traffic_of_findings
from policies.engine import Bundle, Request, parse_bundle
from policies.engine.analysis import analyse
from policies.models import Environment
from policies.services.authoring import editing
from tests.engine.strategies import bundles, requests
from tests.evaluations.runs_here import imported, required
from tests.policies.steps import documents, draft_of, proposed


@settings(max_examples=60)
@given(bundles(), st.lists(requests(), min_size=1, max_size=12))
def test_count_inside__any_bundle__equals_asking_each_request(
    bundle: Bundle, drawn: list[Request]
) -> None:
    found = [finding.region for finding in analyse(bundle).findings]
    regions = [region for region in found if region is not None]
    recorded = [TrafficRequest(request, "c") for request in drawn * 2]
    total, counts = count_inside(bundle, recorded, regions)
    assert total == len(recorded)
    assert counts == [sum(r.contains(bundle, x.request) for x in recorded) for r in regions]


@pytest.mark.usefixtures("empty_cache")
def test_share__of_a_shadowed_rule__is_told_beside_the_finding(
    staging: Environment, author: User, client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path
    required(staging, imported(staging.workflow, author, tmp_path), sealed_share=0.05)
    content = documents()
    rules = content["router_policy"]["rules"]
    rules.append({**rules[0], "id": "p2", "route": content["router_policy"]["default"]})
    change = proposed(staging, author, content)
    found = traffic_of_findings(parse_bundle(change.bundle.content), change.workflow)
    assert found is not None and 360 < found.requests < 400  # the open part
    shadowed = next(name for name in found.shares if "p2" in name)
    share = share_of_traffic(change.workflow, lambda request: request.attributes["task"] != "code")
    assert found.shares[shadowed] == share
    client.force_login(author)
    address = reverse("change-finding-traffic", args=[change.workflow.slug, change.number])
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-swap-oob="true"' in part
    assert "requests of “Week 7”" in part
    page = client.get(change.get_absolute_url()).content.decode()
    assert 'id="finding-share-0"' in page
    assert address in page


def test_share__nothing_recorded__is_not_told(staging: Environment, author: User) -> None:
    change = proposed(staging, author)
    bundle = parse_bundle(change.bundle.content)
    assert traffic_of_findings(bundle, change.workflow) is None
    assert share_of_traffic(change.workflow, lambda request: True) is None


@pytest.mark.usefixtures("empty_cache")
def test_share__of_a_shadowed_rule_in_a_draft__is_told_beside_the_finding(
    staging: Environment,
    author: User,
    client: Client,
    tmp_path: Path,
    settings: Settings,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.DATA_DIR = tmp_path
    required(staging, imported(staging.workflow, author, tmp_path), sealed_share=0.05)
    content = documents()
    rules = content["router_policy"]["rules"]
    rules.append({**rules[0], "id": "p2", "route": content["router_policy"]["default"]})
    draft = draft_of(staging.workflow, author, content)
    client.force_login(author)
    address = reverse("draft-finding-traffic", args=[staging.workflow.slug, draft.pk])
    with django_assert_max_num_queries(15):
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "requests of “Week 7”" in part
    page = client.get(reverse("draft-findings", args=[staging.workflow.slug, draft.pk]))
    told = page.content.decode()
    assert address in told
    places = re.findall(r'<span id="(finding-share-[0-9a-f]{12})" hx-swap-oob="true"> · \d', part)
    assert places
    assert all(f'<span id="{place}"></span>' in told for place in places)


def test_share__draft_that_does_not_fit_together__is_not_told(
    staging: Environment, author: User, client: Client
) -> None:
    draft = draft_of(staging.workflow, author)
    editing.save_document(draft, "router_policy", {"schema": 1}, acting_user=author)
    client.force_login(author)
    answer = client.get(reverse("draft-finding-traffic", args=[staging.workflow.slug, draft.pk]))
    assert answer.status_code == 200
    assert not answer.content.strip()


def test_share__of_a_draft_for_an_outsider__does_not_exist(
    staging: Environment, author: User, outsider: User, client: Client
) -> None:
    draft = draft_of(staging.workflow, author)
    address = reverse("draft-finding-traffic", args=[staging.workflow.slug, draft.pk])
    client.force_login(outsider)
    assert client.get(address).status_code == 404
