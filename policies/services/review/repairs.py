"""Which release a change request repairs: what the scorecard then counts as failed."""

from __future__ import annotations

from django.db.models import Prefetch

from policies.governance.refusals import Reason, Refused
from policies.governance.transitions import LIVED_STATES, OPEN_STATES
from policies.models import ChangeRequest, Environment, Release
from policies.models.releases import ReleaseKind, ReleaseQuerySet

CODE = "repairs"


def with_repairs(releases: ReleaseQuerySet) -> ReleaseQuerySet:
    """Releases with what each repairs, and as `repair_changes` the change requests that repair it:
    open ones and those that were published. One query more.
    """
    told = ChangeRequest.objects.filter(state__in=(*OPEN_STATES, *LIVED_STATES))
    told = told.select_related("workflow").only(
        "number", "title", "state", "repairs", "workflow__slug"
    )
    rows = releases.select_related("change__repairs").defer(
        "change__repairs__body", "change__repairs__signature"
    )
    return rows.prefetch_related(Prefetch("repair_changes", told.order_by("number")))


def release_to_repair(environment: Environment, number: int) -> Release:
    """The release of this number, if a change request for this environment may repair it.

    Raises Refused, which names `repairs`.
    """
    rows = Release.objects.filter(environment=environment).defer("body", "signature")
    release = rows.filter(number=number).select_related("restores").first()
    if release is None:
        last = rows.order_by("-number").values_list("number", flat=True).first()
        known = f"its last is {last}" if last else "nothing is published there yet"
        raise _refused(f"{environment.name} has no release {number}: {known}.")
    require_repairable(release, environment)
    return release


def require_repairable(release: Release | None, environment: Environment) -> None:
    """Raise Refused unless a change request for this environment may say that it repairs this."""
    if release is None:
        return
    if release.environment_id != environment.pk:
        raise _refused(
            f"Release {release.number} is of {release.environment.name}, and this is for "
            f"{environment.name}."
        )
    if release.kind == ReleaseKind.ROLLBACK:
        restored = release.restores.number if release.restores else "an earlier one"
        raise _refused(
            f"Release {release.number} is a rollback: its content came with release {restored}."
        )


def _refused(sentence: str) -> Refused:
    resolve = "Name a release of the same environment that was published, or none."
    return Refused(Reason(CODE, sentence, resolve))
