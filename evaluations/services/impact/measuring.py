"""The blast radius of change requests and drafts: measured once per content, kept as a check."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from evaluations.impact import Impact, measure
from evaluations.impact.lens import Lens
from evaluations.impact.result import SCHEMA
from evaluations.impact.traffic import NOTHING
from evaluations.services.datasets.recorded import Recorded, last_week, recorded_on
from evaluations.services.datasets.sealed import furthest_plan
from policies.engine import Bundle, compose, digest, parse_bundle, require_text_matcher
from policies.models import Bundle as StoredBundle
from policies.models import ChangeRequest, Draft, EvidencePlan, Workflow
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.drafts import release_in_force
from policies.services.authoring.proposals import as_proposed

KEPT_S = 3 * 24 * 3600
NO_REQUESTS = "Set an evidence plan for the environment: which datasets a change is measured on."
logger = logging.getLogger(__name__)


def impact_of(base: Bundle | None, candidate: Bundle, sources: Sequence[Recorded]) -> Impact:
    """What `candidate` would do to recorded requests that `base` decides now: on the source where
    it does most. Raises EngineError where a flag needs RE2 and it is not installed.
    """
    return max((impact_on(base, candidate, source) for source in sources), key=extent)


def extent(impact: Impact) -> tuple[float, float]:
    """How far an impact reaches, to tell the largest of several: unmeasured, as far as it may."""
    if impact.is_unmeasured:
        return 1.0, 1.0
    return impact.rerouted_share or 0.0, impact.affected_share or 0.0


def sources_for(plan: EvidencePlan | None, workflow: Workflow) -> list[Recorded]:
    """The datasets of a plan; where there are none the last week's outcomes, to be shown alone."""
    found = recorded_on(plan) if plan is not None else []
    return found or [last_week(workflow) or Recorded(NOTHING)]


def weekly_impact_of(base: Bundle | None, candidate: Bundle, workflow: Workflow) -> Impact | None:
    """The same on the last seven days' outcomes; None where none were reported."""
    week = last_week(workflow)
    return impact_on(base, candidate, week) if week else None


def impact_of_documents(
    documents: Mapping[str, object], workflow: Workflow, base: StoredBundle | None = None
) -> Impact:
    """The blast radius of documents that are not stored, against `base` or what is in force, on
    the plan of the environment furthest along that has one.

    Raises DocumentError while they are not right.
    """
    in_force = None if base else release_in_force(workflow)
    base = in_force.bundle if in_force else base
    sources = sources_for(furthest_plan(workflow), workflow)
    return impact_of(_parsed(base), candidate_of(documents), sources)


def impact_of_draft(draft: Draft) -> Impact:
    """Of a draft as it is saved, against the base of its change request or what is in force.

    Raises DocumentError while its documents are not right.
    """
    change = getattr(draft, "change", None)
    base = change.base_release if change else release_in_force(draft.workflow)
    documents = as_proposed(draft.saved_documents(), base)
    return impact_of_documents(documents, draft.workflow, base.bundle if base else None)


def candidate_of(documents: Mapping[str, object]) -> Bundle:
    """The bundle of raw documents and today's catalogue; raises DocumentError."""
    return parse_bundle(compose(documents, catalogue_document()))


def impact_of_change(change: ChangeRequest) -> Impact:
    """Of a change request's present content against its base, on the plan that binds it."""
    sources = sources_for(change.evidence_plan, change.workflow)
    return impact_of(*bundles_of(change), sources)


def bundles_of(change: ChangeRequest) -> tuple[Bundle | None, Bundle]:
    """(base, content), parsed."""
    base = change.base_release.bundle if change.base_release else None
    return _parsed(base), parse_bundle(change.bundle.content)


def impact_on(base: Bundle | None, candidate: Bundle, recorded: Recorded) -> Impact:
    """The same on one source; measured once."""
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
    return impact_from_json(raw) if raw else None


def _remember(key: str, impact: Impact) -> None:
    try:
        cache.set(key, impact.to_json(), KEPT_S)
    except RedisError:
        logger.warning("The cache does not answer; the impact will be measured again.")


def impact_from_json(raw: Mapping[str, Any]) -> Impact | None:
    """None for what an earlier version of the console kept in another form."""
    try:
        return Impact.from_json(raw)
    except (KeyError, TypeError):
        return None


def _parsed(stored: StoredBundle | None) -> Bundle | None:
    return parse_bundle(stored.content) if stored else None
