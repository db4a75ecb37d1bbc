"""What of their inbox a person wants by mail."""

from __future__ import annotations

from typing import Any

from django import forms

from policies.notifications.events import PEOPLE_EVENTS, WORDS


class MailForm(forms.Form):
    """One box for each event."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for event in PEOPLE_EVENTS:
            words = WORDS[event]
            # A dot would make the name of a form field ambiguous in addresses and ids.
            self.fields[event.value.replace(".", "-")] = forms.BooleanField(
                label=words.label, required=False
            )

    @staticmethod
    def initial_of(choices: dict[str, bool]) -> dict[str, bool]:
        return {event.replace(".", "-"): by_mail for event, by_mail in choices.items()}

    def choices(self) -> dict[str, bool]:
        return {
            event.value: self.cleaned_data[event.value.replace(".", "-")] for event in PEOPLE_EVENTS
        }

    def rows(self) -> list[tuple[forms.BoundField, str]]:
        """Each box with what its event means."""
        return [
            (self[event.value.replace(".", "-")], WORDS[event].explanation)
            for event in PEOPLE_EVENTS
        ]
