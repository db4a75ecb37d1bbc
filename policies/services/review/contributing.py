"""Who worked on what a change request proposes: on it, or elsewhere on the same content.

Whoever contributed to a change request of this workflow that does the same, or to a document that
this one changes when that was first written, has contributed here, whoever proposes it. What does
the same as its base proposes words alone, and only who worked on it itself has contributed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from policies.models import ChangeRequest, ComponentVersion, DocumentAuthor
from policies.models.components import ComponentKind

Link = ChangeRequest.contributors.through


@dataclass(frozen=True)
class Contributor:
    """`elsewhere` says on what they worked, where it was not on the change request itself."""

    user: User
    elsewhere: str = ""


def contributors_of(change: ChangeRequest, touched: list[str], *, alone: bool) -> list[Contributor]:
    """Everybody who worked on it or, unless `alone`, on the same content elsewhere. One query.

    `touched` are the kinds whose version differs from the base's.
    """
    own = Link.objects.filter(changerequest=change)
    if alone:
        return [Contributor(link.user) for link in own.select_related("user").order_by("pk")]
    others = Link.objects.filter(changerequest__in=_same_content(change)).exclude(
        changerequest=change
    )
    versions = [getattr(change.bundle, f"{kind}_id") for kind in touched]
    wrote = DocumentAuthor.objects.filter(
        workflow=change.workflow_id,
        kind__in=touched,
        digest__in=ComponentVersion.objects.filter(pk__in=versions).values("digest"),
    )
    theirs = OuterRef("pk")
    people = User.objects.filter(
        Q(pk__in=own.values("user"))
        | Q(pk__in=others.values("user"))
        | Q(pk__in=wrote.values("user"))
    ).annotate(
        worked_here=Exists(own.filter(user=theirs)),
        other_number=Subquery(
            others.filter(user=theirs)
            .order_by("changerequest__number")
            .values("changerequest__number")[:1]
        ),
        wrote_kind=Subquery(wrote.filter(user=theirs).order_by("kind").values("kind")[:1]),
    )
    return [Contributor(user, _elsewhere(user)) for user in people.order_by("pk")]


def worked_on(user: User | OuterRef, of: str = "") -> Q:
    """The same of a person, as a condition on change requests; `of` leads there."""
    links = Link.objects.filter(user=user)
    same = links.filter(
        changerequest__workflow=OuterRef(f"{of}workflow"),
        changerequest__bundle__meaning=OuterRef(f"{of}bundle__meaning"),
    ).exclude(
        changerequest__bundle__meaning=Coalesce(
            OuterRef(f"{of}base_release__bundle__meaning"), Value("")
        )
    )
    found = Q(Exists(links.filter(changerequest=OuterRef(f"{of}pk")))) | Q(Exists(same))
    for kind in ComponentKind.values:
        wrote = DocumentAuthor.objects.filter(
            user=user,
            workflow=OuterRef(f"{of}workflow"),
            kind=kind,
            digest=OuterRef(f"{of}bundle__{kind}__digest"),
        ).exclude(digest=Coalesce(OuterRef(f"{of}base_release__bundle__{kind}__digest"), Value("")))
        found |= Q(Exists(wrote))
    return found


def _same_content(change: ChangeRequest) -> QuerySet[ChangeRequest]:
    meaning = change.bundle.meaning
    if change.base_release is not None and change.base_release.bundle.meaning == meaning:
        return ChangeRequest.objects.none()
    return ChangeRequest.objects.filter(workflow=change.workflow_id, bundle__meaning=meaning)


def _elsewhere(user: User) -> str:
    if user.worked_here:  # type: ignore[attr-defined]  # brought by `contributors_of`
        return ""
    if user.other_number is not None:  # type: ignore[attr-defined]
        return f"contributed to #{user.other_number}, which proposes the same content"  # type: ignore[attr-defined]
    label = ComponentKind(user.wrote_kind).label.lower()  # type: ignore[attr-defined]
    return f"wrote the {label} that it proposes"
