"""Every change request carries the blast radius of exactly what is proposed."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from evaluations.impact.wording import requests_named
from evaluations.models import Dataset
from evaluations.services.impact import measuring as impacts
from evaluations.services.impact.checking import changes_to_measure, kept_impact, record_impact
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.rollups import roll_up
from policies.engine import DocumentError
from policies.models import ChangeRequest, Environment, Workflow
from policies.models.changes import CheckKind, Verdict
from policies.services.review import changes, checks
from tests.evaluations.outcome_cast import event, minute_sums
from tests.evaluations.runs_here import imported, required
from tests.policies.steps import (
    documents,
    now,
    proposed,
    published,
    save_and_take_over,
    use_data_folder,
)

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def dataset(staging: Environment, author: User, tmp_path: Path, settings: Settings) -> Dataset:
    """Required by the plan of staging, and hardly sealed."""
    use_data_folder(settings, tmp_path)
    dataset = imported(staging.workflow, author, tmp_path)
    required(staging, dataset, sealed_share=0.05)
    return dataset


def test_record__a_first_release__says_where_requests_would_go(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    check = checks.newest(now(change), CheckKind.IMPACT)
    assert check is not None and check.verdict == Verdict.PASS
    assert check.summary.startswith("First release:")
    assert check.detail["rerouted_share"] == 1
    assert check.detail["projected_cost_change"] is None
    assert check.detail["new_providers"] == ["acme", "borealis"]


def test_record__twice__keeps_one_check(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    record_impact(change.pk)
    assert change.checks.filter(kind=CheckKind.IMPACT).count() == 1


def test_record__content_edited__is_another_impact(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    first = kept_impact(now(change))
    save_and_take_over(now(change), documents(share=50), author)
    assert kept_impact(now(change)) is None
    record_impact(change.pk)
    second = kept_impact(now(change))
    assert first is not None and second is not None
    assert second.candidate_digest == now(change).bundle.digest
    assert first.moves != second.moves


def test_record__informational__binds_no_approval(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    assert CheckKind.IMPACT not in checks.EVIDENCE
    assert CheckKind.IMPACT not in change.environment.required_checks


def test_record__no_recorded_requests__is_missing_and_says_the_mend(
    staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    check = checks.newest(now(change), CheckKind.IMPACT)
    assert check is not None and check.verdict == Verdict.MISSING
    assert "Set an evidence plan" in check.resolve
    assert check.detail["rerouted_share"] is None


def test_record__the_file_is_gone__is_told_and_not_tried_forever(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    dataset.path.unlink()
    record_impact(change.pk)
    check = checks.newest(now(change), CheckKind.IMPACT)
    assert check is not None and check.verdict == Verdict.MISSING
    assert "could not be measured" in check.summary
    assert changes_to_measure() == []


@pytest.mark.parametrize("act", ["open", "edit", "rebase"])
def test_content__opened_edited_or_rebased__is_queued_to_be_measured(
    act: str,
    staging: Environment,
    author: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(
        "celery.current_app.send_task",
        lambda name, args=(), **_: sent.append((name, tuple(args))),
    )
    change = None if act == "open" else proposed(staging, author)
    with django_capture_on_commit_callbacks(execute=True):
        change = _do(act, change, staging, author)
    assert ("evaluations.measure_change_impact", (change.pk,)) in sent


def _do(
    act: str, change: ChangeRequest | None, staging: Environment, author: User
) -> ChangeRequest:
    if change is None:
        return proposed(staging, author)
    if act == "edit":
        return save_and_take_over(change, documents(share=50), author)
    return changes.rebase(change, acting_user=author)


def test_sweep__finds_what_is_not_measured_and_what_another_plan_binds(
    dataset: Dataset, workflow: Workflow, staging: Environment, author: User, tmp_path: Path
) -> None:
    change = proposed(staging, author)
    assert changes_to_measure() == [change.pk]
    record_impact(change.pk)
    assert changes_to_measure() == []
    required(staging, dataset, imported(workflow, author, tmp_path, seed=8), sealed_share=0.05)
    assert changes_to_measure() == [change.pk]


def test_sweep__what_an_earlier_console_kept_in_another_form__is_measured_again(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    record_impact(change.pk)
    kept = checks.newest(now(change), CheckKind.IMPACT)
    assert kept is not None
    kept.detail["schema"] = 1
    kept.save()
    assert changes_to_measure() == [change.pk]


def test_import__of_a_newer_dataset__measures_nothing_anew(
    dataset: Dataset, workflow: Workflow, staging: Environment, author: User, tmp_path: Path
) -> None:
    """Whoever imports rows of an untouched class must not switch rules on risk off."""
    change = proposed(staging, author)
    record_impact(change.pk)
    before = kept_impact(now(change))
    imported(workflow, author, tmp_path, seed=8)
    assert changes_to_measure() == []
    record_impact(change.pk)
    assert change.checks.filter(kind=CheckKind.IMPACT).count() == 1
    assert kept_impact(now(change)) == before
    again = proposed(staging, author)
    record_impact(again.pk)
    assert kept_impact(now(again)) == before


def test_record__of_several_required_datasets__keeps_each_and_shows_the_farthest(
    workflow: Workflow,
    dataset: Dataset,
    staging: Environment,
    author: User,
    owner: User,
    tmp_path: Path,
) -> None:
    published(staging, author, [owner], owner, documents(share=0))
    other = imported(workflow, author, tmp_path, seed=8)
    required(staging, dataset, other, sealed_share=0.05)
    change = proposed(staging, author, documents(share=100))
    record_impact(change.pk)
    kept = [check.detail for check in change.checks.filter(kind=CheckKind.IMPACT).order_by("pk")]
    assert {detail["source"]["key"] for detail in kept} == {dataset.digest, other.digest}
    shares = [detail["rerouted_share"] for detail in kept]
    assert shares == sorted(shares)
    farthest = kept_impact(now(change))
    assert farthest is not None and farthest.rerouted_share == shares[-1]


def test_record__a_required_dataset_that_is_not_here__is_missing_and_named(
    dataset: Dataset, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    Dataset.objects.filter(pk=dataset.pk).update(digest="sha256:" + "0" * 64)
    record_impact(change.pk)
    check = checks.newest(now(change), CheckKind.IMPACT)
    assert check is not None and check.verdict == Verdict.MISSING
    assert "the plan requires it, and it is not here" in check.summary


def test_documents__not_right__are_an_error_with_places(
    dataset: Dataset, workflow: Workflow
) -> None:
    content = documents()
    content["router_policy"]["default"]["candidates"] = [{"model": "nobody-knows"}]
    with pytest.raises(DocumentError):
        impacts.impact_of_documents(content, workflow)


def test_impact__asked_again__is_not_read_again(
    dataset: Dataset, workflow: Workflow, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    first = impacts.impact_of_change(now(change))
    dataset.path.unlink()
    assert impacts.impact_of_change(now(change)) == first
    cache.clear()


def test_week__without_a_dataset__outcomes_stand_for_the_traffic(
    workflow: Workflow, staging: Environment, author: User
) -> None:
    at = timezone.now()
    events = [
        event(
            f"w{n}",
            time=(at - datetime.timedelta(days=1)).isoformat(),
            attributes={"task": "code" if n % 4 == 0 else "answer"},
            served_model="swift-small",
            tenant="north" if n % 2 else "south",
        )
        for n in range(40)
    ]
    assert ingest(staging, events, now=at).accepted == 40
    change = proposed(staging, author)
    found = impacts.impact_of_change(now(change))
    assert found.source.kind == "week"
    assert found.looked_at == 40
    assert {part.key: part.requests for part in found.by_tenant} == {"north": 20, "south": 20}


def test_week__of_routers_that_send_sums__says_how_many_requests_it_could_not_look_at(
    workflow: Workflow, staging: Environment, author: User
) -> None:
    at = timezone.now()
    told = (at - datetime.timedelta(days=1)).replace(second=0, microsecond=0)
    sampled = [event(f"w{n}", time=told.isoformat(), in_sums=n < 30) for n in range(40)]
    sums = minute_sums(minute=told.isoformat(), requests=1030)
    assert ingest(staging, [*sampled, sums], now=at).accepted == 41
    roll_up(workflow)
    found = impacts.impact_of_change(now(proposed(staging, author)))
    assert requests_named(found) == (
        f"40 requests of the last seven days in {staging.name} (1,000 more were told in sums alone)"
    )


def test_week__of_routers_that_send_each_outcome__says_nothing_of_sums(
    workflow: Workflow, staging: Environment, author: User
) -> None:
    at = timezone.now()
    assert ingest(staging, [event(time=at.isoformat())], now=at).accepted == 1
    roll_up(workflow)
    found = impacts.impact_of_change(now(proposed(staging, author)))
    assert requests_named(found) == f"1 requests of the last seven days in {staging.name}"
