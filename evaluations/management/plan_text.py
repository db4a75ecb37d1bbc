"""A plan as lines for a terminal or a pipeline's log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from evaluations.services.impact.plan import MeasuredPlan
from policies.governance.static_checks import Finding
from policies.services.as_code.planning import Plan

WORDS = {"error": "error", "warning": "warning", "info": "note"}
SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}


def plan_lines(measured: MeasuredPlan) -> Iterator[str]:
    """The whole plan, the verdict last."""
    plan = measured.plan
    base = f"release {plan.base.number}" if plan.base else "nothing in force"
    yield f"{plan.workflow.slug} → {plan.environment.name}, compared with {base}"
    for note in plan.notes:
        yield f"Note: {note}"
    yield from _changes(plan)
    yield from _problems(plan)
    yield from _findings(plan)
    yield ""
    # Word joiners keep a sign beside its number on pages; terminals show them as boxes.
    yield "Blast radius: " + measured.impact_sentence.replace("\u2060", "")
    yield ""
    yield _verdict(plan)


def _changes(plan: Plan) -> Iterator[str]:
    for kind, entries in groupby(plan.changes, key=lambda entry: entry.kind):
        yield ""
        yield kind.replace("_", " ").capitalize()
        for entry in entries:
            loosened = " (loosened)" if entry.change.loosens else ""
            place = f"  [{entry.place}]" if entry.place else ""
            sign = SIGNS.get(entry.change.kind, "~")
            yield f"  {sign} {entry.change.sentence}{loosened}{place}"


def _problems(plan: Plan) -> Iterator[str]:
    if plan.problems:
        yield ""
        yield "To mend"
        for problem in plan.problems:
            yield f"  ✗ {problem.pointer or '(top)'}: {problem.message}"


def _findings(plan: Plan) -> Iterator[str]:
    """Errors and warnings, and of the notes those that this plan brings with it."""
    if not plan.findings:
        return
    told = [finding for finding in plan.findings if _is_told(finding, plan)]
    yield ""
    yield "Analysis"
    for finding in told:
        new = "new " if plan.base and finding.name not in plan.known else ""
        yield f"  {new}{WORDS[finding.severity]}: {finding.sentence}"
        yield f"      name {finding.name}"
        if finding.witness:
            yield f"      try  {json.dumps(finding.witness, ensure_ascii=False, sort_keys=True)}"
    passed_over = len(plan.findings) - len(told)
    if passed_over:
        yield f"  {_count(passed_over, 'note')} as before."


def _is_told(finding: Finding, plan: Plan) -> bool:
    return finding.severity != "info" or finding.name not in plan.known


def _verdict(plan: Plan) -> str:
    errors = len(plan.problems) + sum(finding.is_error for finding in plan.findings)
    warnings = sum(finding.is_warning for finding in plan.findings)
    if errors:
        return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}: cannot be published so."
    if plan.is_unchanged:
        return "Nothing changes."
    changed = _count(len(plan.changes), "change") if plan.base else "A first release"
    return f"{changed}, no errors, {_count(warnings, 'warning')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
