"""What the tasks of a shadow evaluation do. Every step may run twice, or stop anywhere.

The last finisher is whoever finds all chunks in the database; the report is computed outside the
transaction that stores it, since whoever computes it gets the same bytes.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.models import EvaluationChunk, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.chunk import ChunkStats, Plan, evaluate_chunk
from evaluations.replay.examples import Examples
from evaluations.replay.merge import merge
from evaluations.replay.prices import RecordedCosts, cost_ceilings
from evaluations.replay.recorded import read_chunk, recorded_costs
from evaluations.replay.report import EVALUATOR, Report, build_report
from evaluations.replay.terms import stored_terms
from evaluations.replay.walk import yardstick
from evaluations.services.runs.evidence import bring_evidence
from policies.engine import Bundle, digest, parse_bundle, require_text_matcher
from policies.governance.origin import Origin, acting_from
from policies.models import Bundle as StoredBundle
from policies.services import audit

# A run is left alone for so long after its tasks were queued or a chunk came in.
STALLED_AFTER = datetime.timedelta(seconds=60)
BEGUN_BEFORE = (
    "It was started before an upgrade of the console, which measures otherwise. Start it again."
)


def begin(run_id: int) -> list[int]:
    """Mark the run as running; the indices of the chunks still to be computed."""
    ShadowEvaluation.objects.filter(pk=run_id, status=RunStatus.QUEUED).update(
        status=RunStatus.RUNNING, started_at=timezone.now()
    )
    run = _unfinished(run_id)
    if run is None:
        return []
    run.nudged_at = timezone.now()
    run.save(update_fields=["nudged_at"])
    return missing_chunks(run)


def _unfinished(run_id: int) -> ShadowEvaluation | None:
    """The run unless it is over. One of another evaluator ends: sums of two would be mixed."""
    run = ShadowEvaluation.objects.with_related().unfinished().filter(pk=run_id).first()
    if run is not None and run.identity != identity_digest(run):
        fail(run_id, BEGUN_BEFORE)
        return None
    return run


def missing_chunks(run: ShadowEvaluation) -> list[int]:
    """Indices of the chunks of a run that are not in the database."""
    done = set(run.chunks.values_list("index", flat=True))
    return [index for index in range(run.chunk_count) if index not in done]


def compute_chunk(run_id: int, index: int) -> None:
    """Compute and store one chunk unless it is there or the run is over; then try to finish."""
    run = _unfinished(run_id)
    if run is None:
        return
    if not run.chunks.filter(index=index).exists():
        part = stored_terms(run.settings).part_of(run.dataset.digest)
        requests = read_chunk(run.dataset.path, index, run.chunk_count, part)
        _store_chunk(run, index, evaluate_chunk(plan_of(run), requests))
    if not missing_chunks(run):
        finish(run_id)


def _store_chunk(run: ShadowEvaluation, index: int, stats: ChunkStats) -> None:
    text = json.dumps(stats, sort_keys=True, separators=(",", ":")).encode()
    chunk = EvaluationChunk(
        run=run,
        index=index,
        requests=stats["sums"]["requests"],
        stats=zlib.compress(text),
        checksum=hashlib.sha256(text).hexdigest(),
    )
    EvaluationChunk.objects.bulk_create([chunk], ignore_conflicts=True)


def _read_chunk_stats(chunk: EvaluationChunk) -> ChunkStats:
    text = zlib.decompress(bytes(chunk.stats))
    if hashlib.sha256(text).hexdigest() != chunk.checksum:
        raise ValueError(f"Chunk {chunk.index} of evaluation {chunk.run_id} is damaged.")
    stats: ChunkStats = json.loads(text)
    return stats


def plan_of(run: ShadowEvaluation) -> Plan:
    """What every chunk of this run needs to know."""
    candidate = _parsed(run.candidate.digest)
    baseline = _parsed(run.baseline.digest) if run.baseline else candidate
    recorded = tuple(sorted(run.dataset.model_counts))
    return Plan(
        baseline=baseline,
        candidate=candidate,
        conditions=stored_terms(run.settings).conditions(yardstick(baseline, candidate, recorded)),
        pool=run.dataset.priced_models if run.dataset.is_full else (),
        full=run.dataset.is_full,
        models=recorded,
        costs=cost_ceilings(candidate, baseline, _costs(run.dataset.path)),
        compares=run.baseline is not None,
    )


@lru_cache(maxsize=16)
def _costs(path: Path) -> RecordedCosts:
    # A path names one content for ever: a worker reads it whole for its first chunk only.
    return recorded_costs(path)


@lru_cache(maxsize=16)
def _parsed(bundle_digest: str) -> Bundle:
    # A digest names one content for ever, whichever row holds it: a worker parses each once.
    bundle = parse_bundle(StoredBundle.objects.filter(digest=bundle_digest)[0].content)
    require_text_matcher(bundle)
    return bundle


def finish(run_id: int) -> None:
    """Reduce the chunks, store the report and bring it to the change request; once."""
    run = _unfinished(run_id)
    if run is None or missing_chunks(run):
        return
    report = report_of(run)
    with acting_from(Origin("task")), transaction.atomic():
        locked = ShadowEvaluation.objects.select_for_update().get(pk=run_id)
        if not locked.is_unfinished:
            return
        _store_report(locked, report)
        audit.record(
            "evaluation.finished",
            locked,
            acting_user=None,
            workflow=run.workflow,
            after=locked.result_digest,
            detail={"verdict": locked.verdict, "dataset": run.dataset.digest},
        )
        if run.look:
            bring_evidence(run.candidate)


def _store_report(run: ShadowEvaluation, report: Report) -> None:
    run.status = RunStatus.FINISHED
    run.result = report.text
    run.result_digest = report.digest
    run.verdict = report.body["verdict"]
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "result", "result_digest", "verdict", "finished_at"])


def report_of(run: ShadowEvaluation) -> Report:
    """The report of a run whose chunks are all there. Of the sealed share it shows sums alone."""
    plan, support = plan_of(run), stored_terms(run.settings).support
    totals = merge({chunk.index: _read_chunk_stats(chunk) for chunk in run.chunks.all()})
    if run.look:
        totals = {**totals, "examples": Examples().as_json()}
    return build_report(totals, plan, support, identity_of(run), run.look)


def identity_of(run: ShadowEvaluation) -> dict[str, Any]:
    """All that decides the result; named in the report."""
    return {
        "dataset": run.dataset.digest,
        "candidate": run.candidate.digest,
        "baseline": run.baseline_digest or None,
        "settings": run.settings,
    }


def identity_digest(run: ShadowEvaluation) -> str:
    """What tells a run from every other that could give another result."""
    return digest({**identity_of(run), "evaluator": EVALUATOR})


def stalled_runs() -> list[int]:
    """Unfinished runs of which nothing was heard for a while; their tasks may be lost."""
    since = timezone.now() - STALLED_AFTER
    quiet = ShadowEvaluation.objects.unfinished().filter(nudged_at__lt=since)
    return list(quiet.exclude(chunks__finished_at__gte=since).values_list("pk", flat=True))


def fail(run_id: int, error: str) -> None:
    """End a run that cannot go on, with a sentence that says why."""
    ShadowEvaluation.objects.unfinished().filter(pk=run_id).update(
        status=RunStatus.FAILED, error=error, finished_at=timezone.now()
    )
