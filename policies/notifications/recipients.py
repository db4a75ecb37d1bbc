"""Who hears of an event, and why they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from policies.notifications.announcements import Group


@dataclass(frozen=True)
class Member:
    """An active person of the team that owns the workflow, and what they may do in it."""

    pk: int
    capabilities: frozenset[str]


@dataclass(frozen=True)
class Roster:
    """Everybody of a team, and who among them had to do with what happened (by primary key).

    `barred` may not judge it: contributors, and who worked on the same content elsewhere.
    `owned` names the components a person answers for; `owners_needed` those whose owner has to
    approve, and `stand_ins` those that somebody may approve in the owner's place; `satisfied` are
    those whose approval of exactly what is there now stands.
    """

    members: tuple[Member, ...]
    contributors: frozenset[int] = frozenset()
    barred: frozenset[int] = frozenset()
    owned: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    owners_needed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    stand_ins: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    satisfied: frozenset[int] = frozenset()
    heard: frozenset[int] = frozenset()
    commenters: frozenset[int] = frozenset()
    voided: frozenset[int] = frozenset()


def recipients(audience: Iterable[Group], roster: Roster, actor: int | None) -> dict[int, str]:
    """Person → why they are told, in the order of the audience; each person once.

    Only members of the team, who can see the workflow; never the one who acted.
    """
    told: dict[int, str] = {}
    for group in audience:
        for member, why in _GROUPS[group](roster):
            if member.pk != actor:
                told.setdefault(member.pk, why)
    return told


Found = Iterator[tuple[Member, str]]


def _owners(roster: Roster, owned: Mapping[int, tuple[str, ...]]) -> Found:
    for member in roster.members:
        if member.pk in owned:
            yield member, f"You own the {_listed(owned[member.pk])}."


def _listed(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _may_be_asked(roster: Roster, member: Member) -> bool:
    judged = member.pk in roster.barred or member.pk in roster.satisfied
    return "review" in member.capabilities and not judged


def _owners_asked(roster: Roster) -> Found:
    for member, why in _owners(roster, roster.owners_needed):
        if _may_be_asked(roster, member):
            yield member, f"{why[:-1]}, so it cannot go ahead without you."
    for member in roster.members:
        if member.pk in roster.stand_ins and _may_be_asked(roster, member):
            yield (
                member,
                f"You stand in for the owner of the {_listed(roster.stand_ins[member.pk])}.",
            )


def _reviewers_asked(roster: Roster) -> Found:
    for member in roster.members:
        if _may_be_asked(roster, member):
            yield member, "You may review it."


def _those(name: str, why: str) -> Callable[[Roster], Found]:
    def found(roster: Roster) -> Found:
        chosen: frozenset[int] = getattr(roster, name)
        return ((member, why) for member in roster.members if member.pk in chosen)

    return found


def _with(capability: str, why: str) -> Callable[[Roster], Found]:
    def found(roster: Roster) -> Found:
        return ((member, why) for member in roster.members if capability in member.capabilities)

    return found


_GROUPS: dict[Group, Callable[[Roster], Found]] = {
    Group.COMPONENT_OWNERS: lambda roster: _owners(roster, roster.owned),
    Group.OWNERS_ASKED: _owners_asked,
    Group.REVIEWERS_ASKED: _reviewers_asked,
    Group.CONTRIBUTORS: _those("contributors", "You worked on it."),
    Group.VOIDED_APPROVERS: _those("voided", "Your approval no longer counts."),
    Group.REVIEWERS_HEARD: _those("heard", "You reviewed it."),
    Group.COMMENTERS: _those("commenters", "You took part in its discussion."),
    Group.PUBLISHERS: _with("publish", "You may publish here."),
    Group.ADMINISTRATORS: _with("manage_team", "You administer the team."),
    Group.RULE_DECIDERS: _with("decide_rules", "A second person has to agree."),
    Group.WEBHOOK_MANAGERS: _with("manage_webhooks", "You may manage webhooks here."),
}
