"""The headline of the review page: where the change request stands, and what that hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.fleet.wording import Spread
from policies.governance.refusals import Reason
from policies.governance.transitions import State
from policies.models import ChangeRequest
from policies.services.review import checks, guards, protection, standings


@dataclass(frozen=True)
class Headline:
    """`verdict` is one of the marks of the `verdict` tag; `words` its word."""

    verdict: str
    words: str
    sentence: str


def headline_of(
    change: ChangeRequest,
    situation: guards.Situation,
    worse: str,
    unfit: Sequence[Reason],
    spread: Spread | None,
) -> Headline:
    """`worse` says what gets worse, or nothing; `unfit` is what has to be fixed before submission;
    `spread` is that of the release in force that was made of this.
    """
    if not change.is_open:
        return _closed(change, situation, spread)
    found = _open(change, situation, unfit)
    if worse and found.verdict == "pass":
        return Headline("warning", f"{found.words}, but {worse}", found.sentence)
    return found


def _open(change: ChangeRequest, situation: guards.Situation, unfit: Sequence[Reason]) -> Headline:
    standing, failing = situation.standing, failing_of(situation.states)
    counted = _counted(situation.states, standing)
    if standing.objections:
        names = ", ".join(name_of(review.reviewer) for review in standing.objections)
        return Headline("fail", "Changes are requested", f"By {names}. {counted}")
    if failing:
        return _failing(change, failing, unfit, counted)
    if change.state == State.DRAFT:
        return Headline("pass", "Ready to submit", counted)
    if change.state == State.IN_REVIEW:
        return Headline("pass", "Ready to approve", counted)
    if change.state == State.APPROVED:
        return _approved(change, situation.still_needed, counted)
    return Headline("inconclusive", State(change.state).label, counted)


def _failing(
    change: ChangeRequest,
    failing: Sequence[checks.CheckState],
    unfit: Sequence[Reason],
    counted: str,
) -> Headline:
    """A draft can be submitted while checks are missing that only an approval needs."""
    named = ", ".join(state.label.lower() for state in failing)
    worst = "fail" if any(state.verdict == "fail" for state in failing) else "inconclusive"
    if change.state != State.DRAFT:
        return Headline(worst, "Not ready to approve", f"Not passed: {named}. {counted}")
    if unfit:
        return Headline(worst, "Not ready to submit", f"Not passed: {named}. {counted}")
    words = "Can be submitted, but not approved yet"
    return Headline(worst, words, f"Approval also needs: {named}. {counted}")


def _approved(change: ChangeRequest, needed: Sequence[Reason], counted: str) -> Headline:
    if needed:
        words = "Approved, but it cannot be published yet"
        return Headline("inconclusive", words, needed[0].sentence)
    if change.publish_at is not None and protection.is_waiting(change):
        when = protection.moment_in_words(change.publish_at)
        return Headline("pass", "Approved", f"It publishes itself on {when}. {counted}")
    return Headline("pass", "Ready to publish", counted)


def _closed(change: ChangeRequest, situation: guards.Situation, spread: Spread | None) -> Headline:
    if situation.debt is not None:
        sentence = f"The review is owed: {_given(situation.standing)}."
        if spread is not None:
            sentence = f"{sentence} {spread.sentence}"
        return Headline("fail", "Published without its reviews", sentence)
    if change.state == State.PUBLISHED and spread is not None:
        return Headline("pass", "Published", spread.sentence)
    words = {
        State.PUBLISHED: ("pass", "Published", ""),
        State.SUPERSEDED: ("missing", "Superseded", "A later release took its place."),
        State.REJECTED: ("fail", "Rejected", "It was closed for good."),
        State.WITHDRAWN: ("missing", "Withdrawn", "Its authors took it back."),
    }
    return Headline(*words[State(change.state)])


def failing_of(states: Sequence[checks.CheckState]) -> list[checks.CheckState]:
    return [state for state in states if not state.passes]


def _counted(states: Sequence[checks.CheckState], standing: standings.Standing) -> str:
    passed, all_ = len(states) - len(failing_of(states)), len(states)
    many = f"All {all_} checks pass" if passed == all_ else f"{passed} of {all_} checks pass"
    return f"{many}; {_given(standing)}."


def _given(standing: standings.Standing) -> str:
    given, required = min(len(standing.approvals), standing.required), standing.required
    return f"{given} of {required} approval{'' if required == 1 else 's'} given"


def name_of(user: object) -> str:
    """The person's full name, else the one they sign in with."""
    full = getattr(user, "get_full_name", None)
    return str((full() if callable(full) else "") or user)
