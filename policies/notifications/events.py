"""The one table of what is news: audit action → event → who hears of it → the sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_TEST = "webhook.test"


@dataclass(frozen=True)
class EventWords:
    """How an event is called, and whether it is mailed to those who chose nothing."""

    label: str
    explanation: str
    by_mail: bool = True


WORDS: dict[Event, EventWords] = {
    Event.REVIEW_ASKED: EventWords("Review asked", "A change request waits for your review."),
    Event.APPROVED: EventWords(
        "Approved", "What you worked on was approved, or waits for you to publish it."
    ),
    Event.CHANGES_ASKED: EventWords("Changes asked", "A reviewer wants something else."),
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
    Event.WEBHOOK_DISABLED: EventWords(
        "Webhook switched off", "A webhook failed for days and is no longer called."
    ),
    Event.WEBHOOK_TEST: EventWords("Test", "Somebody tried a webhook.", by_mail=False),
}
PEOPLE_EVENTS = tuple(event for event in Event if event is not Event.WEBHOOK_TEST)
# What a webhook may ask for: that one was switched off can be told to people only.
WEBHOOK_EVENTS = tuple(event for event in PEOPLE_EVENTS if event is not Event.WEBHOOK_DISABLED)


class Group(StrEnum):
    """People who stand in one relation to what happened."""

    COMPONENT_OWNERS = "component_owners"
    OWNERS_ASKED = "owners_asked"
    REVIEWERS_ASKED = "reviewers_asked"
    CONTRIBUTORS = "contributors"
    VOIDED_APPROVERS = "voided_approvers"
    REVIEWERS_HEARD = "reviewers_heard"
    COMMENTERS = "commenters"
    PUBLISHERS = "publishers"
    ADMINISTRATORS = "administrators"
    WEBHOOK_MANAGERS = "webhook_managers"


Detail = Mapping[str, Any]


def _always(detail: Detail) -> bool:
    return True


def _says(key: str, value: object = True) -> Callable[[Detail], bool]:
    return lambda detail: detail.get(key) == value


def _names(key: str) -> Callable[[Detail], bool]:
    return lambda detail: bool(detail.get(key))


@dataclass(frozen=True)
class Announcement:
    """One row of the table. In the sentence, `{actor}` acts on `{subject}`.

    `applies` looks at the audit row's detail; `note_key` names the part of it that is quoted.
    """

    action: str
    event: Event
    audience: tuple[Group, ...]
    sentence: str
    applies: Callable[[Detail], bool] = _always
    note_key: str = "reason"


_ALL_CONCERNED = (
    Group.CONTRIBUTORS,
    Group.REVIEWERS_HEARD,
    Group.COMPONENT_OWNERS,
    Group.PUBLISHERS,
)
# The first row that applies to an audit row is the one that is announced.
ANNOUNCEMENTS: tuple[Announcement, ...] = (
    Announcement(
        "change.submit",
        Event.REVIEW_ASKED,
        (Group.OWNERS_ASKED, Group.REVIEWERS_ASKED),
        "{actor} asks for a review of {subject}",
    ),
    Announcement(
        "review.approve",
        Event.APPROVED,
        (Group.CONTRIBUTORS, Group.PUBLISHERS),
        "{actor} approved {subject}, so it can be published",
        _says("is_enough"),
    ),
    Announcement(
        "review.approve",
        Event.APPROVED,
        (Group.CONTRIBUTORS,),
        "{actor} approved {subject}",
    ),
    Announcement(
        "review.request_changes",
        Event.CHANGES_ASKED,
        (Group.CONTRIBUTORS,),
        "{actor} asks for changes to {subject}",
    ),
    Announcement(
        "review.reject",
        Event.REJECTED,
        (Group.CONTRIBUTORS, Group.REVIEWERS_HEARD),
        "{actor} rejected {subject}",
    ),
    Announcement(
        "change.reviews_voided",
        Event.APPROVALS_VOIDED,
        (Group.VOIDED_APPROVERS, Group.CONTRIBUTORS),
        "{actor} voided approvals of {subject}",
        _names("approvers"),
        "because",
    ),
    Announcement(
        "change.settled",
        Event.APPROVED,
        (Group.CONTRIBUTORS, Group.PUBLISHERS),
        "{subject} counts as approved, so it can be published",
        _says("to", "approved"),
        "because",
    ),
    Announcement(
        "change.settled",
        Event.REVIEW_ASKED,
        (Group.OWNERS_ASKED, Group.REVIEWERS_ASKED),
        "{subject} needs more approvals",
        _says("to", "in_review"),
        "because",
    ),
    Announcement(
        "change.commented",
        Event.COMMENTED,
        (Group.CONTRIBUTORS, Group.REVIEWERS_HEARD, Group.COMMENTERS),
        "{actor} commented on {subject}",
        note_key="body",
    ),
    Announcement(
        "change.schedule_failed",
        Event.SCHEDULE_FAILED,
        (Group.CONTRIBUTORS, Group.PUBLISHERS),
        "{subject} was not published at its time",
    ),
    Announcement(
        "release.publication", Event.PUBLISHED, _ALL_CONCERNED, "{actor} published {subject}"
    ),
    Announcement(
        "release.rollback",
        Event.ROLLED_BACK,
        (*_ALL_CONCERNED, Group.ADMINISTRATORS),
        "{actor} rolled back with {subject}",
    ),
    Announcement(
        "release.break_glass",
        Event.BREAK_GLASS,
        (Group.COMPONENT_OWNERS, Group.REVIEWERS_ASKED, Group.PUBLISHERS, Group.ADMINISTRATORS),
        "{actor} broke the glass: {subject} went out without its reviews",
    ),
    Announcement(
        "webhook.disabled",
        Event.WEBHOOK_DISABLED,
        (Group.WEBHOOK_MANAGERS,),
        "{subject} was switched off",
    ),
)
ANNOUNCED_ACTIONS = frozenset(row.action for row in ANNOUNCEMENTS)


def announcement_of(action: str, detail: Detail) -> Announcement | None:
    """The row that an audit row is announced by, or None when it is no news."""
    rows = (row for row in ANNOUNCEMENTS if row.action == action)
    return next((row for row in rows if row.applies(detail)), None)
