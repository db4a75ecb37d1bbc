"""Files of a workflow on their way, and what becomes of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.shapes.changes import repairs_field
from policies.files.workflow_files import FILE_NAMES, HEADER
from policies.files.yaml_text.reading import MAX_CHARACTERS
from policies.services.as_code.proposing import Outcome

KNOWN = ", ".join((HEADER, *FILE_NAMES))


class FilesQuery(Body):
    """What to export: a draft, a release of an environment, or what is in force there."""

    environment = serializers.SlugField(
        required=False, max_length=40, help_text="Left out: the one furthest along."
    )
    release = serializers.IntegerField(required=False, min_value=1)
    draft = serializers.IntegerField(required=False, min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "draft" in attrs and len(attrs) > 1:
            raise serializers.ValidationError({"draft": ["A draft has no environment or release."]})
        return attrs


def files_field() -> serializers.DictField:
    text = serializers.CharField(max_length=MAX_CHARACTERS, allow_blank=True, trim_whitespace=False)
    return serializers.DictField(
        child=text, allow_empty=False, help_text=f"File name → text. Known: {KNOWN}."
    )


class FilesSerializer(serializers.Serializer[Any]):
    """File name → text."""

    workflow = serializers.CharField()
    files = serializers.DictField(child=serializers.CharField())


class FilesToImport(Body):
    title = serializers.CharField(max_length=160)
    files = files_field()


class FilesToPlan(Body):
    environment = serializers.SlugField(max_length=40)
    files = files_field()


class FilesToPropose(FilesToPlan):
    title = serializers.CharField(max_length=160)
    why = serializers.CharField(max_length=20_000)
    repairs = repairs_field()


class ProposalSerializer(serializers.Serializer[Any]):
    """`change` is the number of the change request; null when there is nothing to propose."""

    outcome = serializers.ChoiceField([(outcome.value, outcome.value) for outcome in Outcome])
    change = serializers.IntegerField(allow_null=True)
    sentence = serializers.CharField()
