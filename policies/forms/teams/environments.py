"""Protection rules of an environment, and the times in which nothing is published."""

from __future__ import annotations

from typing import Any

from django import forms

from policies.forms.review.change import EnvironmentField, UtcMomentField
from policies.governance.risk_rules import (
    LABELS,
    MOST_APPROVALS,
    MOST_RULES,
    ROLE_CHOICES,
    WITH_BOUND,
    Condition,
    RiskRule,
    problems_of,
)
from policies.models import Environment, Workflow
from policies.models.changes import CheckKind
from policies.models.workflows import StalenessRule
from policies.services.teams.environments import EnvironmentRules

HOW = ("why", "apply_now")


class EnvironmentForm(forms.Form):
    """An environment's protection rules."""

    position = forms.IntegerField(min_value=0, help_text="Order of promotion, lowest first.")
    required_approvals = forms.IntegerField(min_value=1)
    required_checks = forms.MultipleChoiceField(
        choices=CheckKind.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    release_lifetime_days = forms.IntegerField(
        min_value=1, label="Release lifetime", help_text="Days; renewed by itself at half of it."
    )
    when_stale = forms.ChoiceField(
        choices=StalenessRule.choices, label="A router with a release past its lifetime shall"
    )
    rollback_window_days = forms.IntegerField(
        min_value=0, label="Rollback window", help_text="Days without a new review."
    )
    delivered_share = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=100,
        label="Delivered at",
        help_text="Per cent of the routers that must have a release.",
    )

    threads_must_be_resolved = forms.BooleanField(
        required=False,
        label="Threads must be resolved before publication",
    )
    reauthenticate_to_approve = forms.BooleanField(
        required=False,
        label="Approving and publishing need a password entered just before",
        help_text="Within ten minutes, in the browser; tokens can then do neither.",
    )

    why = forms.CharField(
        required=False,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed where the rules ask for less: a second person then has to agree.",
    )
    apply_now = forms.BooleanField(
        required=False,
        label="Apply looser rules to open change requests, too",
        help_text="Their approvals are voided. Without it, looser rules bind later ones only.",
    )

    def rules(self, risk_rules: list[dict[str, Any]]) -> EnvironmentRules:
        said = {name: value for name, value in self.cleaned_data.items() if name not in HOW}
        return EnvironmentRules(**said, risk_rules=risk_rules)

    def asked(self) -> dict[str, Any]:
        """Why, and from when on."""
        return {name: self.cleaned_data[name] for name in HOW}


class RiskRuleForm(forms.Form):
    """One rule on risk; a row without a condition says nothing."""

    condition = forms.ChoiceField(
        choices=[("", "Choose…"), *((str(key), label) for key, label in LABELS.items())],
        required=False,
        label="When",
    )
    above = forms.FloatField(
        required=False, min_value=0, label="Per cent", help_text="For cost and traffic."
    )
    approvals = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_APPROVALS, initial=1, label="Approvals"
    )
    role = forms.ChoiceField(
        choices=[("", "anyone who may review"), *ROLE_CHOICES], required=False, label="By"
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.has_errors_in("condition", "above", "approvals", "role"):
            for problem in problems_of([rule] if (rule := self.rule()) else []):
                self.add_error(None, problem)
        return cleaned

    def has_errors_in(self, *names: str) -> bool:
        return any(name in self.errors for name in names)

    def rule(self) -> RiskRule | None:
        """What the row says, or None."""
        said = self.cleaned_data
        if not said.get("condition"):
            return None
        condition = Condition(said["condition"])
        above = said.get("above") if condition in WITH_BOUND else None
        return RiskRule(
            condition,
            None if above is None else round(above / 100, 9),
            1 if said.get("approvals") is None else said["approvals"],
            said.get("role") or None,
        )


# As many again may be on the page marked as deleted. Django's own bound is a thousand more, which
# anybody could have drawn by a false count.
RiskRules = forms.formset_factory(
    RiskRuleForm,
    extra=0,
    can_delete=True,
    max_num=MOST_RULES,
    validate_max=True,
    absolute_max=2 * MOST_RULES,
)


def risk_rules_initial(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules as an environment keeps them, as the rows show them: shares in per cent."""
    return [
        {**rule, "above": None if rule["above"] is None else _per_cent(rule["above"])}
        for rule in kept
    ]


def _per_cent(share: float) -> float | int:
    value = round(share * 100, 7)
    return int(value) if value.is_integer() else value


class FreezeForm(forms.Form):
    """A time in which nothing is published, and why."""

    environment = EnvironmentField(
        Environment.objects.none(), required=False, empty_label="every environment"
    )
    starts_at = UtcMomentField(label="From (UTC)")
    ends_at = UtcMomentField(label="Until (UTC)")
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="Shown to whoever is refused."
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environments = Environment.objects.filter(workflow=workflow)
        self.fields["environment"].queryset = environments  # type: ignore[attr-defined]
