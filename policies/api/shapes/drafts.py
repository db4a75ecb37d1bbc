"""Drafts, their documents and what is asked of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of, names_of
from policies.api.shapes.components import ProblemAt
from policies.models import Draft, DraftDocument, DraftRevision
from policies.services.authoring.bundles import component_problems


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
