"""The one table of how a change request may move, read by guards, buttons and tests alike."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a change request stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


OPEN_STATES = (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED, State.APPROVED)
EDITABLE_STATES = OPEN_STATES
LIVED_STATES = (State.PUBLISHED, State.SUPERSEDED)


@dataclass(frozen=True)
class Transition:
    """One thing a person may do to a change request.

    `lands_in` is None where the action does not by itself decide the next state (an approval
    moves on only when the quorum is reached; a comment never does).
    """

    action: str
    label: str
    sources: tuple[State, ...]
    lands_in: State | None
    capability: str


TRANSITIONS: dict[str, Transition] = {
    transition.action: transition
    for transition in (
        Transition("edit", "Edit", EDITABLE_STATES, None, "propose"),
        Transition(
            "submit",
            "Submit for review",
            (State.DRAFT, State.CHANGES_REQUESTED),
            State.IN_REVIEW,
            "propose",
        ),
        Transition("rebase", "Rebase", OPEN_STATES, None, "propose"),
        Transition("schedule", "Schedule", OPEN_STATES, None, "schedule"),
        Transition("comment", "Comment", tuple(State), None, "comment"),
        Transition("resolve_thread", "Resolve a thread", tuple(State), None, "comment"),
        Transition("reopen_thread", "Reopen a thread", tuple(State), None, "comment"),
        Transition("approve", "Approve", (State.IN_REVIEW,), None, "review"),
        Transition(
            "request_changes",
            "Request changes",
            (State.IN_REVIEW, State.APPROVED),
            State.CHANGES_REQUESTED,
            "review",
        ),
        Transition(
            "reject",
            "Reject",
            (State.IN_REVIEW, State.CHANGES_REQUESTED, State.APPROVED),
            State.REJECTED,
            "review",
        ),
        Transition(
            "take_back",
            "Take my review back",
            (State.IN_REVIEW, State.CHANGES_REQUESTED, State.APPROVED),
            None,
            "review",
        ),
        Transition("withdraw", "Withdraw", OPEN_STATES, State.WITHDRAWN, "propose"),
        Transition("publish", "Publish", (State.APPROVED,), State.PUBLISHED, "publish"),
        Transition("break_glass", "Break the glass", OPEN_STATES, State.PUBLISHED, "break_glass"),
        Transition("approve_afterwards", "Approve afterwards", LIVED_STATES, None, "review"),
        Transition("close_debt", "Close the review debt", LIVED_STATES, None, "close_debt"),
    )
}
