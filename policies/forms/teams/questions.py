"""The form of the decision questions."""

from __future__ import annotations

from typing import Any

from django import forms

from policies.services.teams.questions import HINTS, LONGEST_ANSWER, QUESTIONS, Answers


class AnswersForm(forms.Form):
    """One field for each question; an empty answer stays an open question."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, question in QUESTIONS.items():
            self.fields[key] = forms.CharField(
                label=question,
                help_text=HINTS[key],
                required=False,
                max_length=LONGEST_ANSWER,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def answers(self) -> Answers:
        return Answers(**self.cleaned_data)
