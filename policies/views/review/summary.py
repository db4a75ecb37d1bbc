"""The top of the review page: the verdict, and the five questions of whoever has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.governance.impact_facts import ImpactFacts
from policies.governance.refusals import Reason
from policies.governance.transitions import State
from policies.models import ChangeRequest
from policies.services.review import checks, guards, protection, standings
from policies.services.review.quorum import Candidate
from policies.wording.numbers import money, number, percent

NOT_MEASURED = "The blast radius is not measured yet"


@dataclass(frozen=True)
class Answer:
    """One question, its short answer, what is to be said besides, and where the whole of it is."""

    question: str
    text: str
    more: tuple[str, ...]
    href: str
    verdict: str = ""


@dataclass(frozen=True)
class Summary:
    """`verdict` is one of the marks of the `verdict` tag; `headline` its word."""

    verdict: str
    headline: str
    sentence: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Counted:
    """How many sentences tell the change of one component, and how many of them loosen."""

    label: str
    sentences: int
    loosened: int
    is_new: bool


def summarise(
    change: ChangeRequest,
    situation: guards.Situation,
    facts: ImpactFacts | None,
    counted: Sequence[Counted],
    awaited: Sequence[str],
) -> Summary:
    """`awaited` names who has to say yes, in words."""
    verdict, headline, sentence = _verdict(change, situation)
    answers = (
        _what(change, counted),
        _for_whom(change, facts),
        _cost(facts),
        _risk(situation, facts),
        _who(change.is_open or situation.debt is not None, situation.standing, awaited),
    )
    return Summary(verdict, headline, sentence, answers)


def _verdict(change: ChangeRequest, situation: guards.Situation) -> tuple[str, str, str]:
    standing, failing = situation.standing, _failing(situation.states)
    counted = _counted(situation.states, standing)
    if not change.is_open and situation.debt is not None:
        owed = len(standing.approvals), standing.required
        sentence = f"The review is owed: {owed[0]} of {owed[1]} approvals given."
        return "fail", "Published without its reviews", sentence
    if not change.is_open:
        return _closed(change)
    if standing.objections:
        names = ", ".join(_name(review.reviewer) for review in standing.objections)
        return "fail", "Changes are asked for", f"{names} objects. {counted}"
    if failing:
        named = ", ".join(state.label.lower() for state in failing)
        words = "Not ready to submit" if change.state == State.DRAFT else "Not ready to approve"
        worst = "fail" if any(state.verdict == "fail" for state in failing) else "inconclusive"
        return worst, words, f"Not passed: {named}. {counted}"
    if change.state == State.DRAFT:
        return "pass", "Ready to submit", counted
    if change.state == State.IN_REVIEW:
        return "pass", "Ready to approve", counted
    if change.state == State.APPROVED:
        return _approved(change, situation.still_needed, counted)
    return "inconclusive", State(change.state).label, counted


def _approved(
    change: ChangeRequest, needed: Sequence[Reason], counted: str
) -> tuple[str, str, str]:
    if needed:
        return "inconclusive", "Approved, but it cannot go out yet", needed[0].sentence
    if change.publish_at is not None and protection.is_waiting(change):
        when = protection.moment_in_words(change.publish_at)
        return "pass", "Approved", f"It publishes itself on {when}. {counted}"
    return "pass", "Ready to publish", counted


def _closed(change: ChangeRequest) -> tuple[str, str, str]:
    words = {
        State.PUBLISHED: ("pass", "Published", "Routers of this environment use it."),
        State.SUPERSEDED: ("missing", "Superseded", "A later release took its place."),
        State.REJECTED: ("fail", "Rejected", "It was closed for good."),
        State.WITHDRAWN: ("missing", "Withdrawn", "Its authors took it back."),
    }
    return words[State(change.state)]


def _failing(states: Sequence[checks.CheckState]) -> list[checks.CheckState]:
    return [state for state in states if not state.passes]


def _counted(states: Sequence[checks.CheckState], standing: standings.Standing) -> str:
    passed, all_ = len(states) - len(_failing(states)), len(states)
    many = f"All {all_} checks pass" if passed == all_ else f"{passed} of {all_} checks pass"
    given = min(len(standing.approvals), standing.required)
    return f"{many}; {given} of {standing.required} approvals given."


def _what(change: ChangeRequest, counted: Sequence[Counted]) -> Answer:
    question = "What changes"
    if not counted:
        same = change.base_release and change.base_release.bundle_id == change.bundle_id
        text = "Nothing: the content is in force already" if same else "Only the catalogue"
        return Answer(question, text, (), "#what-title")
    if all(entry.is_new for entry in counted):
        return Answer(question, "Everything: the first release here", (), "#what-title")
    total = sum(entry.sentences for entry in counted)
    noun = "change" if total == 1 else "changes"
    components = "component" if len(counted) == 1 else "components"
    more = [f"{entry.label}: {entry.sentences}" for entry in counted]
    loosened = sum(entry.loosened for entry in counted)
    if loosened:
        more.append(
            f"{loosened} asks for less than before"
            if loosened == 1
            else f"{loosened} ask for less than before"
        )
    return Answer(
        question, f"{total} {noun} in {len(counted)} {components}", tuple(more), "#what-title"
    )


def _for_whom(change: ChangeRequest, facts: ImpactFacts | None) -> Answer:
    question, href = "For whom", "#impact-title"
    if facts is None:
        return Answer(question, NOT_MEASURED, (), href, "missing")
    if not facts.looked_at:
        return Answer(question, "No recorded requests to look at", (), href, "missing")
    if facts.is_first_release:
        return Answer(question, f"Every one of {number(facts.looked_at)} requests", (), href)
    if facts.affected is None:
        unmet = tuple(facts.unreached[:3])
        return Answer(question, "Unmeasured: no request reaches it", unmet, href, "missing")
    if not facts.affected:
        return Answer(question, f"None of {number(facts.looked_at)} requests", (), href)
    text = f"{percent(facts.affected)} of {number(facts.looked_at)} requests"
    labels = _class_labels(change)
    hit = sorted(
        ((affected / requests, key) for key, requests, affected in facts.by_class if affected),
        reverse=True,
    )
    more = [f"{percent(share, 0)} of class {labels.get(key, key)}" for share, key in hit[:3]]
    return Answer(question, text, tuple(more), href)


def _class_labels(change: ChangeRequest) -> dict[str, str]:
    """Labels of today's classes, and of those that are new."""
    base = change.base_release.bundle.content if change.base_release else {}
    return {
        entry["key"]: entry.get("label") or entry["key"]
        for content in (change.bundle.content, base)
        for entry in content.get("request_classification", {}).get("classes", ())
    }


def _cost(facts: ImpactFacts | None) -> Answer:
    question, href = "What it costs", "#impact-title"
    if facts is None:
        return Answer(question, "Not measured yet", (), href, "missing")
    if facts.cost_change is None:
        text = "Nothing to compare with" if facts.is_first_release else "Not known"
        return Answer(question, text, (), href)
    if not facts.cost_change:
        return Answer(question, "The same per request", (), href)
    words = "more" if facts.cost_change > 0 else "less"
    usd = facts.cost_change_usd
    more = () if usd is None else (f"{money(usd * 1000)} per 1,000 requests",)
    return Answer(question, f"{percent(abs(facts.cost_change))} {words} per request", more, href)


def _risk(situation: guards.Situation, facts: ImpactFacts | None) -> Answer:
    standing = situation.standing
    more: list[str] = []
    if facts is not None:
        more += [f"New provider: {name}" for name in facts.new_providers]
        if facts.residency_changed:
            more.append(f"{percent(facts.residency_changed)} of requests in other regions")
        more += [f"Loosened: {sentence}" for sentence in facts.loosened[:2]]
    applying = standing.quorum.applying
    if applying:
        noun = "rule on risk applies" if len(applying) == 1 else "rules on risk apply"
        more.append(f"{len(applying)} {noun}")
    acknowledged = len(situation.change.acknowledged)
    if acknowledged:
        noun = "warning" if acknowledged == 1 else "warnings"
        more.append(f"{acknowledged} {noun} acknowledged by name")
    href = "#risk-title" if standing.quorum.risks else "#impact-title"
    gate = next((s for s in situation.states if s.kind == "shadow_evaluation"), None)
    if gate is None:
        text = "More than usual" if more else "Nothing stands out"
        return Answer("What it risks", text, tuple(more), href)
    is_first = situation.change.base_release is None
    words = {
        "pass": "Its own limits hold; nothing to compare with"
        if is_first
        else "Its gates on quality hold",
        "fail": "A gate on quality fails",
        "inconclusive": "Its gates cannot tell yet",
    }
    text = words.get(gate.verdict, "Not evaluated yet")
    return Answer("What it risks", text, tuple(more), href, gate.verdict)


def _who(is_asked: bool, standing: standings.Standing, awaited: Sequence[str]) -> Answer:
    question, href = "Who must still say yes", "#needed-title"
    if not is_asked:
        return Answer(question, "Nobody", (), href)
    if standing.is_enough:
        return Answer(question, "Nobody: all have approved", (), href)
    short = standing.required - len(standing.approvals)
    if short <= 0:
        return Answer(question, "Those named here", tuple(awaited), href)
    noun = "person" if short == 1 else "people"
    return Answer(question, f"{short} more {noun}", tuple(awaited), href)


def awaited_names(
    standing: standings.Standing, people: Sequence[Candidate], required: dict[int, str]
) -> list[str]:
    """Owners by name first, then who else could give what is missing."""
    if standing.is_enough:
        return []
    musts = [
        f"{_name(one.user)}, {required[one.user.pk]}" for one in people if one.user.pk in required
    ]
    musts += [
        asked.words[0].upper() + asked.words[1:]
        for asked in standing.owners_short
        if len(asked.people) != 1
    ]
    musts += [f"{_name(review.reviewer)}, who objects" for review in standing.objections]
    others = [_name(one.user) for one in people if one.user.pk not in required]
    short = standing.required - len(standing.approvals) - len(musts)
    for asked in standing.roles_short:
        holders = [one for one in people if one.user.pk in required and asked.role in one.roles]
        if len(holders) < asked.missing:
            musts.append(asked.sentence)
    if short > 0 and others:
        musts.append(f"{short} of {', '.join(others[:4])}" if len(others) > 1 else others[0])
    elif short > 0:
        musts.append("Nobody else may: add a reviewer to the team, then propose it anew")
    return musts


def _name(user: object) -> str:
    full = getattr(user, "get_full_name", None)
    return str((full() if callable(full) else "") or user)
