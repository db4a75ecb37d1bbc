"""The form that starts a draft."""

from __future__ import annotations

from typing import Any

from django import forms

from policies.models import Release, Workflow


class DraftForm(forms.Form):
    """A title, and which documents to start from."""

    title = forms.CharField(
        max_length=160, label="What is it about?", help_text="A few words, for the list of drafts."
    )
    start_from: forms.ModelChoiceField[Release] = forms.ModelChoiceField(
        queryset=Release.objects.none(),
        required=False,
        label="Start from",
        empty_label="What is in force now",
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        releases = Release.objects.filter(workflow=workflow).select_related("environment", "bundle")
        self.fields["start_from"].queryset = releases  # type: ignore[attr-defined]
