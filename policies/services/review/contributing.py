"""Who worked on what a change request proposes: on it, or elsewhere on the same content.

Whoever contributed to a change request of this workflow that does or asks for the same, or to a
document that this one changes when that was first written, has contributed here, whoever proposes
it, in whatever words and on whatever base. What does the same as its base proposes words alone, and
only who worked on it itself has contributed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from policies.models import Bundle, ChangeRequest, ComponentVersion, DocumentAuthor
from policies.models.components import ComponentKind

Link = ChangeRequest.contributors.through
# By which content is told to be the same: of bundles, and of documents.
SAME_CONTENT = ("meaning", "intent")
SAME_DOCUMENT = ("digest", "intent")


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
    wrote = _wrote(change, touched)
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
    found = Q(Exists(links.filter(changerequest=OuterRef(f"{of}pk"))))
    for told in SAME_CONTENT:
        same = links.filter(
            **{
                "changerequest__workflow": OuterRef(f"{of}workflow"),
                f"changerequest__bundle__{told}": _proposed(of, told),
            }
        )
        found |= Q(Exists(same.exclude(**{f"changerequest__bundle__{told}": _base(of, told)})))
    for kind in ComponentKind.values:
        for told in SAME_DOCUMENT:
            wrote = DocumentAuthor.objects.filter(
                user=user,
                workflow=OuterRef(f"{of}workflow"),
                kind=kind,
                digest=_proposed(of, f"{kind}__{told}"),
            )
            found |= Q(Exists(wrote.exclude(digest=_base(of, f"{kind}__{told}"))))
    return found


def _proposed(of: str, field: str) -> OuterRef:
    return OuterRef(f"{of}bundle__{field}")


def _base(of: str, field: str) -> Coalesce:
    return Coalesce(OuterRef(f"{of}base_release__bundle__{field}"), Value(""))


def _same_content(change: ChangeRequest) -> QuerySet[ChangeRequest]:
    base = change.base_release.bundle if change.base_release else None
    same = Q(pk=None)
    for told in SAME_CONTENT:
        proposed = getattr(change.bundle, told)
        if base is None or getattr(base, told) != proposed:
            same |= Q(**{f"bundle__{told}": proposed})
    return ChangeRequest.objects.filter(same, workflow=change.workflow_id)


def _wrote(change: ChangeRequest, touched: list[str]) -> QuerySet[DocumentAuthor]:
    """Authors of the touched documents; not by an intent that is the base's."""
    new, base = change.bundle, change.base_release
    versions = ComponentVersion.objects.filter(pk__in=_versions(new, touched))
    wrote = DocumentAuthor.objects.filter(
        Q(digest__in=versions.values("digest")) | Q(digest__in=versions.values("intent")),
        workflow=change.workflow_id,
        kind__in=touched,
    )
    if base is None:
        return wrote
    before = ComponentVersion.objects.filter(pk__in=_versions(base.bundle, touched))
    return wrote.exclude(digest__in=before.values("intent"))


def _versions(bundle: Bundle, kinds: list[str]) -> list[int]:
    return [getattr(bundle, f"{kind}_id") for kind in kinds]


def _elsewhere(user: User) -> str:
    if user.worked_here:  # type: ignore[attr-defined]  # brought by `contributors_of`
        return ""
    if user.other_number is not None:  # type: ignore[attr-defined]
        return f"contributed to #{user.other_number}, which proposes the same content"  # type: ignore[attr-defined]
    label = ComponentKind(user.wrote_kind).label.lower()  # type: ignore[attr-defined]
    return f"wrote the {label} that it proposes"
