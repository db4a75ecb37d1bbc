"""The governance matrix, stated by hand: who may do what to a change request, and when.

`permissions` and `transitions` in `policies/governance/` are what the product goes by. This table
says what was asked of it, without looking there; the tests hold one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.governance.actors import (
    BARRED,
    CONTRIBUTORS,
    EVERYBODY,
    GUARDIANS,
    OWNERS,
    REVIEWERS,
    SPEAKERS,
    WRITERS,
    A,
    Actor,
)

STATES = (
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "published",
    "superseded",
    "rejected",
    "withdrawn",
)
OPEN = frozenset(STATES[:4])
LIVED = frozenset({"published", "superseded"})
ENVIRONMENTS = ("staging", "production")


class Circumstance(StrEnum):
    """What else may be so where an action is tried."""

    ORDINARY = ""
    FROZEN = "while frozen"
    DEMANDED = "where a password is demanded"
    ENTERED = "with a password just entered"
    FROZEN_AND_ENTERED = "while frozen, with a password just entered"
    THREADS = "where open threads hold back"


FROZEN = frozenset({Circumstance.FROZEN, Circumstance.FROZEN_AND_ENTERED})
ENTERED = frozenset({Circumstance.ENTERED, Circumstance.FROZEN_AND_ENTERED})
DEMANDED = frozenset({Circumstance.DEMANDED, Circumstance.ENTERED})


class Freeze(StrEnum):
    """What a freeze of publication is to an action."""

    NOTHING = "is nothing to it"
    STOPS = "stops it"
    STOPS_AT_LAST = "stops it, and tells so those who have nothing else against them"
    CALLS_FOR = "makes it needed where it was not"


@dataclass(frozen=True)
class Rule:
    """Who may, in which states, and what else stands in the way there.

    `hindered` names the further obstacle of somebody who has the role, in a state where the
    action exists: by actor, by state, or by both. `at_last` is what only those are told who have
    nothing else against them. In the states `foretold`, where the action is not there yet, all
    that will stand in its way is named already.

    `freeze` is what a freeze does, where somebody may think that it does anything; `password`
    says that the action needs one where the environment demands it, entered just before, and
    `always_password` that it needs one everywhere. `where_threads_hold_back` says who alone may
    there, where that makes a difference.
    """

    who: frozenset[Actor]
    states: frozenset[str]
    four_eyes: bool = False
    hindered: tuple[tuple[frozenset[Actor], frozenset[str], str], ...] = ()
    at_last: str = ""
    foretold: frozenset[str] = frozenset()
    freeze: Freeze | None = None
    password: bool = False
    always_password: bool = False
    where_threads_hold_back: frozenset[Actor] = frozenset()

    def obstacles(
        self, actor: Actor, state: str, circumstance: Circumstance = Circumstance.ORDINARY
    ) -> frozenset[str]:
        """Codes that a refusal must name; none when it must be allowed."""
        found = set()
        if actor not in self.who:
            found.add("role")
        if state not in self.states:
            found.add("state")
        if state not in self.states | self.foretold:
            return frozenset(found)
        found |= self._further(actor, state, circumstance)
        if not found:
            found |= self._at_last(circumstance)
        return frozenset(found)

    def _further(self, actor: Actor, state: str, circumstance: Circumstance) -> set[str]:
        is_frozen = circumstance in FROZEN
        found = {
            code
            for actors, states, code in self.hindered
            if actor in actors and state in states
            if not (is_frozen and self.freeze == Freeze.CALLS_FOR and code == "not_needed")
        }
        if self.four_eyes and actor in BARRED:
            found.add("four_eyes")
        if circumstance == Circumstance.THREADS:
            found |= {"four_eyes"} if actor in self.who - self.where_threads_hold_back else set()
        if is_frozen and self.freeze == Freeze.STOPS:
            found.add("frozen")
        if self.always_password or (self.password and circumstance in DEMANDED):
            found.add("re_authentication")  # but in the browser where it was entered
        return found

    def _at_last(self, circumstance: Circumstance) -> set[str]:
        is_frozen = circumstance in FROZEN
        stops = is_frozen and self.freeze == Freeze.STOPS_AT_LAST
        return {self.at_last} - {""} | ({"frozen"} if stops else set())

    def concerned_by(self, circumstance: Circumstance) -> frozenset[str]:
        """The states in which a circumstance besides the ordinary one could matter to it."""
        is_concerned = {
            Circumstance.FROZEN: self.freeze is not None,
            Circumstance.DEMANDED: self.password,
            Circumstance.ENTERED: self.password or self.always_password,
            Circumstance.FROZEN_AND_ENTERED: self.always_password,
            Circumstance.THREADS: bool(self.where_threads_hold_back),
        }[circumstance]
        if is_concerned and circumstance == Circumstance.THREADS:
            return OPEN  # stricter rules do not reach what is closed
        return self.states | self.foretold if is_concerned else frozenset()


ALL = frozenset(STATES)
# Whose word stands in the world of these tests, by state.
SPOKE = (
    (EVERYBODY - {A.REVIEWER}, frozenset({"in_review", "changes_requested"}), "review"),
    (EVERYBODY - {A.REVIEWER, A.OWNER}, frozenset({"approved"}), "review"),
)

CHANGE_ACTIONS: dict[str, Rule] = {
    "update_content": Rule(WRITERS, OPEN),
    "describe": Rule(WRITERS, OPEN),
    "acknowledge": Rule(WRITERS, OPEN),
    "rebase": Rule(WRITERS, OPEN),
    "merge": Rule(WRITERS, OPEN, at_last="base"),
    "submit": Rule(WRITERS, frozenset({"draft", "changes_requested"})),
    "withdraw": Rule(WRITERS, OPEN, hindered=((EVERYBODY - CONTRIBUTORS, OPEN, "role"),)),
    "schedule": Rule(WRITERS | {A.OPERATOR}, OPEN, freeze=Freeze.STOPS_AT_LAST),
    "comment": Rule(SPEAKERS, ALL),
    "resolve_thread": Rule(
        SPEAKERS,
        ALL,
        # Begun by the contributing reviewer.
        where_threads_hold_back=frozenset({A.REVIEWER, A.OWNER, A.CONTRIBUTING_REVIEWER}),
    ),
    "reopen_thread": Rule(SPEAKERS, ALL),
    "approve": Rule(
        REVIEWERS,
        frozenset({"in_review"}),
        four_eyes=True,
        freeze=Freeze.NOTHING,
        password=True,
    ),
    "request_changes": Rule(REVIEWERS, frozenset({"in_review", "approved"}), four_eyes=True),
    "reject": Rule(
        REVIEWERS, frozenset({"in_review", "changes_requested", "approved"}), four_eyes=True
    ),
    "take_back": Rule(
        REVIEWERS, frozenset({"in_review", "changes_requested", "approved"}), hindered=SPOKE
    ),
    "publish": Rule(
        frozenset({A.OPERATOR}),
        frozenset({"approved"}),
        foretold=OPEN,
        freeze=Freeze.STOPS,
        password=True,
    ),
    "break_glass": Rule(
        GUARDIANS,
        OPEN,
        hindered=((EVERYBODY, frozenset({"approved"}), "not_needed"),),
        four_eyes=True,
        freeze=Freeze.CALLS_FOR,
        always_password=True,
    ),
    "approve_afterwards": Rule(REVIEWERS, LIVED, four_eyes=True, password=True),
    "close_debt": Rule(
        OWNERS,
        LIVED,
        four_eyes=True,
        hindered=((EVERYBODY, frozenset({"published"}), "active"),),
    ),
}
# What the product's own table calls these.
AS_TRANSITION = dict.fromkeys(("update_content", "describe", "acknowledge"), "edit") | {
    "merge": "rebase"
}
