"""Threads: what is said of one place of a bundle, answered, and resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.governance.permissions import grants
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Comment
from policies.notifications.news import shortened
from policies.services import audit
from policies.services.review import guards
from policies.wording.anchors import Place, find_again, place_at

LONGEST_WORDS = 290


@dataclass(frozen=True)
class Thread:
    """A remark with its answers, and where its place is in the present content.

    `standing`: `same`, `changed` or `gone`; empty for a remark about nothing in particular.
    """

    root: Comment
    replies: Sequence[Comment]
    place: Place | None
    standing: str

    @property
    def is_open(self) -> bool:
        return self.root.is_open_thread

    @property
    def pointer(self) -> str:
        """Where the place is now, or was last."""
        return self.place.pointer if self.place else self.root.anchor


def threads_of(change: ChangeRequest, comments: Iterable[Comment]) -> list[Thread]:
    """The whole discussion in order, from all remarks and answers, the oldest first."""
    answers: dict[int, list[Comment]] = {}
    roots = []
    for comment in comments:
        if comment.parent_id is None:
            roots.append(comment)
        else:
            answers.setdefault(comment.parent_id, []).append(comment)
    content = change.bundle.content
    return [thread_of(root, content, answers.get(root.pk, ())) for root in roots]


def thread_of(root: Comment, content: Mapping[str, Any], answers: Sequence[Comment] = ()) -> Thread:
    """A remark held against the present content."""
    if not root.anchor:
        return Thread(root, answers, None, "")
    place = find_again(content, root.anchor_path) if root.anchor_path else None
    place = place or (None if root.anchor_path else place_at(content, root.anchor))
    if place is None:
        return Thread(root, answers, None, "gone")
    is_same = not root.anchor_digest or place.digest == root.anchor_digest
    return Thread(root, answers, place, "same" if is_same else "changed")


def tie(remark: Comment, content: Mapping[str, Any], anchor: str) -> None:
    """Tie a remark to a place of the bundle. Raises Refused when there is no such place."""
    place = place_at(content, anchor)
    if place is None:
        raise Refused(
            Reason(
                "anchor",
                f"There is nothing at {anchor} in the content as it is now.",
                "Give a JSON pointer into the bundle.",
            )
        )
    remark.anchor, remark.anchor_words = anchor, shortened(place.words, LONGEST_WORDS)
    remark.anchor_path, remark.anchor_digest = list(place.path), place.digest


def root_of(change: ChangeRequest, pk: int) -> Comment:
    """The remark that starts the thread of this one. Raises Refused for another's."""
    found = change.comments.select_related("parent").filter(pk=pk).first()
    if found is None:
        raise Refused(Reason("reply_to", "There is no such remark in this discussion."))
    return found.parent or found


def why_not_resolve(root: Comment, situation: guards.Situation) -> list[Reason]:
    """Where open threads hold back publication, those whom they hold back do not close them."""
    change = situation.change
    if not change.protection.threads_must_be_resolved or root.author_id == situation.user.pk:
        return []
    if grants(situation.roles, "review") and not situation.is_contributor:
        return []
    sentence = (
        "An open thread holds back publication here, so it is resolved by who began it, or by a "
        "reviewer who did not work on this."
    )
    return [Reason("four_eyes", sentence, "Answer it, and ask one of them.")]


@transaction.atomic
def resolve(remark: Comment, *, acting_user: User) -> Comment:
    """Say that a thread has had its answer. Doing so again changes nothing."""
    root = _thread_start(remark, "resolve_thread", acting_user)
    reasons = why_not_resolve(root, guards.Situation(root.change, acting_user))
    if reasons:
        raise Refused(*reasons)
    now = timezone.now()
    rows = Comment.objects.filter(pk=root.pk, resolved_at=None)
    if rows.update(resolved_at=now, resolved_by=acting_user):
        _note("change.thread_resolved", root, acting_user)
    root.refresh_from_db()
    return root


@transaction.atomic
def reopen(remark: Comment, *, acting_user: User) -> Comment:
    """Take up a thread again."""
    root = _thread_start(remark, "reopen_thread", acting_user)
    rows = Comment.objects.filter(pk=root.pk, resolved_at__isnull=False)
    if rows.update(resolved_at=None, resolved_by=None):
        _note("change.thread_reopened", root, acting_user)
    root.refresh_from_db()
    return root


def _thread_start(remark: Comment, action: str, acting_user: User) -> Comment:
    guards.require(action, remark.change, acting_user)
    root = remark.parent or remark
    if not root.anchor:
        sentence = "This remark is about no place in particular, so there is nothing to resolve."
        raise Refused(Reason("thread", sentence))
    return root


def _note(action: str, root: Comment, acting_user: User) -> None:
    change = root.change
    audit.record_change(
        action,
        change,
        acting_user=acting_user,
        detail={"comment": root.pk, "place": root.anchor_words},
    )
