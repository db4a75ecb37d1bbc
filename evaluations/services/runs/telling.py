"""Evidence in words and as plain JSON: what was measured, on what, and under which conditions."""

from __future__ import annotations

from typing import Any

from evaluations.models import ShadowEvaluation
from evaluations.replay.looks import look_sentence
from evaluations.replay.regressions import review_facts
from evaluations.replay.wording import count, rounded, share
from evaluations.services.runs.looks import fresh_until
from evaluations.services.runs.shown import OnDataset, Shown, answer_to
from policies.governance.evidence_plans import limits_in_words, names_in_words
from policies.models import EvidencePlan


def summary_of(shown: Shown) -> str:
    """What was measured, where it comes from, what came of it, and under which conditions."""
    told = [_on_in_words(row) for row in shown.on]
    told += [
        f"Failed before on “{run.dataset.name}”, and nobody has answered that."
        for run in shown.blocking
        if all(row.run != run for row in shown.on)
    ]
    told += [
        f"{_name(run.answer.created_by)} answered a failed run: {run.answer.reason}"
        for run in shown.history
        if answer_to(run)
    ]
    return " ".join([*told, conditions_in_words(shown.plan)])


def _on_in_words(row: OnDataset) -> str:
    run, dataset = row.run, row.dataset
    if run is None or dataset is None:
        return f"{names_in_words([row.required])}: {row.reason}"
    read = f"On {count(run.requests)} sealed requests of “{dataset.name}” ({dataset.provenance})"
    said = "; ".join(filter(None, (read, _support(run.report))))
    return f"{said}: {_loosened(run.report)}{row.reason} {look_sentence(run.look)}"


def _support(report: dict[str, Any]) -> str:
    support = report["support"]
    if report["first_release"]:
        return ""
    if support["proved_alike"]:
        return "every one provably treated as before"
    clusters = rounded(support["effective_clusters"])
    moved = count(support["moved"])
    return f"{moved} treated differently (worth {clusters} independent conversations)"


def _loosened(report: dict[str, Any]) -> str:
    number = len(report["loosened"])
    if not number:
        return ""
    return f"{number} threshold{'' if number == 1 else 's'} loosened, judged by both. "


def conditions_in_words(plan: EvidencePlan) -> str:
    """The conditions of a plan, as every verdict on it names them."""
    terms = plan.terms
    return (
        f"Plan {plan.version} of {plan.environment.name}: adequate from quality "
        f"{terms.adequate_at:g}, time limits {limits_in_words(terms.timeout_ms)}, at least "
        f"{count(terms.min_moved)} requests treated differently, worth "
        f"{count(terms.min_clusters)} independent conversations, "
        f"{share(terms.sealed_share)} sealed, fresh for {terms.fresh_days} days."
    )


def _name(user: Any) -> str:
    return str(user.get_full_name() or user.get_username())


_GATE = (
    "id", "label", "class", "verdict", "reason", "estimate", "low", "high", "confidence", "limit",
    "scale",
)  # fmt: skip


def detail_of(shown: Shown) -> dict[str, Any]:
    """The same as plain JSON, with the gates of the dataset that the verdict hangs on."""
    run = shown.deciding.run
    return {
        "plan": shown.plan.version,
        **(_of_report(run.report) if run else {"gates": []}),
        "datasets": [_dataset_detail(row, shown.plan) for row in shown.on],
        "history": [_history_detail(run) for run in shown.history],
        "blocking": [run.pk for run in shown.blocking],
    }


def _of_report(report: dict[str, Any]) -> dict[str, Any]:
    return {
        "gates": [{name: gate[name] for name in _GATE} for gate in report["gates"]],
        **{name: report[name] for name in ("support", "first_release", "loosened")},
        **review_facts(report),
    }


def _dataset_detail(row: OnDataset, plan: EvidencePlan) -> dict[str, Any]:
    run, dataset = row.run, row.dataset
    until = fresh_until(run, plan) if run else None
    return {
        **row.required.as_json(),
        "verdict": row.verdict,
        "reason": row.reason,
        "evaluation": run.pk if run else None,
        "look": run.look if run else 0,
        "requests": run.requests if run else 0,
        "fresh_until": until.isoformat() if until else None,
        "imported_by": dataset.created_by.get_username() if dataset and dataset.created_by else "",
        "imported_at": dataset.created_at.isoformat() if dataset else None,
        "imported_from": dataset.imported_from if dataset else "",
        "origin": dataset.origin if dataset else "",
        "models": " ".join(said.sentence for said in row.told),
    }


def _history_detail(run: ShadowEvaluation) -> dict[str, Any]:
    answer = answer_to(run)
    said = {
        "by": answer.created_by.get_username(),
        "reason": answer.reason,
        "at": answer.created_at.isoformat(),
    } if answer else None  # fmt: skip
    return {
        "evaluation": run.pk,
        "dataset": run.dataset.name,
        "verdict": run.verdict,
        "look": run.look,
        "answer": said,
    }
