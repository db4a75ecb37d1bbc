"""Forms of the change-request pages."""

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from policies.models import ChangeRequest, Environment, Release, Workflow
from policies.models.releases import ReleaseKind
from policies.services.review.repairs import release_to_repair

OFFERED_RELEASES = 50


class EnvironmentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Environments by their plain name: the page already says which workflow."""

    def label_from_instance(self, obj: Environment) -> str:
        return obj.name


class RepairedField(forms.ChoiceField):
    """Releases by environment, the newest first, as `environment/number`."""

    def offer(self, workflow: Workflow, present: Release | None) -> None:
        """The newest of each environment, and the one that is chosen already. One query."""
        place = Window(RowNumber(), partition_by="environment", order_by=F("number").desc())
        rows = Release.objects.filter(workflow=workflow).exclude(kind=ReleaseKind.ROLLBACK)
        rows = rows.annotate(place=place).filter(
            Q(place__lte=OFFERED_RELEASES) | Q(pk=present.pk if present else 0)
        )
        groups: dict[str, list[tuple[str, str]]] = {}
        told = ("environment__name", "number", "published_at", "change__title")
        for name, number, at, title in rows.order_by(
            "environment__position", "environment__name", "-number"
        ).values_list(*told):
            words = f"{name} release {number}, {at:%-d %b %Y}: {title}"
            groups.setdefault(name, []).append((f"{name}/{number}", words))
        self.choices = [("", "Nothing: it is not a repair"), *groups.items()]


class ChangeForm(forms.Form):
    """What is proposed, for which environment, why, and which release it repairs."""

    title = forms.CharField(max_length=160, help_text="What changes, in a few words.")
    environment = EnvironmentField(
        Environment.objects.none(), empty_label=None, help_text="Where it shall apply."
    )
    why = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it should achieve, for whom, and why now. Approvers read this first.",
    )
    repairs = RepairedField(
        required=False,
        label="Repairs",
        help_text="A release that went wrong and that this puts right. Once this is published, "
        "that release counts as failed on the scorecard.",
        error_messages={"invalid_choice": "This workflow has no such release to repair."},
    )

    def __init__(
        self, *args: Any, workflow: Workflow, change: ChangeRequest | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"initial": _said_by(change) if change else None, **kwargs})
        environments = Environment.objects.filter(workflow=workflow)
        self.fields["environment"].queryset = environments  # type: ignore[attr-defined]
        present = change.repairs if change else None
        self.fields["repairs"].offer(workflow, present)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """`repairs` becomes the release, held to the environment that is chosen beside it."""
        cleaned = super().clean() or {}
        environment, key = cleaned.get("environment"), cleaned.get("repairs")
        cleaned["repairs"] = None
        if environment is None or not key:
            return cleaned
        name, _, number = key.rpartition("/")
        if name != environment.name:
            told = f"Release {number} is of {name}. Choose one of {environment.name}, or none."
            raise ValidationError({"repairs": told})
        cleaned["repairs"] = release_to_repair(environment, int(number))
        return cleaned


def _said_by(change: ChangeRequest) -> dict[str, Any]:
    repaired = change.repairs
    return {
        "title": change.title,
        "why": change.why,
        "environment": change.environment_id,
        "repairs": f"{change.environment.name}/{repaired.number}" if repaired else "",
    }


class ReasonForm(forms.Form):
    """A reason, always asked for."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Give a reason; a sentence is enough."},
    )


class GlassForm(ReasonForm):
    """Why it cannot wait for a review, and, during a freeze, that even then it is meant."""

    through_freeze = forms.BooleanField(required=False)


class JudgementForm(ReasonForm):
    """What a person says in review; `seen` names the proposal that they had before them."""

    seen = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={
            "required": "The page did not say what you saw (subject digest). Reload it, look "
            "again, and decide then."
        },
    )


class CommentForm(forms.Form):
    """A remark in the discussion."""

    body = forms.CharField(
        label="Comment",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something first."},
    )
    anchor = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    reply_to = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class ThreadForm(forms.Form):
    """Names the remark that starts a thread."""

    thread = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class UtcMomentField(forms.DateTimeField):
    """A moment as a browser's own control gives it, in UTC: the same wherever it is read."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {"invalid": "Give a date and a time, like 2027-01-31T09:00."}

    def to_python(self, value: Any) -> datetime.datetime | None:
        with timezone.override(datetime.UTC):
            moment = super().to_python(value)
        try:
            return None if moment is None else moment.astimezone(datetime.UTC)
        except OverflowError:  # in the first or the last hours that there are
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime.datetime):
            return value.astimezone(datetime.UTC).replace(tzinfo=None)
        return value


class ScheduleForm(forms.Form):
    """When it shall publish itself; empty clears the schedule."""

    publish_at = UtcMomentField(required=False, label="Publish at (UTC)")


class PromotionForm(forms.Form):
    """Where a release's exact content is to go next."""

    environment = EnvironmentField(Environment.objects.none(), empty_label=None)
    why = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, others: QuerySet[Environment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["environment"].queryset = others  # type: ignore[attr-defined]
