"""Forms of a workflow's settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

from policies.forms.people.account import TokenForm
from policies.forms.review.change import EnvironmentField
from policies.governance.roles import Role
from policies.models import Environment, Team, Workflow
from policies.models.tokens import TokenScope
from policies.services.teams.contracts import ContractText


class WorkflowForm(forms.Form):
    """What the workflow is for."""

    name = forms.CharField(max_length=120)
    objective = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The business value it is there for.",
    )
    success_criteria = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How one would know that it works.",
    )


class MemberForm(forms.Form):
    """A person, by user name, and the role they get."""

    username = forms.CharField(label="User name", max_length=150)
    role = forms.ChoiceField(choices=Role.choices)
    why = forms.CharField(
        required=False,
        label="Reason",
        max_length=500,
        help_text="Needed for roles that may approve, publish or change rules, once the team has "
        "a release: a second person then agrees.",
    )

    def clean_username(self) -> User:
        name = self.cleaned_data["username"]
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise forms.ValidationError(f"Nobody here has the user name {name}.")
        return user


PEOPLE = ("owner", "deputy")


class ContractForm(forms.Form):
    """Who answers for a component, and what it promises."""

    owner = forms.ModelChoiceField(User.objects.none(), help_text="Must approve each change of it.")
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Approves in the owner's place where the owner worked on the change.",
    )
    inputs = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    outputs = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    failure = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), required=False, label="What failure looks like"
    )
    humans_step_in = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), required=False, label="When humans step in"
    )
    playbook = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}), required=False, help_text="Markdown."
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = User.objects.filter(memberships__team=team, is_active=True).distinct()
        for name in PEOPLE:
            self.fields[name].queryset = members  # type: ignore[attr-defined]

    def text(self) -> ContractText:
        said = {key: value for key, value in self.cleaned_data.items() if key not in PEOPLE}
        return ContractText(**said)


class RouterTokenForm(TokenForm):
    """A router's token: one workflow, one environment."""

    environment = EnvironmentField(Environment.objects.none(), empty_label=None)
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=TokenScope.choices,
        initial=TokenScope.values,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It stands on the settings page, below another form that asks for an environment.
        self.auto_id = "id_token_%s"
        environments = Environment.objects.filter(workflow=workflow)
        self.fields["environment"].queryset = environments  # type: ignore[attr-defined]
