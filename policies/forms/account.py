"""Forms about tokens: a person's own and a router's."""

from __future__ import annotations

import datetime

from django import forms
from django.utils import timezone

LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "One year"), ("", "Until revoked"))


class TokenForm(forms.Form):
    """A name to tell the token by, and how long it lives."""

    name = forms.CharField(max_length=120, help_text="Where it will be used.")
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, initial="90")

    def expires_at(self) -> datetime.datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None
