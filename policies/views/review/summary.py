"""The top of the review page: the questions of whoever has to decide, and their short answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.governance.impact_facts import ImpactFacts
from policies.models import Bundle, ChangeRequest
from policies.services.review import guards, standings
from policies.services.review.quorum import Candidate
from policies.views.review.headline import name_of
from policies.wording.numbers import number, percent

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
class Counted:
    """How many sentences tell the change of one component, and how many of them loosen."""

    label: str
    sentences: int
    loosened: int
    is_new: bool


def answers(
    change: ChangeRequest,
    situation: guards.Situation,
    facts: ImpactFacts | None,
    counted: Sequence[Counted],
    awaited: Sequence[str],
    quality_worse: str,
) -> tuple[Answer, ...]:
    """`awaited` names who has to approve, in words; `quality_worse` says where quality does."""
    return (
        _what(change, counted),
        _for_whom(change, facts),
        _risk(situation, facts, quality_worse),
        _who(change.is_open or situation.debt is not None, situation.standing, awaited),
    )


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
    base = change.base_release.bundle if change.base_release else None
    labels = class_labels(change.bundle, base)
    hit = sorted(
        ((affected / requests, key) for key, requests, affected in facts.by_class if affected),
        reverse=True,
    )
    more = [f"{percent(share, 0)} of class {labels.get(key, key)}" for share, key in hit[:3]]
    return Answer(question, text, tuple(more), href)


def class_labels(candidate: Bundle, base: Bundle | None) -> Mapping[str, str]:
    """Labels of today's classes, and of those that are new."""
    return {
        entry["key"]: entry.get("label") or entry["key"]
        for content in (candidate.content, base.content if base else {})
        for entry in content.get("request_classification", {}).get("classes", ())
    }


def _risk(situation: guards.Situation, facts: ImpactFacts | None, quality_worse: str) -> Answer:
    standing = situation.standing
    more: list[str] = []
    if facts is not None:
        more += [f"New provider: {name}" for name in facts.new_providers]
        if facts.residency_changed:
            more.append(f"{percent(facts.residency_changed)} of requests in other regions")
        more += [f"Loosened: {sentence}" for sentence in facts.loosened[:2]]
    applying = standing.quorum.applying
    if applying:
        noun = "risk rule" if len(applying) == 1 else "risk rules"
        more.append(f"{len(applying)} {noun} triggered")
    acknowledged = len(situation.change.acknowledged)
    if acknowledged:
        noun = "warning" if acknowledged == 1 else "warnings"
        more.append(f"{acknowledged} {noun} acknowledged by name")
    href = "#risk-title" if standing.quorum.risks else "#impact-title"
    gate = next((s for s in situation.states if s.kind == "shadow_evaluation"), None)
    if gate is None:
        text = "More than usual" if more else "Nothing stands out"
        return Answer("What it risks", text, tuple(more), href)
    words = {
        "pass": "Gates pass",
        "fail": "A gate fails",
        "inconclusive": "Gates are inconclusive",
    }
    text, verdict = words.get(gate.verdict, "Not evaluated yet"), gate.verdict
    if verdict == "pass" and situation.change.base_release is None:
        text = "Gates pass, with nothing to compare with"
    if verdict == "pass" and quality_worse:
        text, verdict = f"Gates pass, but {quality_worse}", "warning"
    return Answer("What it risks", text, tuple(more), href, verdict)


def _who(is_asked: bool, standing: standings.Standing, awaited: Sequence[str]) -> Answer:
    question, href = "Required approvals", "#needed-title"
    if not is_asked:
        given = f"{len(standing.approvals)} of {standing.required} given"
        return Answer(question, given, (), href)
    if standing.is_enough:
        return Answer(question, "All given", (), href)
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
        f"{name_of(one.user)}, {required[one.user.pk]}" for one in people if one.user.pk in required
    ]
    musts += [
        asked.words[0].upper() + asked.words[1:]
        for asked in standing.owners_short
        if len(asked.people) != 1
    ]
    musts += [
        f"{name_of(review.reviewer)}, who requested changes" for review in standing.objections
    ]
    others = [name_of(one.user) for one in people if one.user.pk not in required]
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
