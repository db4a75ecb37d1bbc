"""Component versions, contracts, drafts, and documents on their way."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of, names_of
from policies.models import ComponentContract, ComponentVersion, Draft, DraftDocument, DraftRevision
from policies.services.authoring.bundles import component_problems


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
    created_by = name_of("username")
    gaps = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ComponentContract
        fields = [
            "kind",
            "number",
            "owner",
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
    inputs = _text("What comes in.")
    outputs = _text("What goes out.")
    failure = _text("What failure looks like.")
    humans_step_in = _text("When a person takes over.")
    playbook = _text("What to do then; Markdown.")


class DraftDocumentSerializer(serializers.ModelSerializer[DraftDocument]):
    """A document under somebody's hands. `problems` is empty when it is sound by itself."""

    updated_by = name_of("username")
    document = serializers.DictField()
    problems = serializers.SerializerMethodField()

    class Meta:
        model = DraftDocument
        fields = ["kind", "revision", "document", "updated_by", "updated_at", "problems"]

    @extend_schema_field(ProblemAt(many=True))
    def get_problems(self, row: DraftDocument) -> list[dict[str, str]]:
        prefix = f"/{row.kind}"
        return [
            {"pointer": problem.pointer.removeprefix(prefix), "message": problem.message}
            for problem in component_problems({row.kind: row.document})
        ]


class DraftRevisionSerializer(serializers.ModelSerializer[DraftRevision]):
    """One saved revision. `source` is the revision whose document this one brought back."""

    saved_by = name_of("username")

    class Meta:
        model = DraftRevision
        fields = ["kind", "revision", "step", "source", "saved_by", "saved_at"]


class DraftRevisionWithDocumentSerializer(DraftRevisionSerializer):
    document = serializers.DictField()

    class Meta(DraftRevisionSerializer.Meta):
        fields = [*DraftRevisionSerializer.Meta.fields, "document"]


class DraftSerializer(serializers.ModelSerializer[Draft]):
    created_by = name_of("username")
    contributors = names_of("username")
    change = serializers.SerializerMethodField(help_text="Number of its change request, if any.")

    class Meta:
        model = Draft
        fields = [
            "id",
            "title",
            "created_by",
            "contributors",
            "created_at",
            "updated_at",
            "closed_at",
            "change",
        ]

    def get_change(self, draft: Draft) -> int | None:
        change = getattr(draft, "change", None)
        return None if change is None else change.number


class DraftWithDocumentsSerializer(DraftSerializer):
    documents = serializers.SerializerMethodField()

    class Meta(DraftSerializer.Meta):
        fields = [*DraftSerializer.Meta.fields, "documents"]

    @extend_schema_field(serializers.DictField(child=DraftDocumentSerializer()))
    def get_documents(self, draft: Draft) -> dict[str, Any]:
        rows = draft.documents.select_related("updated_by")
        return {row.kind: DraftDocumentSerializer(row).data for row in rows}


class Documents(Body):
    """Any of the four documents."""

    request_classification = serializers.DictField(required=False)
    router_policy = serializers.DictField(required=False)
    fallback_matrix = serializers.DictField(required=False)
    quality_thresholds = serializers.DictField(required=False)


class ReleaseName(Body):
    environment = serializers.SlugField(max_length=40)
    number = serializers.IntegerField(min_value=1)


class NewDraft(Body):
    """Starts from a release or from documents; else from what is in force."""

    title = serializers.CharField(max_length=160)
    documents = Documents(required=False)
    release = ReleaseName(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "documents" in attrs and "release" in attrs:
            raise serializers.ValidationError(
                {"release": ["Name a release or give documents, not both."]}
            )
        return attrs


class DraftTitle(Body):
    title = serializers.CharField(max_length=160)


class DraftQuery(PageQuery):
    open = serializers.BooleanField(required=False, help_text="Only those not closed yet.")


class DocumentsToValidate(Body):
    documents = Documents()


class ValidationSerializer(serializers.Serializer[Any]):
    """Pointers start at `documents`."""

    def get_fields(self) -> dict[str, Any]:
        return {"valid": serializers.BooleanField(), "errors": ProblemAt(many=True)}
