"""Evidence and its plan as people meet them: on the review page, in the settings, over REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from evaluations.models import Dataset
from evaluations.services.datasets.importing import import_dataset
from policies.models import ChangeRequest, Environment, EvidencePlan, Release, RuleChange, Workflow
from tests.evaluations.outcome_files import row, write_jsonl
from tests.evaluations.runs_here import evaluated, imported, required
from tests.policies.steps import documents, proposed, published

HTMX = {"HX-Request": "true"}
BAD = {"swift-small": 0.2, "orchid": 0.95, "swift-large": 0.95}
ACCEPTED = "We take this loss knowingly until the model is replaced."


@pytest.fixture
def dataset(workflow: Workflow, owner: User, tmp_path: Path) -> Dataset:
    return imported(workflow, owner, tmp_path, seed=3, chances=BAD)


@pytest.fixture
def release(staging: Environment, author: User, owner: User) -> Release:
    return published(staging, author, [owner], owner, documents(share=0, margin=0.1))


@pytest.fixture
def failed(
    staging: Environment, author: User, reviewer: User, release: Release, dataset: Dataset
) -> ChangeRequest:
    """Everything simple to a model that is much worse, evaluated on the plan."""
    required(staging, dataset)
    change = proposed(staging, author, documents(share=100, margin=0.1))
    evaluated(change, author)
    return change


def evidence_of(change: ChangeRequest) -> str:
    return reverse("change-evidence", args=[change.workflow.slug, change.number])


def test_review_page__loads_the_evidence_and_links_to_it_without_scripts(
    failed: ChangeRequest, reviewer: User, client: Client
) -> None:
    client.force_login(reviewer)
    page = client.get(failed.get_absolute_url()).content.decode()
    assert f'hx-get="{evidence_of(failed)}"' in page
    assert f'<a href="{evidence_of(failed)}">' in page


def test_evidence__shows_origin_beside_the_verdict_and_asks_a_reviewer_for_an_answer(
    failed: ChangeRequest, reviewer: User, author: User, client: Client
) -> None:
    client.force_login(reviewer)
    part = client.get(evidence_of(failed), headers=HTMX).content.decode()
    assert "uploaded by Olga Owner on" in part
    assert (
        "Try 1 on this sealed share: a gate of 95% confidence passes at 97.5% and fails at 95%."
        in part
    )
    run = failed.evaluations.get()
    address = reverse("fail-answer", args=[failed.workflow.slug, failed.number, run.pk])
    assert f'action="{address}"' in part
    client.force_login(author)
    assert address not in client.get(evidence_of(failed), headers=HTMX).content.decode()


def test_answer__on_the_page__stands_there_and_a_short_one_is_refused_with_the_reason(
    failed: ChangeRequest, reviewer: User, client: Client
) -> None:
    client.force_login(reviewer)
    run = failed.evaluations.get()
    address = reverse("fail-answer", args=[failed.workflow.slug, failed.number, run.pk])
    refused = client.post(address, {"reason": "ok"})
    assert refused.status_code == 409
    assert "at least 5 words" in refused.content.decode()
    assert client.post(address, {"reason": ACCEPTED}).status_code == 302
    assert ACCEPTED in client.get(evidence_of(failed), headers=HTMX).content.decode()


def test_evidence__without_a_plan__says_so_and_leads_administrators_to_set_one(
    staging: Environment, author: User, administrator: User, client: Client
) -> None:
    change = proposed(staging, author)
    client.force_login(administrator)
    part = client.get(evidence_of(change), headers=HTMX).content.decode()
    assert "staging has no evidence plan" in part
    assert reverse("evidence-plan", args=[change.workflow.slug, "staging"]) in part


def form_of(dataset: Dataset, **more: Any) -> dict[str, Any]:
    asked = {
        "datasets": [dataset.pk], "adequate_at": 0.5, "timeout_ms": "swift-small: 900\n5000",
        "min_moved": 50, "min_clusters": 40, "sealed_per_cent": 25, "fresh_days": 14,
    }  # fmt: skip
    return {**asked, **more}


def test_plan_page__before_the_first_release__sets_one_alone_and_says_so(
    staging: Environment, administrator: User, dataset: Dataset, client: Client
) -> None:
    client.force_login(administrator)
    address = reverse("evidence-plan", args=[staging.workflow.slug, "staging"])
    assert "uploaded by Olga Owner on" in client.get(address).content.decode()
    assert client.post(address, form_of(dataset)).status_code == 302
    plan = EvidencePlan.objects.get()
    assert plan.timeout_ms == {"*": 5000.0, "swift-small": 900.0}
    assert (plan.sealed_share, plan.datasets) == (
        0.25, [{"digest": dataset.digest, "name": dataset.name}],
    )  # fmt: skip
    page = client.get(address).content.decode()
    assert "Set by Ada Administrator alone, before the first release." in page
    assert "swift-small: 900" in page


def test_plan_page__asking_for_less_after_a_release__leads_to_what_waits(
    staging: Environment, administrator: User, release: Release, dataset: Dataset, client: Client
) -> None:
    client.force_login(administrator)
    address = reverse("evidence-plan", args=[staging.workflow.slug, "staging"])
    refused = client.post(address, form_of(dataset))
    assert refused.status_code == 409
    assert "would no longer be required" in refused.content.decode()
    answer = client.post(address, form_of(dataset, why="October is too old."))
    assert answer.headers["Location"] == RuleChange.objects.waiting().get().get_absolute_url()


def test_plan_page__shown_share_left_alone__changes_nothing_of_it(
    staging: Environment, administrator: User, release: Release, dataset: Dataset, client: Client
) -> None:
    """A third is shown rounded; as shown it would be another share, which takes a second person."""
    client.force_login(administrator)
    address = reverse("evidence-plan", args=[staging.workflow.slug, "staging"])
    required(staging, dataset, sealed_share=1 / 3)
    sent = {**client.get(address).context["form"].initial, "fresh_days": 7}
    assert sent["sealed_per_cent"] != 100 / 3
    assert client.post(address, sent).status_code == 302
    assert not RuleChange.objects.waiting().exists()
    plan = EvidencePlan.objects.order_by("-version")[0]
    assert (plan.fresh_days, plan.sealed_share) == (7, 1 / 3)


def other_dataset(workflow: Workflow, user: User, folder: Path) -> Dataset:
    """One on which none of the cast's models was asked."""
    path = write_jsonl(folder / "other.jsonl", [row(f"r{i}", "other") for i in range(60)])
    return import_dataset(workflow, path, acting_user=user, name="Elsewhere")


def test_plan_page__dataset_without_a_model_of_the_release__says_so_beside_it(
    staging: Environment,
    administrator: User,
    owner: User,
    client: Client,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    other_dataset(staging.workflow, owner, tmp_path)
    client.force_login(administrator)
    address = reverse("evidence-plan", args=[staging.workflow.slug, "staging"])
    assert "the release in force" not in client.get(address).content.decode()
    request.getfixturevalue("release")
    page = " ".join(client.get(address).content.decode().split())
    assert "None of the 3 models of the release in force is among the 1 that it records" in page


def test_evidence__on_a_dataset_without_its_models__says_so_before_a_run_and_over_rest(
    staging: Environment, author: User, release: Release, client: Client, tmp_path: Path
) -> None:
    required(staging, other_dataset(staging.workflow, author, tmp_path))
    change = proposed(staging, author)
    client.force_login(author)
    sentence = "None of the 3 models of the candidate is among the 1 that it records"
    part = client.get(evidence_of(change), headers=HTMX).content.decode()
    assert f"Not evaluated on the plan yet. {sentence}" in part
    address = f"/api/v1/workflows/support-assistant/changes/{change.number}/evidence/"
    [told] = client.get(address).json()["datasets"]
    assert told["models"].startswith(sentence)
    refused = client.post(address, content_type="application/json")
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith(
        "None of the 3 models of the candidate is among the 1 that “Elsewhere” records"
    )


def test_evidence__before_a_run_on_the_plan__says_which_models_are_recorded(
    staging: Environment, author: User, dataset: Dataset, client: Client
) -> None:
    required(staging, dataset)
    client.force_login(author)
    part = client.get(evidence_of(proposed(staging, author)), headers=HTMX).content.decode()
    assert "All 3 models of the candidate were recorded." in part


@pytest.mark.parametrize("limits", ["soon", "swift-small: soon", "m: 1: x"])
def test_plan_page__time_limits_that_are_none__are_named(
    limits: str, staging: Environment, administrator: User, dataset: Dataset, client: Client
) -> None:
    client.force_login(administrator)
    address = reverse("evidence-plan", args=[staging.workflow.slug, "staging"])
    answer = client.post(address, form_of(dataset, timeout_ms=limits))
    assert answer.status_code == 422
    assert "is not “model: milliseconds”" in answer.content.decode()


def test_rest__of_the_plan_and_of_the_evidence__tells_the_same(
    failed: ChangeRequest, dataset: Dataset, administrator: User, reviewer: User, client: Client
) -> None:
    client.force_login(administrator)
    base = f"/api/v1/workflows/{failed.workflow.slug}"
    plan = f"{base}/environments/staging/evidence-plan/"
    assert client.get(plan).json()["datasets"][0]["digest"] == dataset.digest
    stricter = client.patch(plan, {"fresh_days": 7}, content_type="application/json")
    assert (stricter.status_code, stricter.json()["version"]) == (200, 3)
    unknown = {"datasets": ["sha256:" + "1" * 64], "why": "It is better."}
    assert client.patch(plan, unknown, content_type="application/json").status_code == 409
    looser = {"fresh_days": 90, "why": "Traffic hardly changes."}
    waiting = client.patch(plan, looser, content_type="application/json")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "proposed")
    client.force_login(reviewer)
    told = client.get(f"{base}/changes/{failed.number}/evidence/").json()
    assert (told["verdict"], told["datasets"][0]["imported_by"]) == ("fail", "owner")
    [blocking] = told["blocking"]
    answer = client.post(
        f"{base}/evaluations/{blocking}/answer/", {"reason": ACCEPTED},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 201
    told = client.get(f"{base}/changes/{failed.number}/evidence/").json()
    assert told["blocking"] == []
    assert told["history"][0]["answer"]["reason"] == ACCEPTED
