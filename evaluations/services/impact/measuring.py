"""The blast radius of change requests and drafts: measured once per content, kept as a check."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from evaluations.impact import Impact, measure
from evaluations.impact.lens import Lens
from evaluations.impact.result import SCHEMA
from evaluations.impact.wording import summary
from evaluations.services.datasets.standing import Recorded, last_week, recorded_requests
from policies.engine import (
    Bundle,
    EngineError,
    compose,
    digest,
    parse_bundle,
    require_text_matcher,
)
from policies.governance.origin import Origin, acting_from
from policies.models import Bundle as StoredBundle
from policies.models import ChangeRequest, Check, Draft, Release, Workflow
from policies.models.changes import CheckKind, Verdict
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.locking import hold_change
from policies.services.review import checks
from policies.services.review.settling import settle_impact

KEPT_S = 3 * 24 * 3600
NO_REQUESTS = "Import a dataset of recorded requests, or let a router report outcomes."
logger = logging.getLogger(__name__)


def impact_of(base: Bundle | None, candidate: Bundle, workflow: Workflow) -> Impact:
    """What `candidate` would do to the workflow's recorded requests that `base` decides now.

    Measured on the standing dataset, else on the last week's outcomes. Raises EngineError where a
    flag needs RE2 and it is not installed.
    """
    return _measured(base, candidate, recorded_requests(workflow))


def weekly_impact_of(base: Bundle | None, candidate: Bundle, workflow: Workflow) -> Impact | None:
    """The same on the last seven days' outcomes; None where none were reported."""
    week = last_week(workflow)
    return _measured(base, candidate, week) if week else None


def impact_of_documents(
    documents: Mapping[str, object], workflow: Workflow, base: StoredBundle | None = None
) -> Impact:
    """The blast radius of documents that are not stored, against `base` or what is in force.

    Raises DocumentError while they are not right.
    """
    base = base or bundle_in_force(workflow)
    return impact_of(_parsed(base), candidate_of(documents), workflow)


def impact_of_draft(draft: Draft) -> Impact:
    """Of a draft as it is saved, against the base of its change request or what is in force.

    Raises DocumentError while its documents are not right.
    """
    documents = {row.kind: row.document for row in draft.documents.all()}
    change = getattr(draft, "change", None)
    base = change.base_release.bundle if change and change.base_release else None
    return impact_of_documents(documents, draft.workflow, base)


def candidate_of(documents: Mapping[str, object]) -> Bundle:
    """The bundle of raw documents and today's catalogue; raises DocumentError."""
    return parse_bundle(compose(documents, catalogue_document()))


def impact_of_change(change: ChangeRequest) -> Impact:
    """Of a change request's present content against its base."""
    return impact_of(*bundles_of(change), change.workflow)


def bundles_of(change: ChangeRequest) -> tuple[Bundle | None, Bundle]:
    """(base, content), parsed."""
    base = change.base_release.bundle if change.base_release else None
    return _parsed(base), parse_bundle(change.bundle.content)


def bundle_in_force(workflow: Workflow) -> StoredBundle | None:
    """The content of the release active furthest along promotion."""
    releases = Release.objects.active().filter(workflow=workflow).select_related("bundle")
    release = releases.order_by("-environment__position").first()
    return release.bundle if release else None


def kept_impact(change: ChangeRequest) -> Impact | None:
    """The impact recorded for the present content and base."""
    check = checks.newest(change, CheckKind.IMPACT)
    return _from_json(check.detail) if check else None


def record_impact(change_id: int) -> None:
    """Measure an open change request and keep the result as its check; any number of times."""
    change = ChangeRequest.objects.with_related().open().filter(pk=change_id).first()
    if change is None:
        return
    try:
        impact = impact_of_change(change)
    except (EngineError, duckdb.Error, OSError) as error:
        logger.exception("The impact of change request %s cannot be measured.", change_id)
        _keep(change, _failed(change, error))
    else:
        _keep(change, _finding(change, impact))


@dataclass(frozen=True)
class _Finding:
    """What is to be kept as the check."""

    verdict: Verdict
    summary: str
    resolve: str
    detail: dict[str, Any]
    bundle_digest: str
    base_digest: str
    evidence_digest: str


def _finding(change: ChangeRequest, impact: Impact) -> _Finding:
    return _Finding(
        verdict=Verdict.PASS if impact.looked_at else Verdict.MISSING,
        summary=summary(impact),
        resolve="" if impact.looked_at else NO_REQUESTS,
        detail=impact.to_json(),
        bundle_digest=impact.candidate_digest,
        base_digest=impact.base_digest,
        evidence_digest=impact.digest,
    )


def _failed(change: ChangeRequest, error: Exception) -> _Finding:
    """Kept too, so that nobody waits for it and it is not tried all the time."""
    detail = {"source": asdict(recorded_requests(change.workflow).source)}
    said = {"error": type(error).__name__, **detail}
    return _Finding(
        verdict=Verdict.MISSING,
        summary=f"The blast radius could not be measured: {error}",
        resolve="Choose another standing dataset.",
        detail=detail,
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        evidence_digest=digest(said),
    )


def _keep(change: ChangeRequest, finding: _Finding) -> None:
    with acting_from(Origin("task")), transaction.atomic():
        hold_change(change)
        present = (change.bundle.digest, change.base_digest)
        last = checks.newest(change, CheckKind.IMPACT)
        if (finding.bundle_digest, finding.base_digest) != present:
            return
        if last is not None and last.evidence_digest == finding.evidence_digest:
            return
        url = f"{change.get_absolute_url()}impact/"
        checks.record_check(change, CheckKind.IMPACT, url=url, **asdict(finding))
        settle_impact(change)


def changes_to_measure() -> list[int]:
    """Open change requests without an impact of their present content on the present source."""
    found: list[int] = []
    sources: dict[int, Recorded] = {}
    for change in ChangeRequest.objects.with_related().open():
        check = checks.newest(change, CheckKind.IMPACT)
        if check is not None:
            workflow = change.workflow
            if workflow.pk not in sources:
                sources[workflow.pk] = recorded_requests(workflow)
            if not _is_stale(check, sources[workflow.pk]):
                continue
        found.append(change.pk)
    return found


def _is_stale(check: Check, recorded: Recorded) -> bool:
    """Another dataset stands for the workflow now, or requests came where there were none.

    A week that merely moved on by some hours is no reason: what reviewers saw would change under
    their eyes.
    """
    seen = check.detail.get("source", {})
    if recorded.source.kind == "week":
        return bool(seen.get("kind") != "week")
    return bool(seen.get("key") != recorded.source.key)


def _measured(base: Bundle | None, candidate: Bundle, recorded: Recorded) -> Impact:
    key = _memory_key(base, candidate, recorded)
    known = _remembered(key)
    if known is not None:
        return known
    named = candidate.model_names() | (base.model_names() if base else frozenset())
    bundles = [bundle for bundle in (base, candidate) if bundle is not None]
    for bundle in bundles:
        require_text_matcher(bundle)
    with_prompts = any(Lens(bundle).needs_prompt for bundle in bundles)
    requests = recorded.read(named, with_prompts=with_prompts)
    impact = measure(base, candidate, requests, recorded.source)
    _remember(key, impact)
    return impact


def _memory_key(base: Bundle | None, candidate: Bundle, recorded: Recorded) -> str:
    subject = {
        "schema": SCHEMA,
        "base": base.digest if base else None,
        "candidate": candidate.digest,
        "source": [recorded.source.key, recorded.source.name, recorded.source.requests],
    }
    return f"impact:{digest(subject)}"


def _remembered(key: str) -> Impact | None:
    try:
        raw = cache.get(key)
    except RedisError:
        logger.warning("The cache does not answer; the impact is measured again.")
        return None
    return _from_json(raw) if raw else None


def _remember(key: str, impact: Impact) -> None:
    try:
        cache.set(key, impact.to_json(), KEPT_S)
    except RedisError:
        logger.warning("The cache does not answer; the impact will be measured again.")


def _from_json(raw: Mapping[str, Any]) -> Impact | None:
    """None for what an earlier version of the console kept in another form."""
    try:
        return Impact.from_json(raw)
    except (KeyError, TypeError):
        return None


def _parsed(stored: StoredBundle | None) -> Bundle | None:
    return parse_bundle(stored.content) if stored else None
