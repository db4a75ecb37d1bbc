"""Who tries: each role alone, each relation to the content, and those who have no business here."""

from __future__ import annotations

from enum import StrEnum


class Actor(StrEnum):
    """Somebody at the door. Members hold one role, but where the name says two."""

    VIEWER = "viewer"
    AUTHOR = "author"
    CONTRIBUTOR = "contributor"  # an author who wrote this content
    REVIEWER = "reviewer"
    CONTRIBUTING_REVIEWER = "contributing_reviewer"  # author and reviewer; worked on it
    COPIED_REVIEWER = "copied_reviewer"  # author and reviewer; what they wrote others proposed
    OWNER = "owner"
    CONTRIBUTING_OWNER = "contributing_owner"  # author and owner; worked on it
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    OUTSIDER = "outsider"  # has an account and no team
    SUPERUSER = "superuser"  # runs the installation; no role in the team
    INACTIVE = "inactive"  # holds every role and may not sign in any more
    SIGNED_OUT = "signed_out"


A = Actor
EVERYBODY = frozenset(Actor)
ABSENT = frozenset({A.INACTIVE, A.SIGNED_OUT})
PRESENT = EVERYBODY - ABSENT
CONTRIBUTORS = frozenset({A.CONTRIBUTOR, A.CONTRIBUTING_REVIEWER, A.CONTRIBUTING_OWNER})
BARRED = CONTRIBUTORS | {A.COPIED_REVIEWER}  # by four eyes
WRITERS = BARRED | {A.AUTHOR}
REVIEWERS = frozenset(
    {A.REVIEWER, A.OWNER, A.CONTRIBUTING_REVIEWER, A.COPIED_REVIEWER, A.CONTRIBUTING_OWNER}
)
OWNERS = frozenset({A.OWNER, A.CONTRIBUTING_OWNER})
EVALUATORS = WRITERS | REVIEWERS
SPEAKERS = EVALUATORS | {A.OPERATOR, A.ADMINISTRATOR}
MEMBERS = SPEAKERS | {A.VIEWER}
GUARDIANS = frozenset({A.OPERATOR, A.ADMINISTRATOR})
