"""Component versions, contracts, drafts, and documents on their way."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.names import name_of
from policies.models import ComponentContract, ComponentVersion


class ProblemAt(serializers.Serializer[Any]):
    pointer = serializers.CharField(allow_blank=True, help_text="RFC 6901 JSON pointer.")
    message = serializers.CharField(help_text="What would be right.")


class VersionSerializer(serializers.ModelSerializer[ComponentVersion]):
    created_by = name_of("username")

    class Meta:
        model = ComponentVersion
        fields = ["kind", "number", "digest", "created_by", "created_at"]


class VersionWithDocumentSerializer(VersionSerializer):
    document = serializers.DictField(help_text="The document with every default written out.")

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "document"]


class DifferenceQuery(Body):
    from_ = serializers.IntegerField(min_value=1, help_text="Number of the earlier version.")
    to = serializers.IntegerField(min_value=1, help_text="Number of the later version.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {"from": fields.pop("from_"), **fields}  # `from` is a word of Python's own


class DifferenceSerializer(serializers.Serializer[Any]):
    """What changed between two versions, in words; empty when the meaning is the same."""

    class ChangeInWords(serializers.Serializer[Any]):
        kind = serializers.ChoiceField(["added", "removed", "moved", "changed"])
        sentence = serializers.CharField()
        pointer = serializers.CharField(
            help_text="Into the later document; of a removal, into the earlier."
        )
        loosens = serializers.BooleanField(help_text="A demand got weaker.")

    changes = ChangeInWords(many=True)

    def get_fields(self) -> dict[str, Any]:
        number = serializers.IntegerField
        return {"from": number(source="old"), "to": number(source="new"), **super().get_fields()}


class ContractSerializer(serializers.ModelSerializer[ComponentContract]):
    """A contract; `gaps` names the parts that say nothing yet."""

    owner = name_of("username")
    deputy = name_of("username", nullable=True)
    created_by = name_of("username")
    gaps = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ComponentContract
        fields = [
            "kind",
            "number",
            "owner",
            "deputy",
            "inputs",
            "outputs",
            "failure",
            "humans_step_in",
            "playbook",
            "gaps",
            "created_by",
            "created_at",
        ]


def _text(what: str) -> serializers.CharField:
    return serializers.CharField(allow_blank=True, max_length=20_000, help_text=what)


class NewContract(Body):
    """The whole contract; parts may be empty, and then count as gaps."""

    owner = serializers.SlugRelatedField("username", queryset=User.objects.filter(is_active=True))
    deputy = serializers.SlugRelatedField(
        "username",
        queryset=User.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        help_text="Approves where the owner worked on the change. Left out, there is none.",
    )
    inputs = _text("What comes in.")
    outputs = _text("What goes out.")
    failure = _text("What failure looks like.")
    humans_step_in = _text("When a person takes over.")
    playbook = _text("What to do then; Markdown.")
