"""The one table of what is news: audit action → event → who hears of it → the sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """What people and webhooks may be told of. The values are public names."""

    REVIEW_ASKED = "change.review_asked"
    APPROVED = "change.approved"
    CHANGES_ASKED = "change.changes_asked"
    REJECTED = "change.rejected"
    APPROVALS_VOIDED = "change.approvals_voided"
    COMMENTED = "change.commented"
    SCHEDULE_FAILED = "change.schedule_failed"
    PUBLISHED = "release.published"
    ROLLED_BACK = "release.rolled_back"
    BREAK_GLASS = "release.break_glass"
    RULES_ASKED = "rules.asked"
    DRIFT = "fleet.drift"
    DRIFT_OVER = "fleet.drift_over"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_TEST = "webhook.test"


@dataclass(frozen=True)
class EventWords:
    """How an event is called, and whether it is mailed to those who chose nothing."""

    label: str
    explanation: str
    by_mail: bool = True


WORDS: dict[Event, EventWords] = {
    Event.REVIEW_ASKED: EventWords("Review requested", "A change request waits for your review."),
    Event.APPROVED: EventWords(
        "Approved", "What you worked on was approved, or waits for you to publish it."
    ),
    Event.CHANGES_ASKED: EventWords("Changes requested", "A reviewer wants something else."),
    Event.REJECTED: EventWords("Rejected", "A change request was closed for good."),
    Event.APPROVALS_VOIDED: EventWords(
        "Approvals voided", "What was approved is no longer what is proposed."
    ),
    Event.COMMENTED: EventWords(
        "Comment", "Somebody spoke in a discussion you are part of.", by_mail=False
    ),
    Event.SCHEDULE_FAILED: EventWords(
        "Scheduled publication failed", "A release did not go out at its time."
    ),
    Event.PUBLISHED: EventWords("Published", "A release went out to routers.", by_mail=False),
    Event.ROLLED_BACK: EventWords("Rolled back", "An earlier release was restored."),
    Event.BREAK_GLASS: EventWords("Break-glass", "A release went out without its reviews."),
    Event.RULES_ASKED: EventWords("Rule change proposed", "Looser rules wait for a second person."),
    Event.DRIFT: EventWords(
        "Policy drift", "Routers have been running something else than the release for a while."
    ),
    Event.DRIFT_OVER: EventWords(
        "Policy drift is over", "All routers that report run the release again.", by_mail=False
    ),
    Event.WEBHOOK_DISABLED: EventWords(
        "Webhook switched off", "A webhook failed for days and is no longer called."
    ),
    Event.WEBHOOK_TEST: EventWords("Test", "Somebody tried a webhook.", by_mail=False),
}
PEOPLE_EVENTS = tuple(event for event in Event if event is not Event.WEBHOOK_TEST)
# What a webhook may ask for: that one was switched off can be told to people only.
WEBHOOK_EVENTS = tuple(event for event in PEOPLE_EVENTS if event is not Event.WEBHOOK_DISABLED)
