"""Forms of a person's own account, and of tokens."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone

LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "One year"), ("", "Until revoked"))


class TokenForm(forms.Form):
    """A name to tell the token by, and how long it lives."""

    name = forms.CharField(max_length=120, help_text="Where it will be used.")
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, initial="90")

    def expires_at(self) -> datetime.datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None


class PasswordForm(forms.Form):
    """A person's password once more, to show that it is they who sit there."""

    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError("That is not your password.")
        return password
