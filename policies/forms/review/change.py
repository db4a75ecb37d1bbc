"""Forms of the change-request pages."""

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from policies.models import Environment, Workflow


class EnvironmentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Environments by their plain name: the page already says which workflow."""

    def label_from_instance(self, obj: Environment) -> str:
        return obj.name


class ChangeForm(forms.Form):
    """What is proposed, for which environment, and why."""

    title = forms.CharField(max_length=160, help_text="What changes, in a few words.")
    environment = EnvironmentField(
        Environment.objects.none(), empty_label=None, help_text="Where it shall apply."
    )
    why = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it should achieve, for whom, and why now. Approvers read this first.",
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environments = Environment.objects.filter(workflow=workflow)
        self.fields["environment"].queryset = environments  # type: ignore[attr-defined]


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
