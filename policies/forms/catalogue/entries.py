"""Forms of the catalogue. They read words and numbers; the engine's parser judges them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils import timezone

from policies.engine import DocumentError
from policies.forms.catalogue.price_lines import TiersField, WindowsField
from policies.governance.refusals import Refused
from policies.models import CatalogueModel, Provider
from policies.services.catalogue.entries import ModelFacts, Price

if TYPE_CHECKING:
    ProviderModelForm = forms.ModelForm[Provider]
    CatalogueModelForm = forms.ModelForm[CatalogueModel]
else:
    ProviderModelForm = CatalogueModelForm = forms.ModelForm


class WordsField(forms.CharField):
    """Words parted by commas or blanks: ``eu, us`` → ``("eu", "us")``."""

    def to_python(self, value: Any) -> Any:
        written = super().to_python(value) or ""
        return tuple(dict.fromkeys(written.replace(",", " ").split()))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def price_field(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        max_digits=12,
        decimal_places=6,
        validators=[MinValueValidator(Decimal(0))],
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "input--number"}),
        help_text="USD per million tokens.",
    )


def tiers_field() -> TiersField:
    return TiersField(
        label="Longer requests",
        help_text="One tier a line: input tokens above which it holds for the whole request, "
        "input price, output price. Such as 200000 2.50 15.",
    )


def windows_field() -> WindowsField:
    return WindowsField(
        label="By the hour",
        help_text="One window a line: days, hours, time zone, input price, output price. Such as "
        "mon-fri 16:30-00:30 UTC 0.135 0.55, or daily in place of the days.",
    )


class ProviderForm(ProviderModelForm):
    class Meta:
        model = Provider
        fields = ("slug", "label")
        labels = {"slug": "Key", "label": "Name"}
        help_texts = {"slug": "How policies and prices name it, such as openai."}


class ModelForm(CatalogueModelForm):
    """What is said of a model. Saving goes through the service, never through the form."""

    regions = WordsField(required=False, help_text="Where it runs, such as eu, us.")
    capabilities = WordsField(required=False, help_text="What it can, such as tools, vision.")
    aliases = WordsField(
        required=False,
        help_text="Other names that answers give it, such as gpt-4o-2024-08-06.",
    )

    class Meta:
        model = CatalogueModel
        fields = (
            "label",
            "context_window",
            "regions",
            "capabilities",
            "status",
            "retires_on",
            "aliases",
        )
        labels = {"retires_on": "Retires on"}
        help_texts = {
            "status": "A retired model is never chosen; policies that name it say so.",
            "retires_on": "If the provider has named a day.",
        }
        widgets = {
            "context_window": forms.TextInput(
                attrs={"inputmode": "numeric", "class": "input--number"}
            ),
            "retires_on": day_input(),
        }

    def facts(self) -> ModelFacts:
        given = self.cleaned_data
        return ModelFacts(
            given["label"],
            given["context_window"],
            given["regions"],
            given["capabilities"],
            given["status"],
            given["retires_on"],
            given["aliases"],
        )


class PriceForm(forms.Form):
    """A price from a day on."""

    effective_from = forms.DateField(label="From", initial=datetime.date.today, widget=day_input())
    input_usd_per_mtok = price_field("Input")
    output_usd_per_mtok = price_field("Output")
    tiers = tiers_field()
    windows = windows_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].initial = timezone.now().date()

    def plain(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("tiers", "windows")]

    def by_line(self) -> list[forms.BoundField]:
        return [self["tiers"], self["windows"]]

    def price(self) -> Price:
        return Price(**self.cleaned_data)


class WhyForm(forms.Form):
    """Why facts that somebody relies on change."""

    why = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A release or an open change request uses this model: a second steward of the "
        "catalogue has to agree.",
    )

    def said(self) -> str:
        return str(self.cleaned_data["why"]) if self.is_valid() else ""


class NewModelForm(ModelForm):
    """A new model with its first price, which may begin in the past: nothing was counted yet."""

    effective_from = forms.DateField(label="Priced from", widget=day_input())
    input_usd_per_mtok = price_field("Input price")
    output_usd_per_mtok = price_field("Output price")
    tiers = tiers_field()
    windows = windows_field()

    class Meta(ModelForm.Meta):
        fields = ("provider", "key", *ModelForm.Meta.fields)  # type: ignore[assignment]
        labels = {**ModelForm.Meta.labels, "key": "Name"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].initial = timezone.now().date()

    def price(self) -> Price:
        return Price(**{name: self.cleaned_data[name] for name in Price.__dataclass_fields__})


def take_problems(form: forms.BaseForm, error: DocumentError | Refused) -> None:
    """Shows what the engine or the service says beside the field it is about."""
    if isinstance(error, Refused):
        for reason in error.reasons:
            form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
        return
    for problem in error.problems:
        steps = problem.pointer.split("/")
        otherwise = "key" if "key" in form.fields else None
        name = next((step for step in steps if step in form.fields), otherwise)
        message = problem.message[:1].upper() + problem.message[1:]
        form.add_error(name, f"{message}.")
