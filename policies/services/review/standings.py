"""What approvals of a change request are bound to, which of them count, and what is missing."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from policies.engine import digest
from policies.governance.impact_facts import bound_facts
from policies.governance.refusals import Reason
from policies.models import ChangeRequest, Review
from policies.models.changes import ReviewVerdict
from policies.services.review import checks
from policies.services.review.facts import ChangeFacts
from policies.services.review.ownership import OwnerAsked, owners_asked
from policies.services.review.quorum import Quorum, RoleShort, quorum_of, roles_short


@dataclass(frozen=True)
class Standing:
    """Where the approvals of a change request stand. `lapsed` are approvals of the same subject by
    people who may not give one any more, or might not yet when it was opened.
    """

    subject_digest: str
    reviews: tuple[Review, ...]
    approvals: tuple[Review, ...]
    objections: tuple[Review, ...]
    required: int
    owners_short: tuple[OwnerAsked, ...]
    quorum: Quorum
    roles_short: tuple[RoleShort, ...]
    lapsed: tuple[Review, ...]

    @property
    def owners_missing(self) -> tuple[str, ...]:
        """Who has to approve which component and has not, in words."""
        return tuple(asked.words for asked in self.owners_short)

    @property
    def is_enough(self) -> bool:
        enough = len(self.approvals) >= self.required
        missing = self.owners_short or self.roles_short
        return enough and not missing and not self.objections


def subject_digest(change: ChangeRequest, facts: ChangeFacts | None = None) -> str:
    """Digest of all an approval is bound to: content, base, environment, schedule, words, the
    release that it repairs, acknowledged warnings, evidence and the worst impact measured.
    """
    facts = facts or ChangeFacts(change)
    subject: dict[str, Any] = {
        "bundle": change.bundle.digest,
        "base": change.base_digest,
        "environment": change.environment.name,
        "title": change.title,
        "why": change.why,
        "acknowledged": sorted(change.acknowledged),
        "evidence": {
            state.kind: state.evidence_digest
            for state in facts.states
            if state.kind in checks.EVIDENCE
        },
        "impact": bound_facts(facts.measured),
    }
    if change.repairs is not None:
        subject["repairs"] = change.repairs.number
    if change.publish_at is not None:
        subject["publish_at"] = change.publish_at.astimezone(datetime.UTC).isoformat()
    return digest(subject)


def standing_of(
    change: ChangeRequest, facts: ChangeFacts | None = None, *, subject: str | None = None
) -> Standing:
    """Approvals and objections that count for a subject, and what is still needed.

    The subject is what is there now, unless another is named: what once went out unreviewed.
    """
    facts = facts or ChangeFacts(change)
    subject = subject or subject_digest(change, facts)
    reviews = tuple(facts.standing_reviews)
    given = [
        review
        for review in reviews
        if review.verdict == ReviewVerdict.APPROVE
        and review.subject_digest == subject
        and review.reviewer_id not in facts.contributors
    ]
    approvals = tuple(review for review in given if facts.counts(review.reviewer_id))
    lapsed = tuple(review for review in given if review not in approvals)
    objections = tuple(review for review in reviews if review.verdict != ReviewVerdict.APPROVE)
    approvers = {review.reviewer_id for review in approvals}
    missing = tuple(asked for asked in owners_asked(facts) if not asked.is_met_by(approvers))
    quorum = quorum_of(facts)
    short = roles_short(quorum, facts, approvers)
    return Standing(
        subject, reviews, approvals, objections, quorum.required, missing, quorum, short, lapsed
    )


def approvals_needed(standing: Standing) -> list[Reason]:
    """What is missing of approvals, each with what would bring it."""
    reasons: list[Reason] = []
    short = standing.required - len(standing.approvals)
    if short > 0:
        noun = "approval" if short == 1 else "approvals"
        reasons.append(
            Reason(
                "approvals",
                f"{short} more {noun} of this exact content needed.{_lapsed(standing)}",
                "Ask a reviewer or owner who did not work on it.",
            )
        )
    reasons.extend(asked.reason for asked in standing.owners_short)
    reasons.extend(
        Reason(f"risk.{asked.role}", asked.sentence, "Ask one who did not work on it.")
        for asked in standing.roles_short
    )
    reasons.extend(
        Reason(
            "objection",
            f"{review.reviewer} objects: {review.reason}",
            "They may take it back or approve; else submit content that does something else. Other "
            "words do not clear it, and it outranks any number of approvals.",
        )
        for review in standing.objections
    )
    return reasons


def _lapsed(standing: Standing) -> str:
    names = [str(review.reviewer) for review in standing.lapsed]
    if not names:
        return ""
    return (
        f" Not counted: {', '.join(names)}, not an active reviewer of the team since before it was "
        "opened."
    )
