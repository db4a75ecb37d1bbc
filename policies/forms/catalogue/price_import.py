"""Forms of the price import: the file, and what to take of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from policies.forms.catalogue.entries import day_input
from policies.pricing.price_map import MAX_BYTES


class PriceMapForm(forms.Form):
    """A file to look at; nothing of it is taken over yet."""

    file = forms.FileField(
        label="Price map",
        help_text="LiteLLM’s model_prices_and_context_window.json, or a part of it.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
        return file

    def raw(self) -> bytes:
        read: bytes = self.cleaned_data["file"].read()
        return read


class TakeOverForm(forms.Form):
    """When the prices begin. Which models, the table's checkboxes say."""

    effective_from = forms.DateField(
        label="Prices begin on",
        widget=day_input(),
        help_text="Today or later: what was paid before stays as it was.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["effective_from"]
        field.initial = timezone.now().date()
        field.widget.attrs["class"] = "input"
