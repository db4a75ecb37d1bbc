"""The form of a trial: one control for each attribute that the workflow declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from policies.engine import Bundle, Problem, check_request, digest
from policies.engine.attributes import Attribute
from policies.engine.classification import RequestClassification
from policies.engine.errors import pointer_token
from policies.engine.request import usable
from policies.forms.authoring.request_address import ATTRIBUTE, LONGEST_PROMPT, SIZES, read_address
from policies.wording.whole_numbers import whole_number

MISSING = ("", "missing")
FLAG_CHOICES = (MISSING, ("true", "yes"), ("false", "no"))


class TrialForm(forms.Form):
    """Reads a request out of an address. It judges nothing itself: what an attribute cannot hold
    is told by ``check_request``, since the engine takes such a value as missing.
    """

    use_required_attribute = False

    def __init__(
        self, parameters: Mapping[str, str], classification: RequestClassification
    ) -> None:
        super().__init__(dict(parameters), auto_id="try-%s")
        self.declared = classification.declared
        self.request = read_address(parameters, self.declared)
        for attribute in self.declared.values():
            name = f"{ATTRIBUTE}{attribute.name}"
            self.fields[name] = _field(attribute, parameters.get(name, ""))
        self.derives = any(entry.derived_from for entry in self.declared.values())
        if self.derives or parameters.get("prompt"):
            self.fields["prompt"] = _prompt_field()
        self.fields["request_id"] = forms.CharField(label="Request id", required=False)
        for name in SIZES:
            self.fields[name] = _size_field(name)

    def judge(self, bundle: Bundle) -> None:
        """Shows beside each control what the engine will not use, and why."""
        problems = {found.pointer: found for found in check_request(bundle, self.request)}
        for name in self.declared:
            problem: Problem | None = problems.get("/attributes" + pointer_token(name))
            if problem:
                lost = usable(self.declared[name], self.request.attributes[name]) is None
                suffix = " It counts as missing." if lost else ""
                self.add_error(f"{ATTRIBUTE}{name}", f"{_sentence(problem)}{suffix}")
        for name in SIZES:
            text = str(self.data.get(name, ""))
            if text and whole_number(text) is None:
                self.add_error(name, "Must be a whole number of tokens. It counts as unknown.")

    @property
    def attribute_fields(self) -> list[tuple[forms.BoundField, str]]:
        """Controls of attributes, each with its unit."""
        return [(self[f"{ATTRIBUTE}{name}"], entry.unit) for name, entry in self.declared.items()]

    @property
    def undeclared(self) -> list[tuple[str, str]]:
        """Parameters of attributes that no control shows; they stay in the address."""
        return [
            (name, str(text))
            for name, text in self.data.items()
            if name.startswith(ATTRIBUTE) and name not in self.fields and text
        ]

    @property
    def contract(self) -> str:
        """Differs as soon as other controls are due."""
        return digest([entry.to_json() for entry in self.declared.values()])


def _sentence(problem: Problem) -> str:
    return f"{problem.message[:1].upper()}{problem.message[1:]}."


def _field(attribute: Attribute, text: str) -> forms.Field:
    help_text = attribute.description
    if attribute.type == "flag":
        if attribute.derived_from:
            help_text = f"{help_text} Follows from the prompt where one is given.".strip()
        return _choice(attribute.name, FLAG_CHOICES, help_text)
    if attribute.type == "category" and attribute.values is not None:
        choices = [MISSING, *((value, value) for value in attribute.values)]
        if text and text not in attribute.values:
            choices.append((text, f"{text} (not declared)"))
        return _choice(attribute.name, choices, help_text)
    if attribute.type == "set":
        return _set_field(attribute)
    mode = {"inputmode": "decimal", "class": "input--number"} if attribute.type == "number" else {}
    widget = forms.TextInput(attrs={"autocomplete": "off", "placeholder": "missing", **mode})
    return forms.CharField(label=attribute.name, required=False, widget=widget, help_text=help_text)


def _choice(name: str, choices: Any, help_text: str) -> forms.Field:
    # A CharField, so that no text of an address is refused before the engine sees it.
    widget = forms.Select(choices=choices)
    return forms.CharField(label=name, required=False, widget=widget, help_text=help_text)


def _set_field(attribute: Attribute) -> forms.Field:
    values = f" Of {', '.join(attribute.values)}." if attribute.values is not None else ""
    return forms.CharField(
        label=attribute.name,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "missing", "spellcheck": "false"}),
        help_text=f"{attribute.description} One a line; [] for none.{values}".strip(),
    )


def _prompt_field() -> forms.Field:
    return forms.CharField(
        label="Prompt",
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "maxlength": LONGEST_PROMPT, "spellcheck": "false"}
        ),
        help_text="Flags that are derived follow from it.",
    )


def _size_field(name: str) -> forms.Field:
    label = {"input_tokens": "Input tokens", "max_output_tokens": "Output tokens"}[name]
    widget = forms.TextInput(
        attrs={"inputmode": "numeric", "class": "input--number", "placeholder": "unknown"}
    )
    return forms.CharField(label=label, required=False, widget=widget)
