"""Datasets and evaluations in the browser, without a browser: what each page says and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evaluations.metrics.definitions import MEANINGS
from evaluations.models import Dataset, ShadowEvaluation
from evaluations.services.datasets.importing import import_dataset
from evaluations.services.runs import running, starting
from policies.engine import METRICS
from policies.models import Environment, Workflow
from tests.evaluations.outcome_files import row, write_jsonl
from tests.evaluations.runs_here import computed, imported, write_outcomes
from tests.policies.steps import documents, proposed

QueryLimit = Callable[..., Any]


@pytest.fixture
def dataset(workflow: Workflow, author: User, tmp_path: Path) -> Dataset:
    return imported(workflow, author, tmp_path)


@pytest.fixture
def finished(staging: Environment, author: User, dataset: Dataset) -> ShadowEvaluation:
    """A finished comparison of two different splits."""
    return computed(
        starting.start_evaluation(
            acting_user=author,
            workflow=staging.workflow,
            dataset=dataset,
            candidate=proposed(staging, author, documents(share=20)).bundle,
            baseline=proposed(staging, author).bundle,
        )
    )


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def test_report__of_a_first_release__says_that_comparisons_do_not_apply(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    run = computed(starting.evaluate_change(change, dataset, acting_user=author))
    page = text_of(signed_in(client, author).get(run.get_absolute_url()))
    assert "there is nothing to compare with" in page
    assert "Not applicable" in page
    assert "Its gates on quality hold" not in page
    assert "a retry of a failure then fails again" in page


def test_report__of_an_evaluator_of_before__is_told_and_kept(
    client: Client, author: User, finished: ShadowEvaluation
) -> None:
    """Evaluator 1 knew nothing of support, thresholds loosened or values unknown."""
    newer = ("support", "first_release", "loosened", "notes")
    report = {key: value for key, value in finished.report.items() if key not in newer}
    kept = json.dumps({**report, "evaluator": "1"})
    ShadowEvaluation.objects.update(result=kept)
    page = text_of(signed_in(client, author).get(finished.get_absolute_url()))
    assert "This report is of an earlier version of the console" in page
    assert "Evaluate again" in page
    assert client.get(f"{finished.get_absolute_url()}report.json").content.decode() == kept


def test_report__of_a_change__shows_its_support(
    client: Client, author: User, finished: ShadowEvaluation
) -> None:
    page = text_of(signed_in(client, author).get(finished.get_absolute_url()))
    assert f"{finished.report['support']['moved']}, worth" in page
    assert "at least 100, worth 40" in page


def test_report__what_gets_worse__stands_between_the_verdict_and_the_gates(
    client: Client, author: User, finished: ShadowEvaluation
) -> None:
    report = finished.report
    worse = next(row for row in report["metrics"] if row["class"] == "*" and row["difference"])
    worse["direction"] = "worse"
    finished.result = json.dumps(report)
    finished.save(update_fields=["result"])
    page = text_of(signed_in(client, author).get(finished.get_absolute_url()))
    told = page.index(f"<span>{METRICS[worse['metric']].label}</span>")
    assert page.index("What gets worse") < told < page.index(">Gates<")


def test_start__on_a_dataset_that_records_none_of_the_models__is_refused_in_words(
    client: Client, staging: Environment, author: User, tmp_path: Path
) -> None:
    change = proposed(staging, author)
    elsewhere = elsewhere_of(staging.workflow, author, tmp_path)
    answer = signed_in(client, author).post(
        "/w/support-assistant/evaluations/new/",
        {"subject": f"change-{change.number}", "dataset": elsewhere.pk},
    )
    assert answer.status_code == 409
    assert "None of the 3 models of the candidate" in answer.content.decode()


def elsewhere_of(workflow: Workflow, author: User, folder: Path) -> Dataset:
    """A dataset on which none of the cast's models was asked."""
    path = write_jsonl(folder / "other.jsonl", [row(f"r{i}", "other") for i in range(60)])
    return import_dataset(workflow, path, acting_user=author, name="Elsewhere")


NEW = "/w/support-assistant/evaluations/new/"
NONE_OF_THREE = "None of the 3 models of the candidate is among the 1 that it records"


def test_form__before_the_start__says_of_each_dataset_which_models_it_records(
    client: Client, staging: Environment, author: User, dataset: Dataset, tmp_path: Path
) -> None:
    proposed(staging, author)
    elsewhere = elsewhere_of(staging.workflow, author, tmp_path)
    page = text_of(signed_in(client, author).get(NEW))
    assert page.count("All 3 models of the candidate were recorded.") == 1
    assert page.count(NONE_OF_THREE) == 1
    assert "1 of 2 datasets can show something of #1 Shift traffic." in page
    # The newest stands first, but the one that can show something is chosen.
    assert re.search(rf'name="dataset" value="{dataset.pk}"[^>]* checked', page)
    assert not re.search(rf'name="dataset" value="{elsewhere.pk}"[^>]* checked', page)


def test_form__another_candidate__is_looked_at_without_a_start(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    """What a change of the choice asks for, with and without scripts."""
    alone = documents()
    alone["router_policy"] = {
        "schema": 1,
        "rules": [],
        "default": {"select": "ordered", "candidates": [{"model": "swift-small"}]},
    }
    alone["fallback_matrix"] = {"schema": 1, "rows": []}
    first, second = proposed(staging, author), proposed(staging, author, alone)
    told = {first: "All 3 models of the candidate", second: "The one model of the candidate was"}
    for change, sentence in told.items():
        asked = {"check": "1", "subject": f"change-{change.number}", "dataset": dataset.pk}
        page = text_of(signed_in(client, author).post(NEW, asked))
        assert sentence in page
        assert f"of #{change.number} Shift traffic." in page
        assert "error-summary" not in page
    assert not ShadowEvaluation.objects.exists()


def test_form__with_an_unknown_candidate__shows_the_error_and_does_not_fail(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    proposed(staging, author)
    answer = signed_in(client, author).post(NEW, {"subject": "change-9", "dataset": dataset.pk})
    assert answer.status_code == 422
    assert "change-9 is not one of the available choices" in answer.content.decode()


def test_dataset_list__with_nothing__invites_to_import(
    client: Client, workflow: Workflow, author: User
) -> None:
    page = text_of(signed_in(client, author).get("/w/support-assistant/datasets/"))
    assert "No recorded requests yet" in page
    assert "/w/support-assistant/datasets/import/" in page


def test_dataset_list__for_a_viewer__offers_no_import(
    client: Client, dataset: Dataset, viewer: User
) -> None:
    page = text_of(signed_in(client, viewer).get("/w/support-assistant/datasets/"))
    assert "Week 7" in page
    assert "datasets/import/" not in page


@pytest.mark.parametrize(
    "address", ["datasets/", "datasets/import/", "evaluations/", "evaluations/new/"]
)
def test_pages__for_an_outsider__do_not_exist(
    client: Client, workflow: Workflow, outsider: User, address: str
) -> None:
    response = signed_in(client, outsider).get(f"/w/support-assistant/{address}")
    assert response.status_code == 404


def test_upload__of_a_right_file__opens_the_dataset(
    client: Client, workflow: Workflow, author: User, tmp_path: Path
) -> None:
    upload = SimpleUploadedFile("week.jsonl", write_outcomes(tmp_path / "w.jsonl").read_bytes())
    prices = SimpleUploadedFile("prices.json", b'{"orchid": {"input": 0.8}}')
    response = signed_in(client, author).post(
        "/w/support-assistant/datasets/import/",
        {"file": upload, "prices": prices, "name": "First week", "is_simulated": "on"},
        follow=True,
    )
    page = text_of(response)
    assert "First week" in page
    assert "Simulated data" in page
    assert "400 requests" in page
    assert Dataset.objects.get().prices == {"orchid": {"input": 0.8}}


def test_upload__of_a_faulty_file__shows_every_fault_with_its_line(
    client: Client, workflow: Workflow, author: User
) -> None:
    upload = SimpleUploadedFile("bad.jsonl", b'{"request_id": "r1"}\n{"model": "m"}\nnonsense\n')
    response = signed_in(client, author).post(
        "/w/support-assistant/datasets/import/", {"file": upload}
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert "3 faults in the file" in page
    assert "every row needs it" in page
    assert not Dataset.objects.exists()


HALF_EMOJI = b'{"request_id":"a","model":"m","quality":1,"prompt":"\\ud83d"}\n'


def test_upload__with_half_an_emoji__is_named_with_line_and_field(
    client: Client, workflow: Workflow, author: User
) -> None:
    upload = SimpleUploadedFile("half.jsonl", HALF_EMOJI)
    response = signed_in(client, author).post(
        "/w/support-assistant/datasets/import/", {"file": upload}
    )
    assert response.status_code == 422
    assert "half of a surrogate pair" in response.content.decode()
    rest = client.post(
        "/api/v1/workflows/support-assistant/datasets/?name=Half&file_name=half.jsonl",
        HALF_EMOJI,
        content_type="application/octet-stream",
        headers={"Content-Disposition": "attachment; filename=half.jsonl"},
    )
    assert rest.status_code == 422
    (fault,) = rest.json()["errors"]
    assert (fault["line"], fault["field"]) == (1, "prompt")


@pytest.mark.parametrize(
    "prices", [b'{"m": "\\ud83d"}', b'{"m": "\\u0000"}', b'{"m": NaN}', b"\xff"]
)
def test_upload__with_a_price_table_that_no_database_keeps__is_refused(
    client: Client, workflow: Workflow, author: User, tmp_path: Path, prices: bytes
) -> None:
    upload = SimpleUploadedFile("week.jsonl", write_outcomes(tmp_path / "w.jsonl").read_bytes())
    table = SimpleUploadedFile("prices.json", prices)
    response = signed_in(client, author).post(
        "/w/support-assistant/datasets/import/", {"file": upload, "prices": table}
    )
    assert response.status_code == 422
    assert "price table" in response.content.decode()


def test_upload__by_a_viewer__is_refused(
    client: Client, workflow: Workflow, viewer: User, tmp_path: Path
) -> None:
    upload = SimpleUploadedFile("week.jsonl", write_outcomes(tmp_path / "w.jsonl").read_bytes())
    response = signed_in(client, viewer).post(
        "/w/support-assistant/datasets/import/", {"file": upload}
    )
    assert response.status_code == 403
    assert not Dataset.objects.exists()


def test_dataset_page__tells_what_it_holds(
    client: Client, dataset: Dataset, viewer: User, django_assert_max_num_queries: QueryLimit
) -> None:
    signed_in(client, viewer)
    # session, user, workflows of the shell (2), roles, open changes, workflow, dataset, runs
    with django_assert_max_num_queries(12):
        page = text_of(client.get(dataset.get_absolute_url()))
    for words in ("swift-small", "prompt_tokens", "conversation", "r0"):
        assert words.lower() in page.lower()


def test_start__from_the_form__queues_a_run_of_the_change(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    page = text_of(signed_in(client, author).get("/w/support-assistant/evaluations/new/"))
    assert change.title in page
    response = client.post(
        "/w/support-assistant/evaluations/new/",
        {"subject": f"change-{change.number}", "dataset": dataset.pk, "adequate_at": "0.6"},
        follow=True,
    )
    run = ShadowEvaluation.objects.get()
    assert (run.change_request, run.settings["adequate_at"]) == (change, 0.6)
    assert f'hx-get="{run.get_absolute_url()}progress/"' in text_of(response)


def test_start__with_an_impossible_setting__says_so_beside_it(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    response = signed_in(client, author).post(
        "/w/support-assistant/evaluations/new/",
        {"subject": f"change-{change.number}", "dataset": dataset.pk, "adequate_at": "7"},
    )
    assert response.status_code == 422
    assert "at most 1" in response.content.decode()


def test_progress__while_running__counts_requests_and_then_reloads_the_page(
    client: Client, staging: Environment, author: User, dataset: Dataset
) -> None:
    run = starting.start_evaluation(
        acting_user=author, workflow=staging.workflow, dataset=dataset, chunk_count=4,
        candidate=proposed(staging, author).bundle, baseline=None,
    )  # fmt: skip
    running.begin(run.pk)
    running.compute_chunk(run.pk, 0)
    address = f"{run.get_absolute_url()}progress/"
    first = signed_in(client, author).get(address)
    assert "of 400" in text_of(first)
    assert "left" in text_of(first)
    assert "HX-Refresh" not in first
    computed(run)
    assert client.get(address)["HX-Refresh"] == "true"


def test_cancel__by_button__stops_the_run(
    client: Client, staging: Environment, author: User, viewer: User, dataset: Dataset
) -> None:
    run = starting.evaluate_change(proposed(staging, author), dataset, acting_user=author)
    address = f"{run.get_absolute_url()}cancel/"
    refused = signed_in(client, viewer).post(address)
    assert refused.status_code == 403
    assert "may cancel evaluations" in refused.content.decode()
    run.refresh_from_db()
    assert run.status == "queued"
    signed_in(client, author).post(address)
    run.refresh_from_db()
    assert run.status == "cancelled"
    again = client.post(address)
    assert again.status_code == 409
    assert "nothing is left to cancel" in again.content.decode()


def test_report__of_a_finished_run__puts_verdict_and_reasons_first(
    client: Client,
    finished: ShadowEvaluation,
    viewer: User,
    django_assert_max_num_queries: QueryLimit,
) -> None:
    signed_in(client, viewer)
    with django_assert_max_num_queries(14):
        page = text_of(client.get(finished.get_absolute_url()))
    order = [page.index(words) for words in (
        finished.report["reasons"][0][:30], ">Gates<", ">All metrics<", ">Cost and quality<",
        ">Who moves where<", ">By class<", ">Requests that changed most<",
    )]  # fmt: skip
    assert order == sorted(order)
    assert page.count("data-figure=") == 3
    assert all(MEANINGS[row["metric"]] in page for row in finished.report["metrics"])
    # The gates' table stands open above its figure; the two others are folded below theirs.
    assert page.count("Show as a table") == 2


def test_report_as_json__is_the_stored_text(
    client: Client, finished: ShadowEvaluation, viewer: User
) -> None:
    response = signed_in(client, viewer).get(f"{finished.get_absolute_url()}report.json")
    assert response.content.decode() == finished.result


def test_run_list__shows_each_run_with_its_verdict(
    client: Client, finished: ShadowEvaluation, viewer: User
) -> None:
    page = text_of(signed_in(client, viewer).get("/w/support-assistant/evaluations/"))
    assert f"Evaluation {finished.pk}" in page
    assert finished.verdict.title() in page
