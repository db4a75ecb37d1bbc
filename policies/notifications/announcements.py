"""The one table of what is news: audit action → event → who hears of it → the sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policies.notifications.events import Event


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
    RULE_DECIDERS = "rule_deciders"


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
        "rules.proposed",
        Event.RULES_ASKED,
        (Group.RULE_DECIDERS,),
        "{actor} asks to change {subject}",
    ),
    Announcement(
        "fleet.drifted",
        Event.DRIFT,
        (Group.PUBLISHERS, Group.ADMINISTRATORS),
        "routers of {subject} do not run its release",
    ),
    Announcement(
        "fleet.drift_ended",
        Event.DRIFT_OVER,
        (Group.PUBLISHERS, Group.ADMINISTRATORS),
        "routers of {subject} run its release again",
    ),
    Announcement(
        "webhook.disabled",
        Event.WEBHOOK_DISABLED,
        (Group.WEBHOOK_MANAGERS,),
        "{subject} was switched off",
    ),
)


def announcement_of(action: str, detail: Detail) -> Announcement | None:
    """The row that an audit row is announced by, or None when it is no news."""
    rows = (row for row in ANNOUNCEMENTS if row.action == action)
    return next((row for row in rows if row.applies(detail)), None)
