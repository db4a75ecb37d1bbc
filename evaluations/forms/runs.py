"""The form that starts a shadow evaluation."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from evaluations.forms.dataset_choices import OneDatasetField
from evaluations.models import Dataset
from evaluations.replay.terms import DEFAULT_ADEQUATE_AT, Terms, TermsError, parse_terms
from policies.models import Bundle, ChangeRequest, Release, Workflow


class RunForm(forms.Form):
    """What to compare, on what. `subject` is a change request or a release.

    Each dataset says which models of the chosen candidate it records, before anything is started.
    """

    subject = forms.ChoiceField(
        label="Candidate",
        help_text="A change request is compared with the release it would replace.",
    )
    baseline = forms.ChoiceField(
        required=False, help_text="Only for a release: what it is compared with."
    )
    dataset = OneDatasetField(
        Dataset.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        help_text="The recorded requests to replay.",
    )
    adequate_at = forms.FloatField(
        label="Good enough from",
        initial=DEFAULT_ADEQUATE_AT,
        required=False,
        help_text="Quality from which an answer counts as adequate, for route accuracy.",
    )
    timeout_ms = forms.FloatField(
        label="Time limit per call",
        required=False,
        help_text="Recorded calls that took longer count as timeouts. Empty: no limit.",
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        changes = ChangeRequest.objects.open().filter(workflow=workflow).with_related()
        releases = Release.objects.filter(workflow=workflow).select_related("environment", "bundle")
        self.changes = {f"change-{change.number}": change for change in changes}
        self.releases = {f"release-{release.pk}": release for release in releases}
        released = [(key, f"{r.environment.name} #{r.number}") for key, r in self.releases.items()]
        proposed = [(key, str(change)) for key, change in self.changes.items()]
        self._released = released
        self._offer("subject", [("Change requests", proposed), ("Releases", released)])
        self._offer("baseline", [("", "The release in force"), ("Releases", released)])
        self.datasets = cast(OneDatasetField, self.fields["dataset"])
        rows = Dataset.objects.filter(workflow=workflow).select_related("created_by")
        self.datasets.queryset = rows
        if self._subject:
            sides = ("the candidate", self.candidate), ("the baseline", self.chosen_baseline)
            self.datasets.look_for(*sides)
            self.initial["dataset"] = self.initial.get("dataset") or self._fittest()

    def _fittest(self) -> int | None:
        """The dataset that records most of the models: the newest of several."""
        rows = list(self.datasets.queryset or ())
        return min(rows, key=self.datasets.missing_in).pk if rows else None

    def _offer(self, name: str, choices: list[Any]) -> None:
        filled = [choice for choice in choices if choice[1]]
        self.fields[name].choices = filled  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = {name: cleaned.get(name) for name in ("adequate_at", "timeout_ms")}
        try:
            cleaned["terms"] = parse_terms({k: v for k, v in given.items() if v is not None})
        except TermsError as error:
            raise ValidationError({error.field: error.message}) from error
        return cleaned

    @property
    def _subject(self) -> str:
        """What is chosen, or what a browser shows as chosen: the first. Empty where nothing is."""
        known = (*self.changes, *self.releases)
        chosen = self["subject"].value()
        return chosen if chosen in known else next(iter(known), "")

    @property
    def change(self) -> ChangeRequest | None:
        """The chosen change request, if it is one."""
        return self.changes.get(self._subject)

    @property
    def candidate(self) -> Bundle:
        """The content to evaluate."""
        change = self.change
        return change.bundle if change else self.releases[self._subject].bundle

    @property
    def chosen_baseline(self) -> Bundle | None:
        """The base of a change request; else the chosen release, or the active one beside it."""
        change = self.change
        if change is not None:
            return change.base_release.bundle if change.base_release else None
        chosen = self.releases.get(self["baseline"].value() or "")
        if chosen is not None:
            return chosen.bundle
        subject = self.releases[self._subject]
        active = [r for r in self.releases.values() if r.is_active]
        beside = [r for r in active if r.environment_id == subject.environment_id]
        return beside[0].bundle if beside else None

    @property
    def recorded(self) -> str:
        """In a sentence, on how many of the datasets the candidate can be measured."""
        rows = list(self.datasets.queryset or ())
        useful = sum(not self.datasets.told_of(row)[0].is_none for row in rows)
        noun = "dataset" if len(rows) == 1 else "datasets"
        what = self.change or dict(self._released)[self._subject]
        return f"{useful} of {len(rows)} {noun} can show something of {what}."

    @property
    def terms(self) -> Terms:
        terms: Terms = self.cleaned_data["terms"]
        return terms
