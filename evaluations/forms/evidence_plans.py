"""The form of an environment's evidence plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from evaluations.forms.dataset_choices import SeveralDatasetsField
from evaluations.models import Dataset
from policies.governance.evidence_plans import ANY_MODEL, PlanTerms
from policies.models import Bundle, Workflow


class EvidencePlanForm(forms.Form):
    """What evidence has to show here, and on which datasets."""

    datasets = SeveralDatasetsField(
        Dataset.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        label="Required datasets",
        help_text="Every gate has to pass on each of them.",
    )
    adequate_at = forms.FloatField(
        label="Good enough from", help_text="Quality from which an answer counts as adequate, 0–1."
    )
    timeout_ms = forms.CharField(
        required=False,
        label="Time limits per call",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Milliseconds for every model, or one “model: milliseconds” a line.",
    )
    min_moved = forms.IntegerField(
        min_value=0,
        label="Requests treated differently",
        help_text="At least so many, or no comparison passes.",
    )
    min_clusters = forms.IntegerField(
        min_value=2,
        label="Independent conversations",
        help_text="At least so many. Conversations of very unequal size count as fewer.",
    )
    sealed_per_cent = forms.FloatField(
        min_value=5,
        max_value=95,
        label="Sealed share",
        help_text="Per cent of each dataset's conversations. Only runs on the plan read them.",
    )
    fresh_days = forms.IntegerField(
        min_value=1, label="Fresh for", help_text="Days for which a run counts."
    )
    why = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For the second person, where it asks for less than before.",
    )
    apply_now = forms.BooleanField(
        required=False,
        label="Apply it to open change requests, too",
        help_text="Their approvals are void then. Stricter plans bind them in any case.",
    )

    def __init__(
        self, *args: Any, workflow: Workflow, in_force: Bundle | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        rows = Dataset.objects.filter(workflow=workflow).select_related("created_by")
        field: Any = self.fields["datasets"]
        field.queryset = rows
        field.look_for(("the release in force", in_force))

    @staticmethod
    def initial_of(terms: PlanTerms, workflow: Workflow) -> dict[str, Any]:
        """What the form shows of a plan."""
        rows = Dataset.objects.filter(workflow=workflow, digest__in=terms.digests)
        return {
            **terms.as_json(),
            "datasets": list(rows.values_list("pk", flat=True)),
            "timeout_ms": _written(terms),
            "sealed_per_cent": round(terms.sealed_share * 100, 6),
        }

    def clean_timeout_ms(self) -> dict[str, float]:
        limits: dict[str, float] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["timeout_ms"].splitlines())):
            model, _, written = line.rpartition(":")
            try:
                limits[model.strip() or ANY_MODEL] = float(written)
            except ValueError as error:
                raise ValidationError(f"“{line}” is not “model: milliseconds”.") from error
        return limits

    def asked(self) -> dict[str, Any]:
        """What the service is asked with."""
        said = dict(self.cleaned_data)
        per_cent = said.pop("sealed_per_cent")
        sealed_share = round(per_cent / 100, 9)
        # What is shown of a third is rounded: left alone, it must not seal another share.
        if per_cent == self.initial.get("sealed_per_cent"):
            sealed_share = self.initial["sealed_share"]
        digests = [dataset.digest for dataset in said.pop("datasets")]
        return {"digests": digests, "sealed_share": sealed_share, **said}


def _written(terms: PlanTerms) -> str:
    limits = terms.timeout_ms
    if set(limits) <= {ANY_MODEL}:
        return f"{limits[ANY_MODEL]:g}" if limits else ""
    return "\n".join(f"{model}: {limit:g}" for model, limit in limits.items())
