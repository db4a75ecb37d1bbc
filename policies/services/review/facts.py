"""What is known of a change request: each fact read once, and handed to all who judge by it."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import User

from policies.differences.catalogue import FactChange, fact_changes
from policies.governance.impact_facts import ImpactFacts, impact_facts
from policies.governance.permissions import grants
from policies.models import (
    ChangeRequest,
    Check,
    Comment,
    ComponentContract,
    FreezeWindow,
    Membership,
    Release,
    Review,
    ReviewDebt,
)
from policies.models.components import ComponentKind
from policies.services.review import checks, protection
from policies.services.review.contributing import Contributor, contributors_of


def touched_documents(change: ChangeRequest) -> list[str]:
    """Kinds whose document differs from the base; all four for a first release."""
    if change.base_release is None:
        return list(ComponentKind.values)
    new, base = change.bundle, change.base_release.bundle
    kinds = ComponentKind.values
    return [kind for kind in kinds if getattr(new, f"{kind}_id") != getattr(base, f"{kind}_id")]


def touched_components(change: ChangeRequest) -> list[str]:
    """The same, and the router policy where the catalogue says other facts of a model than in the
    base: the same rules then do something else.
    """
    touched = {*touched_documents(change)}
    if catalogue_differences(change):
        touched.add(ComponentKind.ROUTER_POLICY.value)
    return [kind for kind in ComponentKind.values if kind in touched]


def catalogue_differences(change: ChangeRequest) -> list[FactChange]:
    """Facts of the catalogue that a change request takes in: other ones than in its base."""
    if change.base_release is None:
        return []
    old, new = change.base_release.bundle.content, change.bundle.content
    return fact_changes(old["catalogue"], new["catalogue"])


def touched_contracts(change: ChangeRequest) -> dict[str, ComponentContract]:
    """The contract in force of each touched component."""
    rows = ComponentContract.objects.filter(
        workflow=change.workflow, kind__in=touched_components(change)
    )
    rows = rows.select_related("owner", "deputy").order_by("number")
    return {contract.kind: contract for contract in rows}


class ChangeFacts:
    """Each fact is read when it is first asked for, in one query, and stays as it was then.

    So these are for one look. Who decides under a lock makes them once the lock is held.
    """

    def __init__(self, change: ChangeRequest) -> None:
        self.change = change

    @cached_property
    def evidence(self) -> checks.Evidence:
        return checks.evidence_of(self.change)

    @cached_property
    def states(self) -> list[checks.CheckState]:
        return checks.states_of(self.change, self.evidence)

    def newest_check(self, kind: str) -> Check | None:
        """The last evidence of a kind for the present content and base."""
        return self.evidence.newest.get(kind)

    @cached_property
    def measured(self) -> list[ImpactFacts | None]:
        """All that was measured of the present content and base, the oldest first; None failed."""
        return [impact_facts(check.detail) for check in self.evidence.impacts]

    @cached_property
    def reviews(self) -> list[Review]:
        """Everything that was said in review, the oldest first; also what no longer counts."""
        return list(self.change.reviews.select_related("reviewer"))

    @property
    def standing_reviews(self) -> list[Review]:
        return [review for review in self.reviews if review.voided_at is None]

    @cached_property
    def contributors(self) -> dict[int, Contributor]:
        """Who may not judge it. What was said of anything else stays as it was said, whoever
        worked on the same content since."""
        touched = touched_documents(self.change)
        people = contributors_of(self.change, touched, alone=not self.is_judged)
        return {person.user.pk: person for person in people}

    @property
    def people_here(self) -> list[User]:
        """Who worked on the change request itself."""
        return [person.user for person in self.contributors.values() if not person.elsewhere]

    @cached_property
    def contracts(self) -> dict[str, ComponentContract]:
        return touched_contracts(self.change)

    @cached_property
    def members(self) -> list[Membership]:
        """Everybody's roles in the team, by name of the person."""
        rows = Membership.objects.filter(team=self.change.workflow.team_id).select_related("user")
        names = ("user__first_name", "user__last_name", "user__username", "role")
        return list(rows.order_by(*names))

    @property
    def is_judged(self) -> bool:
        """Whether approvals matter still; what was said of anything else stays as it was said."""
        return self.change.is_open or self.debt is not None

    @cached_property
    def counting_members(self) -> list[Membership]:
        """Roles that count for this change request: of active people, and held since before it
        was opened, so that nobody is made a reviewer for it.
        """
        opened = self.change.created_at
        return [row for row in self.members if row.user.is_active and row.created_at <= opened]

    def counts(self, user_id: int) -> bool:
        """Whether an approval by this person counts, if they did not contribute."""
        return not self.is_judged or user_id in self._reviewers

    @cached_property
    def _reviewers(self) -> frozenset[int]:
        rows = self.counting_members
        return frozenset(row.user_id for row in rows if grants([row.role], "review"))

    @cached_property
    def freezes(self) -> list[FreezeWindow]:
        """In force and to come where it would be published, the next first."""
        return protection.freezes_ahead(self.change.environment)

    @cached_property
    def comments(self) -> list[Comment]:
        """Remarks and answers, the oldest first."""
        return list(self.change.comments.select_related("author", "resolved_by"))

    @cached_property
    def releases(self) -> list[Release]:
        """As what it was published, each with its review debt: nothing before it is closed."""
        if self.change.is_open:
            return []
        rows = self.change.releases.select_related(
            "environment", "workflow", "debt__created_by", "debt__settled_by"
        )
        return list(rows.defer("body"))

    @cached_property
    def any_debt(self) -> ReviewDebt | None:
        """What a publication without reviews left out, whether or not it was made up for."""
        found = (getattr(release, "debt", None) for release in self.releases)
        return next((debt for debt in found if debt is not None), None)

    @property
    def debt(self) -> ReviewDebt | None:
        """The same while it is owed."""
        found = self.any_debt
        return found if found is not None and found.is_open else None
