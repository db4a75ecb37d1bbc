"""Gates of the moment: freezes, schedules, open threads, and a password entered just before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.utils import timezone

from policies.governance.origin import PASSWORD_LASTS, current_origin
from policies.governance.refusals import Reason
from policies.models import ChangeRequest, Comment, Environment, FreezeWindow, Workflow

# A scheduled publication that was missed by more than this is not made up for unasked.
LATE = datetime.timedelta(hours=1)


def moment_in_words(moment: datetime.datetime) -> str:
    """``24 Dec 2026 18:00 UTC``: the same for everybody, wherever they read it."""
    return f"{moment.astimezone(datetime.UTC):%-d %b %Y %H:%M} UTC"


def freeze_at(windows: Iterable[FreezeWindow], moment: datetime.datetime) -> FreezeWindow | None:
    """The freeze that holds then, the one that ends last; None when publication is free."""
    holding = [window for window in windows if window.holds_at(moment)]
    return max(holding, key=lambda window: window.ends_at, default=None)


def freezes_ahead(where: Environment | Workflow) -> list[FreezeWindow]:
    """Freezes in force and to come of one environment or of a whole workflow, the next first."""
    if isinstance(where, Workflow):
        windows = FreezeWindow.objects.filter(workflow=where)
    else:
        windows = FreezeWindow.objects.of(where)
    rows = windows.ahead(timezone.now())
    return list(rows.select_related("environment", "created_by"))


def is_waiting(change: ChangeRequest) -> bool:
    """Whether it has a time still to come."""
    return change.publish_at is not None and change.publish_at > timezone.now()


def frozen(change: ChangeRequest, freezes: Iterable[FreezeWindow]) -> list[Reason]:
    """A freeze at the moment of publication: its scheduled time while that is to come, else now.

    `freezes` are those ahead of its environment.
    """
    moment = timezone.now()
    if change.publish_at is not None and change.publish_at > moment:
        moment = change.publish_at
    window = freeze_at(freezes, moment)
    return [frozen_until(window, change.environment)] if window else []


def frozen_until(window: FreezeWindow, environment: Environment) -> Reason:
    """The refusal, with its reason and when it ends."""
    ends = moment_in_words(window.ends_at)
    started = window.starts_at <= timezone.now()
    since = "" if started else f" from {moment_in_words(window.starts_at)}"
    return Reason(
        "frozen",
        f"Publishing to {environment.name} is frozen{since} until {ends}: {window.reason}",
        "Wait until then, or have an operator or administrator lift the freeze.",
    )


def not_yet_due(change: ChangeRequest) -> list[Reason]:
    """Approved for a time to come: sooner is not what was approved."""
    if change.publish_at is None or not is_waiting(change):
        return []
    sentence = f"It publishes itself on {moment_in_words(change.publish_at)}, as was asked for."
    return [
        Reason("scheduled", sentence, "Wait, or clear the schedule, which asks for new approvals.")
    ]


def too_late(change: ChangeRequest) -> list[Reason]:
    """The console was not there when the time came."""
    if change.publish_at is None or timezone.now() - change.publish_at <= LATE:
        return []
    sentence = f"It was to go out on {moment_in_words(change.publish_at)}, and nothing ran then."
    return [Reason("late", sentence, "Publish it by hand, or set another time.")]


def unresolved_threads(comments: Iterable[Comment]) -> list[Reason]:
    """Threads still open among all that was said of a change request."""
    count = sum(1 for comment in comments if comment.is_open_thread)
    if not count:
        return []
    noun = "thread is" if count == 1 else "threads are"
    return [Reason("threads", f"{count} {noun} not resolved.", "Answer and resolve each of them.")]


def re_authentication(change: ChangeRequest) -> list[Reason]:
    """A password entered just before, where that is asked for.

    Rules that became stricter bind what is open; what is owed of a closed one is held to those of
    today as well.
    """
    asked = change.protection.reauthenticate_to_approve
    if not asked and not change.is_open:
        asked = change.environment.reauthenticate_to_approve
    if not asked:
        return []
    return password_just_entered(change.environment.name)


def password_just_entered(what: str) -> list[Reason]:
    """That the person is there, which `what` asks for; only a browser can show it."""
    origin = current_origin()
    if origin.is_reauthenticated:
        return []
    minutes = int(PASSWORD_LASTS.total_seconds() // 60)
    asked = f"{what} wants a password entered within the last {minutes} minutes"
    if origin.way == "browser":
        return [Reason("re_authentication", f"{asked}.", "Enter your password again.")]
    sentence = f"{asked}; a token cannot show that its person is there."
    return [Reason("re_authentication", sentence, "Do it in the browser.")]
