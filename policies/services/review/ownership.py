"""Who has to approve each touched component: its owner, or who stands in for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from policies.governance.refusals import Reason
from policies.governance.roles import Role
from policies.models.components import ComponentKind
from policies.services.review.facts import ChangeFacts


@dataclass(frozen=True)
class OwnerAsked:
    """One of `people` has to approve a component; where there is nobody, it cannot go on.

    `part` says what the first of them is to it: its owner, its deputy, or another owner.
    """

    kind: str
    owner: User
    people: tuple[User, ...]
    part: str

    @property
    def label(self) -> str:
        return ComponentKind(self.kind).label.lower()

    @property
    def words(self) -> str:
        """``Olga Owner (router policy)``, or who stands in for her."""
        owner = _name(self.owner)
        if not self.people:
            return f"nobody in place of {owner} ({self.label})"
        names = " or ".join(_name(user) for user in self.people)
        instead = "" if self.part == OWNER else f" in place of {owner}"
        return f"{names}{instead} ({self.label})"

    @property
    def reason(self) -> Reason:
        if self.people:
            asked = "the component's owner" if self.part == OWNER else "one of those named"
            return Reason("owner", f"{self.words} has not approved.", f"Ask {asked}.")
        sentence = (
            f"{_name(self.owner)}, who owns the {self.label}, worked on this or may not review "
            "it, and nobody stands in for them."
        )
        resolve = "Have an owner who did not work on it name a deputy in the contract."
        return Reason("owner", sentence, resolve)

    def is_met_by(self, approvers: Collection[int]) -> bool:
        return any(user.pk in approvers for user in self.people)


OWNER, DEPUTY, OTHER_OWNER = "owner", "deputy", "another owner"
WORDS = {OWNER: "owner of", DEPUTY: "deputy for", OTHER_OWNER: "the only other owner for"}


def owners_asked(facts: ChangeFacts) -> list[OwnerAsked]:
    """For each touched component its owner; else the contract's deputy; else the team's other
    owners. Whoever worked on the content, or whose approval does not count, is not asked.
    """
    if not facts.is_judged:
        return []
    return [
        _asked(facts, kind, contract.owner, contract.deputy)
        for kind, contract in facts.contracts.items()
    ]


def musts(short: Iterable[OwnerAsked]) -> dict[int, str]:
    """Whom it cannot go without, and as what: ``owner of the router policy``."""
    parts: dict[int, dict[str, list[str]]] = {}
    for asked in short:
        if len(asked.people) == 1:
            mine = parts.setdefault(asked.people[0].pk, {})
            mine.setdefault(asked.part, []).append(asked.label)
    return {
        pk: ", ".join(f"{WORDS[part]} the {' and '.join(labels)}" for part, labels in mine.items())
        for pk, mine in parts.items()
    }


def _asked(facts: ChangeFacts, kind: str, owner: User, deputy: User | None) -> OwnerAsked:
    if _may(facts, owner):
        return OwnerAsked(kind, owner, (owner,), OWNER)
    if deputy is not None and _may(facts, deputy):
        return OwnerAsked(kind, owner, (deputy,), DEPUTY)
    others = tuple(
        row.user
        for row in facts.counting_members
        if row.role == Role.OWNER and row.user_id != owner.pk and _may(facts, row.user)
    )
    return OwnerAsked(kind, owner, others, OTHER_OWNER)


def _may(facts: ChangeFacts, user: User) -> bool:
    return user.pk not in facts.contributors and facts.counts(user.pk)


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
