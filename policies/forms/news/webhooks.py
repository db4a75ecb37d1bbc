"""The form of a webhook."""

from __future__ import annotations

from django import forms

from policies.engine import DocumentError
from policies.models.webhooks import BodyKind
from policies.notifications.events import WEBHOOK_EVENTS, WORDS
from policies.services.news.webhooks import LONGEST_NAME, WebhookFacts

EVENT_CHOICES = [(event.value, WORDS[event].label) for event in WEBHOOK_EVENTS]


class WebhookForm(forms.Form):
    """Who is told, where, of what, and in which form. What is sound, the service says."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="Who receives it.")
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        help_text="An https address that takes POST requests.",
    )
    body_kind = forms.ChoiceField(label="Body", choices=BodyKind.choices, initial=BodyKind.STANDARD)
    events = forms.MultipleChoiceField(
        choices=EVENT_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in WEBHOOK_EVENTS],
    )

    def facts(self) -> WebhookFacts:
        said = self.cleaned_data
        return WebhookFacts(said["name"], said["url"], said["body_kind"], tuple(said["events"]))

    def add_problems(self, error: DocumentError) -> None:
        """Show what the service found wrong beside its field."""
        for problem in error.problems:
            field = problem.pointer.strip("/")
            self.add_error(field if field in self.fields else None, problem.message)
