"""A change request's life before and after its review, one function per intent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import EllipsisType

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from policies.governance.permissions import roles_with
from policies.governance.protection_rules import strictest
from policies.governance.refusals import Reason, Refused
from policies.governance.transitions import TRANSITIONS
from policies.models import (
    Bundle,
    ChangeRequest,
    Comment,
    Draft,
    Environment,
    EvidencePlan,
    Release,
    Workflow,
)
from policies.services import audit
from policies.services.authoring.authorship import keep_authors
from policies.services.authoring.bundles import compose_bundle
from policies.services.authoring.proposals import proposed_anew
from policies.services.locking import lock_workflow, locked_change, locked_draft, locked_environment
from policies.services.review import computed_checks, guards, threads
from policies.services.review.followups import content_is_new, is_submitted
from policies.services.review.repairs import require_repairable
from policies.services.review.voiding import (
    bring_objections_back,
    void_answered_objections,
    void_approvals,
)
from policies.services.rights import can


def active_release(environment: Environment) -> Release | None:
    return Release.objects.active().filter(environment=environment).select_related("bundle").first()


def require_environment(workflow: Workflow, environment: Environment) -> None:
    if environment.workflow_id != workflow.pk:
        raise Refused(Reason("environment", f"{environment} belongs to another workflow."))


@transaction.atomic
def propose(
    draft: Draft,
    environment: Environment,
    title: str,
    why: str,
    *,
    acting_user: User,
    repairs: Release | None = None,
) -> ChangeRequest:
    """Open a change request from a draft: make its versions, compose them, run what can be run.

    `repairs`: the release that failed, and that this puts right by going forward. Raises
    DocumentError when the documents are wrong, Refused when the person, moment or repair is.
    """
    workflow = draft.workflow
    if not can(acting_user, "propose", workflow.team):
        who = " or ".join(roles_with("propose"))
        raise Refused(Reason("role", f"Only {who} of {workflow.team} may propose changes."))
    require_environment(workflow, environment)
    require_repairable(repairs, environment)
    environment = locked_environment(environment.pk)
    draft = locked_draft(draft)
    if draft.closed_at is not None or hasattr(draft, "change"):
        raise Refused(Reason("state", "A change request was already made from this draft."))
    documents = draft.saved_documents()
    base = active_release(environment)
    bundle = compose_bundle(workflow, documents, base, acting_user=acting_user)
    people = [*draft.contributors.all(), acting_user]
    return open_change(
        bundle,
        environment,
        title,
        why,
        acting_user=acting_user,
        contributors=people,
        draft=draft,
        repairs=repairs,
    )


def open_change(
    bundle: Bundle,
    environment: Environment,
    title: str,
    why: str,
    *,
    acting_user: User,
    contributors: Iterable[User],
    draft: Draft | None = None,
    repairs: Release | None = None,
) -> ChangeRequest:
    """Create the change request of a composed bundle, bound by the rules of this moment.

    Runs inside the caller's transaction, which holds the environment: its rules may not change
    meanwhile.
    """
    workflow = lock_workflow(bundle.workflow_id)
    last = ChangeRequest.objects.filter(workflow=workflow).aggregate(last=Max("number"))["last"]
    change = ChangeRequest.objects.create(
        workflow=workflow,
        environment=environment,
        number=(last or 0) + 1,
        title=title,
        why=why,
        draft=draft,
        bundle=bundle,
        base_release=active_release(environment),
        repairs=repairs,
        rules=environment.protection.as_json(),
        evidence_plan=EvidencePlan.objects.in_force(environment),
        created_by=acting_user,
    )
    people = list(contributors)
    change.contributors.set(people)
    keep_authors(workflow, bundle.documents, people)
    detail = {"repairs": repairs.number} if repairs else {}
    audit.record_change(
        "change.opened", change, acting_user=acting_user, after=bundle.digest, detail=detail
    )
    bring_objections_back(change, acting_user=acting_user)
    computed_checks.refresh_computed(change)
    content_is_new(change)
    return change


@transaction.atomic
def update_content(change: ChangeRequest, *, acting_user: User) -> ChangeRequest:
    """Take over the draft's present documents. A change of meaning voids every approval."""
    change = locked_change(change)
    guards.require("edit", change, acting_user)
    if change.draft is None:
        raise Refused(
            Reason("draft", "A promotion carries its content unchanged.", "Start a new draft.")
        )
    documents = change.draft.saved_documents()
    base = change.base_release
    bundle = compose_bundle(change.workflow, documents, base, acting_user=acting_user)
    if bundle.pk == change.bundle_id:
        return change
    change.contributors.add(acting_user, *change.draft.contributors.all())
    keep_authors(change.workflow, bundle.documents, change.contributors.all())
    before, change.bundle = change.bundle.digest, bundle
    _rebind(change)
    change.save(update_fields=["bundle", "rules", "evidence_plan", "updated_at"])
    audit.record_change(
        "change.content", change, acting_user=acting_user, before=before, after=bundle.digest
    )
    void_approvals(change, "The content was edited.", acting_user=acting_user)
    bring_objections_back(change, acting_user=acting_user)
    computed_checks.refresh_computed(change)
    content_is_new(change)
    return change


def _rebind(change: ChangeRequest) -> None:
    """Other content or another base is judged as if it were proposed now, by rules that ask for no
    less than before: a change request opened in good time keeps no old rules for what comes later.
    """
    change.rules = strictest(change.protection, change.environment.protection).as_json()
    change.evidence_plan = EvidencePlan.objects.in_force(change.environment)


def _carry_on(change: ChangeRequest, old: Release | None, acting_user: User) -> None:
    """Splits of the content go on from the new base; all else stays, the catalogue's facts, too."""
    if change.draft is None:
        return
    documents = change.bundle.documents
    carried = proposed_anew(documents, old, change.base_release)
    if carried != documents:
        change.bundle = compose_bundle(
            change.workflow,
            carried,
            change.base_release,
            acting_user=acting_user,
            catalogue=change.bundle.content["catalogue"],
        )


@transaction.atomic
def describe(
    change: ChangeRequest,
    title: str,
    why: str,
    *,
    acting_user: User,
    environment: Environment | None = None,
    repairs: Release | EllipsisType | None = ...,
) -> ChangeRequest:
    """Change the words, what it repairs, or move it to another environment. All are part of what
    is approved, so approvals are void, and who does it has worked on it. Saying the same again
    changes nothing; what it repairs stays unless it is given. Raises Refused.
    """
    if environment is not None:
        environment = locked_environment(environment.pk)
    change = locked_change(change)
    guards.require("edit", change, acting_user)
    moved = environment is not None and environment.pk != change.environment_id
    repaired = change.repairs if repairs is ... else repairs
    because = _because(change, title, why, repaired, moved=moved)
    if not because:
        return change
    change.title, change.why, change.repairs = title, why, repaired
    if environment is not None and moved:
        require_environment(change.workflow, environment)
        old = change.base_release
        change.environment, change.base_release = environment, active_release(environment)
        _rebind(change)
        _carry_on(change, old, acting_user)
    require_repairable(repaired, change.environment)
    bound = ("environment", "base_release", "bundle", "rules", "evidence_plan")
    change.save(update_fields=["title", "why", "repairs", *bound, "updated_at"])
    change.contributors.add(acting_user)
    said = {"title": title, "repairs": repaired.number if repaired else None}
    audit.record_change("change.described", change, acting_user=acting_user, detail=said)
    void_approvals(change, because, acting_user=acting_user)
    if moved:
        bring_objections_back(change, acting_user=acting_user)
        computed_checks.refresh_computed(change)
        content_is_new(change)
    return change


def _because(
    change: ChangeRequest, title: str, why: str, repaired: Release | None, *, moved: bool
) -> str:
    """Why approvals are void after such an edit; empty where it says the same again."""
    if moved:
        return "The environment was changed."
    if (title, why) != (change.title, change.why):
        return "The title or reason was changed."
    return "What it repairs was changed." if repaired != change.repairs else ""


@transaction.atomic
def rebase(
    change: ChangeRequest, *, acting_user: User, undone: Collection[str] = ()
) -> ChangeRequest:
    """Compare with the release that is active now. Voids reviews only if its content differs.

    ``undone`` says what of that release is given up on purpose; who does that has worked on it.
    """
    change = locked_change(change)
    guards.require("rebase", change, acting_user)
    before, old = change.base_digest, change.base_release
    change.base_release = active_release(change.environment)
    _rebind(change)
    _carry_on(change, old, acting_user)
    change.save(update_fields=["base_release", "bundle", "rules", "evidence_plan", "updated_at"])
    given_up = {"undone": list(undone)} if undone else {}
    if undone:
        change.contributors.add(acting_user)
    after = change.base_digest
    audit.record_change(
        "change.rebased",
        change,
        acting_user=acting_user,
        before=before,
        after=after,
        detail=given_up,
    )
    if change.base_digest != before:
        void_approvals(change, "The base was changed.", acting_user=acting_user)
    computed_checks.refresh_computed(change)
    content_is_new(change)
    return change


@transaction.atomic
def acknowledge(change: ChangeRequest, names: Iterable[str], *, acting_user: User) -> ChangeRequest:
    """Accept warnings of the static analysis by name. That is part of what is approved, so
    approvals are void, and who does it has worked on it.
    """
    change = locked_change(change)
    guards.require("edit", change, acting_user)
    known = {*change.acknowledged, *names}
    if known == set(change.acknowledged):
        return change
    change.acknowledged = sorted(known)
    change.save(update_fields=["acknowledged", "updated_at"])
    change.contributors.add(acting_user)
    audit.record_change(
        "change.acknowledged", change, acting_user=acting_user, detail={"names": sorted(names)}
    )
    void_approvals(change, "Warnings were acknowledged.", acting_user=acting_user)
    computed_checks.refresh_computed(change)
    return change


@transaction.atomic
def submit(change: ChangeRequest, *, acting_user: User) -> ChangeRequest:
    """Ask for review. Objections to content that did something else count as answered; those to
    what this does stand, whatever words it has now.
    """
    change = locked_change(change)
    guards.require_state("submit", change, acting_user)
    computed_checks.refresh_computed(change)
    guards.require("submit", change, acting_user)
    void_answered_objections(change, acting_user=acting_user)
    change.submitted_at = timezone.now()
    is_submitted(change, acting_user)
    return _move(change, "submit", acting_user, "submitted_at")


@transaction.atomic
def withdraw(change: ChangeRequest, *, acting_user: User) -> ChangeRequest:
    """Take the proposal back."""
    change = locked_change(change)
    guards.require("withdraw", change, acting_user)
    change.closed_at = timezone.now()
    return _move(change, "withdraw", acting_user, "closed_at")


@transaction.atomic
def comment(
    change: ChangeRequest,
    body: str,
    *,
    acting_user: User,
    anchor: str = "",
    reply_to: int | None = None,
) -> Comment:
    """Say something about the change, about one place of its bundle, or in answer to a remark."""
    guards.require("comment", change, acting_user)
    remark = Comment(change=change, author=acting_user, body=body)
    if reply_to is not None:
        remark.parent = threads.root_of(change, reply_to)
    elif anchor:
        threads.tie(remark, change.bundle.content, anchor)
    remark.save(force_insert=True)
    audit.record_change(
        "change.commented", change, acting_user=acting_user, detail={"comment": remark.pk}
    )
    return remark


def _move(change: ChangeRequest, action: str, acting_user: User, *fields: str) -> ChangeRequest:
    lands_in = TRANSITIONS[action].lands_in
    if lands_in is None:
        raise ValueError(f"{action} has no state of its own to land in.")
    change.state = lands_in
    change.save(update_fields=["state", "updated_at", *fields])
    audit.record_change(f"change.{action}", change, acting_user=acting_user)
    return change
