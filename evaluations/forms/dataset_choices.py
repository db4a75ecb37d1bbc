"""Datasets to choose from: where each comes from, and which models it records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string

from evaluations.models import Dataset
from evaluations.replay.recorded_models import Told, recorded_models, told_before
from policies.engine import Bundle, parse_bundle
from policies.models import Bundle as StoredBundle


class DatasetChoices:
    """For a field of datasets. `sides`: whose models are looked for, and the bundles' own words."""

    sides: Sequence[tuple[str, Bundle]] = ()

    def look_for(self, *sides: tuple[str, StoredBundle | None]) -> None:
        """Say of each dataset which models of these it records; a side that is None is left out."""
        self.sides = [(whose, parse_bundle(side.content)) for whose, side in sides if side]

    def told_of(self, dataset: Dataset) -> tuple[Told, ...]:
        return told_before(self.sides, dataset.model_counts)

    def missing_in(self, dataset: Dataset) -> int:
        """How many models of the sides together it does not record."""
        found = (recorded_models(bundle, dataset.model_counts) for _, bundle in self.sides)
        return sum(len(side.missing) for side in found)

    def label_from_instance(self, obj: Dataset) -> str:
        context = {"dataset": obj, "told": self.told_of(obj)}
        return render_to_string("evaluations/datasets/_choice.html", context)


class OneDatasetField(DatasetChoices, forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of them."""


class SeveralDatasetsField(DatasetChoices, forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Any number of them."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:  # SQLite has no number as long as this key
            raise forms.ValidationError("There is no such dataset.") from None
