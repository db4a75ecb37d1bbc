"""The verdict of a whole evaluation, and what stands between it and a pass."""

from __future__ import annotations

from collections.abc import Sequence

from evaluations.replay.chunk import Plan
from evaluations.replay.judgement import BASELINE, NOT_APPLICABLE, Gate
from evaluations.replay.recorded_models import recorded_models
from evaluations.replay.support import Supported, shortage, unreached_sentence
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS, SEVERITY, worst

NO_GATE = "The thresholds document has no threshold with the effect “gate”, so nothing is shown."
LOOSENED = "Loosened: "
FIRST_RELEASE = "First release: there is nothing to compare with"


def overall(gates: Sequence[Gate], support: Supported) -> str:
    """The worst verdict of the gates that apply; `missing` where none does. A comparison without
    enough support keeps even passed limits from being a pass.
    """
    verdicts = [gate.verdict for gate in gates if gate.verdict != NOT_APPLICABLE]
    if verdicts and not support.is_enough:
        verdicts.append(INCONCLUSIVE)
    return worst(verdicts)


def headline(
    gates: Sequence[Gate], support: Supported, loosened: Sequence[str], cause: str
) -> list[str]:
    """Sentences, the most important first."""
    if not gates:
        return [NO_GATE]
    said = [f"{LOOSENED}{sentence}" for sentence in loosened]
    if not support.compares:
        said.append(_first_release(gates))
    worrying = {v: [gate for gate in gates if gate.verdict == v] for v in SEVERITY if v != PASS}
    said += map(_told, worrying[FAIL])
    said += [cause, "" if cause else shortage(support)]
    said += [_told(gate) for gate in worrying[MISSING] if gate.reason != cause]
    said += map(_told, worrying[INCONCLUSIVE])
    if not any(worrying.values()) and support.is_enough and support.compares:
        said.append(_passed(gates, support))
    said.append(unreached_sentence(support))
    return list(dict.fromkeys(filter(None, said)))


def _first_release(gates: Sequence[Gate]) -> str:
    judged = [gate for gate in gates if gate.verdict != NOT_APPLICABLE]
    left = len(gates) - len(judged)
    if not judged:
        return (
            f"{FIRST_RELEASE}, and no gate has a limit of its own, so nothing is shown. "
            "Add a gate that holds a metric against a value."
        )
    passed = sum(gate.verdict == PASS for gate in judged)
    noun = "gate" if len(judged) == 1 else "gates"
    not_judged = f"; {left} that compare do not apply" if left else ""
    return f"{FIRST_RELEASE}. {passed} of {len(judged)} {noun} with a limit pass{not_judged}."


def _told(gate: Gate) -> str:
    whose = "By the release in force: " if gate.required_by == BASELINE else ""
    return f"{whose}{gate.reason}"


def _passed(gates: Sequence[Gate], support: Supported) -> str:
    if support.proved_alike:
        return f"All {len(gates)} gates pass: the two are proved to treat every request alike."
    noun = "The gate passes" if len(gates) == 1 else f"All {len(gates)} gates pass"
    return f"{noun}."


def no_common_models(plan: Plan) -> str:
    """Why nothing can be compared where the dataset records no model of a side; else empty."""
    sides = (("the candidate", plan.candidate), ("the baseline", plan.baseline))
    for side, bundle in sides if plan.compares else sides[:1]:
        found = recorded_models(bundle, plan.models)
        if found.is_none:
            return found.sentence(side, "the dataset")
    return ""
