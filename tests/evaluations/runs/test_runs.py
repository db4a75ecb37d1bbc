"""Evaluations as runs: who may start one, what it proves, and what happens when things go wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluations import tasks
from evaluations.models import Dataset, EvaluationChunk, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.terms import Terms, TermsError, parse_terms
from evaluations.services.datasets.importing import import_dataset
from evaluations.services.runs import running, starting
from policies.engine import digest
from policies.governance.refusals import Refused
from policies.models import AuditEvent, Check, Environment, Workflow
from policies.services.review import checks
from tests.evaluations.outcome_files import row, write_jsonl
from tests.evaluations.runs_here import computed, evaluated, imported, required
from tests.policies.steps import documents, proposed, published

Capture = Callable[..., Any]


@pytest.fixture
def dataset(workflow: Workflow, author: User, tmp_path: Path) -> Dataset:
    return imported(workflow, author, tmp_path)


def test_evaluation__without_anything_released__compares_nothing_and_does_not_pass(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    required(staging, dataset)
    change = proposed(staging, author)
    [run] = evaluated(change, author)
    assert run.baseline is None
    assert run.report["identity"]["baseline"] is None
    assert [gate["verdict"] for gate in run.report["gates"]] == ["not_applicable"]
    check = checks.newest(change, "shadow_evaluation")
    assert check is not None
    assert (run.verdict, check.verdict) == ("missing", "missing")
    assert "First release: there is nothing to compare with" in check.summary
    assert "holds a metric against a value" in check.resolve


def test_evaluation__on_a_dataset_that_records_none_of_the_models__is_refused_at_once(
    staging: Environment, author: User, tmp_path: Path
) -> None:
    rows = [row(f"r{i}", model) for i in range(60) for model in ("other", "another")]
    path = write_jsonl(tmp_path / "other.jsonl", rows)
    elsewhere = import_dataset(staging.workflow, path, acting_user=author, name="Elsewhere")
    with pytest.raises(Refused, match=r"None of the 3 models .* among the 2 that “Elsewhere”"):
        starting.evaluate_change(proposed(staging, author), elsewhere, acting_user=author)
    assert not ShadowEvaluation.objects.exists()


def test_evaluation__of_a_later_change__compares_with_its_base(
    staging: Environment, author: User, owner: User, dataset: Dataset
) -> None:
    release = published(staging, author, [owner], owner)
    change = proposed(staging, author, documents(share=50))
    run = computed(starting.evaluate_change(change, dataset, acting_user=author))
    assert run.baseline == release.bundle
    assert run.report["counts"]["rerouted"] > 50


@pytest.mark.parametrize("who", ["viewer", "operator", "outsider"])
def test_evaluation__by_somebody_without_the_role__is_refused(
    who: str, staging: Environment, author: User, dataset: Dataset, request: pytest.FixtureRequest
) -> None:
    change = proposed(staging, author)
    with pytest.raises(Refused, match="may run evaluations"):
        starting.evaluate_change(change, dataset, acting_user=request.getfixturevalue(who))


def test_evaluation__of_other_content_than_the_change_has__is_refused(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    change, other = proposed(staging, author), proposed(staging, author, documents(share=10))
    with pytest.raises(Refused, match="present content"):
        starting.start_evaluation(
            acting_user=author, workflow=staging.workflow, dataset=dataset,
            candidate=other.bundle, baseline=None, change_request=change,
        )  # fmt: skip


def test_evaluation__started_twice__is_one_run(
    staging: Environment, author: User, reviewer: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    first = starting.evaluate_change(change, dataset, acting_user=author)
    assert starting.evaluate_change(change, dataset, acting_user=reviewer) == first
    computed(first)
    assert starting.evaluate_change(change, dataset, acting_user=author) == first
    other = starting.evaluate_change(change, dataset, acting_user=author, terms=Terms(0.9))
    assert other != first


def test_evaluation__any_number_of_chunks__gives_the_same_bytes(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    results = []
    for count in (1, 3, 16):
        run = starting.start_evaluation(
            acting_user=author, workflow=staging.workflow, dataset=dataset,
            candidate=change.bundle, baseline=change.bundle, chunk_count=count,
        )  # fmt: skip
        results.append(computed(run).result)
        run.delete()
    assert results[0] == results[1] == results[2]


def test_chunk__computed_twice__is_stored_once(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = starting.evaluate_change(proposed(staging, author), dataset, acting_user=author)
    running.begin(run.pk)
    running.compute_chunk(run.pk, 0)
    running.compute_chunk(run.pk, 0)
    assert run.chunks.count() == 1


def test_evaluation__cancelled__computes_nothing_more_and_proves_nothing(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    change = proposed(staging, author)
    run = starting.evaluate_change(change, dataset, acting_user=author)
    running.begin(run.pk)
    starting.cancel_evaluation(run, acting_user=author)
    assert computed(run).status == RunStatus.CANCELLED
    assert not EvaluationChunk.objects.exists()
    assert not Check.objects.filter(kind="shadow_evaluation").exists()


def test_evaluation__finished__cannot_be_cancelled(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = computed(starting.evaluate_change(proposed(staging, author), dataset, acting_user=author))
    with pytest.raises(Refused, match="finished"):
        starting.cancel_evaluation(run, acting_user=author)


def test_evaluation__whose_file_is_gone__fails_with_a_reason(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = starting.evaluate_change(proposed(staging, author), dataset, acting_user=author)
    dataset.path.unlink()
    running.begin(run.pk)
    tasks.compute_chunk(run.pk, 0)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "No files found" in run.error


def test_evaluation__with_a_damaged_chunk__fails_rather_than_reports(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = starting.start_evaluation(
        acting_user=author, workflow=staging.workflow, dataset=dataset, chunk_count=2,
        candidate=proposed(staging, author).bundle, baseline=None,
    )  # fmt: skip
    running.begin(run.pk)
    running.compute_chunk(run.pk, 0)
    EvaluationChunk.objects.update(checksum="0" * 64)
    tasks.compute_chunk(run.pk, 1)
    run.refresh_from_db()
    assert (run.status, run.result) == (RunStatus.FAILED, "")
    assert "damaged" in run.error


def test_evaluation__begun_by_another_evaluator__ends_rather_than_mixes_sums(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    """As after an upgrade, with a run on its way."""
    asked: dict[str, Any] = {
        "acting_user": author, "workflow": staging.workflow, "dataset": dataset,
        "candidate": proposed(staging, author).bundle, "baseline": None, "chunk_count": 2,
    }  # fmt: skip
    run = starting.start_evaluation(**asked)
    running.begin(run.pk)
    running.compute_chunk(run.pk, 0)
    of_before = digest({**running.identity_of(run), "evaluator": "2"})
    ShadowEvaluation.objects.update(identity=of_before)
    tasks.compute_chunk(run.pk, 1)
    run.refresh_from_db()
    assert (run.status, run.result, run.chunks.count()) == (RunStatus.FAILED, "", 1)
    assert run.error.endswith("Start it again.")
    assert computed(starting.start_evaluation(**asked)).status == RunStatus.FINISHED


@pytest.mark.parametrize("step", [running.begin, running.finish])
def test_evaluation__kept_by_an_evaluator_that_knew_fewer_terms__ends_with_a_sentence(
    staging: Environment, author: User, dataset: Dataset, step: Callable[[int], object]
) -> None:
    run = starting.evaluate_change(proposed(staging, author), dataset, acting_user=author)
    ShadowEvaluation.objects.update(settings={"adequate_at": 0.5, "timeout_ms": {}})
    assert not step(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == (RunStatus.FAILED, running.BEGUN_BEFORE)


def test_evaluation__with_the_broker_down__stays_queued_for_the_sweeper(
    staging: Environment,
    author: User,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    def down(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        run = starting.evaluate_change(proposed(staging, author), dataset, acting_user=author)
    assert run.status == RunStatus.QUEUED
    assert running.stalled_runs() == []
    long_ago = timezone.now() - datetime.timedelta(minutes=5)
    ShadowEvaluation.objects.update(nudged_at=long_ago)
    assert running.stalled_runs() == [run.pk]


def test_stalled_run__whose_chunks_still_come__is_left_alone(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = starting.start_evaluation(
        acting_user=author, workflow=staging.workflow, dataset=dataset, chunk_count=4,
        candidate=proposed(staging, author).bundle, baseline=None,
    )  # fmt: skip
    running.begin(run.pk)
    running.compute_chunk(run.pk, 2)
    long_ago = timezone.now() - datetime.timedelta(minutes=5)
    ShadowEvaluation.objects.update(nudged_at=long_ago)
    assert running.stalled_runs() == []
    EvaluationChunk.objects.update(finished_at=long_ago)
    assert running.stalled_runs() == [run.pk]
    assert running.begin(run.pk) == [0, 1, 3]


def test_evaluation__start_and_end__are_in_the_audit_trail(
    staging: Environment, author: User, dataset: Dataset
) -> None:
    run = computed(starting.evaluate_change(proposed(staging, author), dataset, acting_user=author))
    rows = AuditEvent.objects.filter(object_type="shadowevaluation").order_by("sequence")
    assert [(e.action, e.actor_name) for e in rows] == [
        ("evaluation.started", "author"),
        ("evaluation.finished", "system"),
    ]
    assert rows[1].after == run.result_digest


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"adequate_at": 0}, "adequate_at"),
        ({"adequate_at": "high"}, "adequate_at"),
        ({"timeout_ms": -1}, "timeout_ms"),
        ({"timeout_ms": {"m": "soon"}}, "timeout_ms"),
        ({"margin": 1}, "margin"),
    ],
)
def test_terms__that_cannot_be__name_their_field(raw: dict[str, Any], name: str) -> None:
    with pytest.raises(TermsError) as caught:
        parse_terms(raw)
    assert caught.value.field == name


def test_import__by_a_viewer__is_refused(workflow: Workflow, viewer: User, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="may import datasets"):
        imported(workflow, viewer, tmp_path)


def test_import__same_rows_twice__is_one_dataset(
    workflow: Workflow, author: User, dataset: Dataset, tmp_path: Path
) -> None:
    assert imported(workflow, author, tmp_path) == dataset
    assert Dataset.objects.count() == 1
