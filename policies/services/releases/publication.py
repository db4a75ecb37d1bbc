"""Publishing, rolling back and promoting releases."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from policies.governance.permissions import roles_with
from policies.governance.refusals import Reason, Refused
from policies.governance.transitions import State
from policies.models import Bundle, ChangeRequest, Draft, Environment, Release, Workflow
from policies.models.releases import ReleaseKind
from policies.services import audit
from policies.services.locking import (
    held_changes,
    hold_draft,
    hold_for_release,
    locked_change,
    locked_environment,
)
from policies.services.releases import attestation, contents
from policies.services.releases.sealing import seal
from policies.services.review import computed_checks, guards, standings
from policies.services.review.changes import active_release, open_change
from policies.services.review.facts import ChangeFacts
from policies.services.review.voiding import bring_objections_back
from policies.services.rights import can
from policies.services.waking import write_objects_after_commit


@dataclass(frozen=True)
class Held:
    """All that a publication writes to or depends on, locked until the transaction ends."""

    environment: Environment
    change: ChangeRequest
    others: list[int]  # keys of the environment's other open change requests, the lowest first


def hold_for_publication(change: ChangeRequest) -> Held:
    """Lock what a publication needs, in the one order, and look at it anew."""
    environment = locked_environment(change.environment_id)
    # Together and in order: one by one, two writers could each hold what the other needs next.
    held = hold_for_release(environment, change.pk)
    others = [other for other in held if other != change.pk]
    change = locked_change(change)
    if change.draft_id is not None:
        hold_draft(change.draft_id)
    if change.environment_id != environment.pk:
        raise Refused(
            Reason(
                "stale",
                f"It was moved to {change.environment.name} meanwhile.",
                "Reload the page and look again before you publish.",
            )
        )
    # Nobody objects to the same meanwhile, on whichever change request; who just did, is heard.
    bring_objections_back(change, acting_user=None)
    return Held(environment, change, others)


@transaction.atomic
def publish(change: ChangeRequest, *, acting_user: User) -> Release:
    """Put an approved change in force: retire the old release and raise the new one, at once."""
    held = hold_for_publication(change)
    guards.require_state("publish", held.change, acting_user)
    computed_checks.refresh_computed(held.change)
    guards.require("publish", held.change, acting_user)
    return put_in_force(held, acting_user)


@transaction.atomic
def publish_as_scheduled(change: ChangeRequest) -> Release | None:
    """Put a change in force whose time has come, in the name of who set the time.

    None when it is not due any more: somebody was quicker, or moved the time. Raises Refused with
    every gate that is shut at this moment.
    """
    held = hold_for_publication(change)
    if not ChangeRequest.objects.due_at(timezone.now()).filter(pk=change.pk).exists():
        return None
    computed_checks.refresh_computed(held.change)
    guards.require_due(held.change)
    scheduler = held.change.scheduled_by
    if scheduler is None:
        raise ValueError(f"Change request {change.pk} has a time that nobody set.")
    return put_in_force(held, scheduler)


def put_in_force(
    held: Held, acting_user: User, *, passed_over: Iterable[str] = (), **fields: Any
) -> Release:
    """Close the change request and its draft, and raise its release. The gates are passed, but for
    those of `passed_over`, in sentences.
    """
    change = held.change
    facts = ChangeFacts(change)
    standing = standings.standing_of(change, facts)
    attested = attestation.of_publication(
        facts, standing, published_by=acting_user, passed_over=passed_over, **fields
    )
    change.state, change.closed_at = State.PUBLISHED, timezone.now()
    change.save(update_fields=["state", "closed_at", "updated_at"])
    drafts = Draft.objects.filter(pk=change.draft_id or 0)
    drafts.update(closed_at=change.closed_at, updated_at=change.closed_at)
    return _raise_release(
        held.environment,
        change.bundle,
        acting_user,
        held_changes(held.others),
        change=change,
        approved_by=[review.reviewer.get_username() for review in standing.approvals],
        attestation=attested,
        **fields,
    )


def why_not_roll_back(release: Release, user: User) -> list[Reason]:
    """Every reason why this release may not be restored by this person now.

    Restoring asks for no review; so it reaches only content that had its approvals.
    """
    environment, team = release.environment, release.workflow.team
    reasons: list[Reason] = []
    if not can(user, "roll_back", team):
        who = " or ".join(roles_with("roll_back"))
        reasons.append(Reason("role", f"Only {who} of {team} may roll back.", "Ask one of them."))
    if release.retired_at is None:
        reasons.append(Reason("state", f"Release {release.number} is active already."))
        return reasons
    active = active_release(environment)
    if active is not None and active.bundle_id == release.bundle_id:
        sentence = f"Release {active.number}, which is active, has the very same content."
        reasons.append(Reason("state", sentence))
    if contents.approvers_of(release) is None:
        sentence = f"The content of release {release.number} never had its approvals here."
        resolve = "Approve it afterwards, or propose its content as a change request."
        reasons.append(Reason("unreviewed", sentence, resolve))
    window = datetime.timedelta(days=environment.rollback_window_days)
    if release.retired_at < timezone.now() - window:
        reasons.append(
            Reason(
                "window",
                f"Release {release.number} was retired more than "
                f"{environment.rollback_window_days} days ago.",
                "Propose its content as a change request.",
            )
        )
    return reasons


@transaction.atomic
def roll_back(release: Release, reason: str, *, acting_user: User) -> Release:
    """Restore an earlier release's content under a new number, without another review."""
    environment = locked_environment(release.environment_id)
    changes = held_changes(hold_for_release(environment))
    release = Release.objects.select_related("workflow__team", "environment", "bundle").get(
        pk=release.pk
    )
    reasons = why_not_roll_back(release, acting_user)
    if not reason.strip():
        reasons.append(Reason("reason", "A rollback needs a reason.", "Say why in a sentence."))
    if reasons:
        raise Refused(*reasons)
    approvers = contents.approvers_of(release) or []
    attested = attestation.of_rollback(
        release,
        contents.reviewed_release(release),
        approvers,
        published_by=acting_user,
        reason=reason.strip(),
    )
    return _raise_release(
        environment,
        release.bundle,
        acting_user,
        changes,
        kind=ReleaseKind.ROLLBACK,
        restores=release,
        change=release.change,
        approved_by=approvers,
        attestation=attested,
        reason=reason.strip(),
    )


@transaction.atomic
def promote(
    release: Release, environment: Environment, why: str, *, acting_user: User
) -> ChangeRequest:
    """Propose a release's exact bundle, same digest, for another environment.

    What it repaired here is nothing of that environment; whoever knows better says so there.
    """
    if not can(acting_user, "propose", release.workflow.team):
        who = " or ".join(roles_with("propose"))
        raise Refused(Reason("role", f"Only {who} may propose a promotion."))
    if environment.workflow_id != release.workflow_id or environment == release.environment:
        raise Refused(Reason("environment", "Choose another environment of the same workflow."))
    environment = locked_environment(environment.pk)
    origin = release.change
    contributors = [acting_user, *(origin.contributors.all() if origin else ())]
    title = f"Promote {release.environment.name} release {release.number} to {environment.name}"
    return open_change(
        release.bundle,
        environment,
        title,
        why,
        acting_user=acting_user,
        contributors=contributors,
    )


def _raise_release(
    environment: Environment,
    bundle: Bundle,
    acting_user: User,
    open_changes: list[ChangeRequest],
    **fields: Any,
) -> Release:
    now = timezone.now()
    workflow = Workflow.objects.get(pk=environment.workflow_id)
    previous = active_release(environment)
    last = Release.objects.filter(environment=environment).aggregate(last=Max("number"))["last"]
    if previous is not None:
        previous.retired_at = now
        previous.save(update_fields=["retired_at"])
        ChangeRequest.objects.filter(pk=previous.change_id or 0, state=State.PUBLISHED).update(
            state=State.SUPERSEDED, updated_at=now
        )
    release = Release(
        workflow=workflow,
        environment=environment,
        number=(last or 0) + 1,
        bundle=bundle,
        published_by=acting_user,
        published_at=now,
        not_after=now + datetime.timedelta(days=environment.release_lifetime_days),
        **fields,
    )
    seal(release, acting_user)
    release.save(force_insert=True)
    before = previous.bundle.digest if previous else ""
    _note(f"release.{release.kind}", release, acting_user, before=before)
    write_objects_after_commit(environment.pk)
    for change in open_changes:
        computed_checks.refresh_computed(change)
    return release


def _note(action: str, release: Release, acting_user: User | None, *, before: str = "") -> None:
    audit.record(
        action,
        release,
        acting_user=acting_user,
        workflow=release.workflow,
        before=before,
        after=release.bundle.digest,
        detail={
            "environment": release.environment.name,
            "number": release.number,
            "reason": release.reason,
            **({"repairs": release.repairs.number} if release.repairs else {}),
        },
    )
