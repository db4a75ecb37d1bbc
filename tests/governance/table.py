"""The governance matrix, stated by hand: who may do what to a change request, and when.

`policies.permissions` and `policies.transitions` are what the product goes by. This table says
what was asked of it, without looking there; the tests hold one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.governance.actors import (
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


@dataclass(frozen=True)
class Rule:
    """Who may, in which states, and what else stands in the way there.

    `hindered` names the further obstacle of somebody who has the role, in a state where the
    action exists: by actor, by state, or by both. `at_last` is what only those are told who have
    nothing else against them.
    """

    who: frozenset[Actor]
    states: frozenset[str]
    four_eyes: bool = False
    hindered: tuple[tuple[frozenset[Actor], frozenset[str], str], ...] = ()
    at_last: str = ""

    def obstacles(self, actor: Actor, state: str) -> frozenset[str]:
        """Codes that a refusal must name; none when it must be allowed."""
        found = set()
        if actor not in self.who:
            found.add("role")
        if state not in self.states:
            return frozenset({*found, "state"})
        if self.four_eyes and actor in CONTRIBUTORS:
            found.add("four_eyes")
        for actors, states, code in self.hindered:
            if actor in actors and state in states:
                found.add(code)
        if self.at_last and not found:
            found.add(self.at_last)
        return frozenset(found)

    def exemplar(self, state: str) -> Actor:
        """Somebody who has the role, and if possible nothing against them."""
        return min(self.who, key=lambda actor: (len(self.obstacles(actor, state)), actor.value))


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
    "schedule": Rule(WRITERS | {A.OPERATOR}, OPEN),
    "comment": Rule(SPEAKERS, ALL),
    "resolve_thread": Rule(SPEAKERS, ALL),
    "reopen_thread": Rule(SPEAKERS, ALL),
    "approve": Rule(REVIEWERS, frozenset({"in_review"}), four_eyes=True),
    "request_changes": Rule(REVIEWERS, frozenset({"in_review", "approved"}), four_eyes=True),
    "reject": Rule(
        REVIEWERS, frozenset({"in_review", "changes_requested", "approved"}), four_eyes=True
    ),
    "take_back": Rule(
        REVIEWERS, frozenset({"in_review", "changes_requested", "approved"}), hindered=SPOKE
    ),
    "publish": Rule(frozenset({A.OPERATOR}), frozenset({"approved"})),
    "break_glass": Rule(
        GUARDIANS, OPEN, hindered=((EVERYBODY, frozenset({"approved"}), "not_needed"),)
    ),
    "approve_afterwards": Rule(REVIEWERS, LIVED, four_eyes=True),
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
