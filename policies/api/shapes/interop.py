"""Policies for other routers, and configurations of theirs, as callers send and get them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from policies.api.bodies import Body
from policies.files.yaml_text.reading import MAX_CHARACTERS
from policies.interop import FORMATS, Exported, Fidelity
from policies.services.as_code.translating import Translation

ROUTERS = [(found.key, found.label) for found in FORMATS.values()]


class ExportQuery(Body):
    format = serializers.ChoiceField(ROUTERS, help_text="Whose configuration to write.")


class LossSerializer(serializers.Serializer[Any]):
    """`place` is a JSON pointer into what was translated."""

    place = serializers.CharField(allow_blank=True)
    fidelity = serializers.ChoiceField([(found.value, found.value) for found in Fidelity])
    sentence = serializers.CharField()


class RouterExportSerializer(serializers.Serializer[Any]):
    """A policy in another router's format, and what of its meaning arrives there."""

    format = serializers.ChoiceField(ROUTERS)
    file_name = serializers.CharField()
    text = serializers.CharField()
    losses = LossSerializer(many=True)


class RouterImport(Body):
    format = serializers.ChoiceField(ROUTERS, help_text="Whose configuration it is.")
    text = serializers.CharField(
        max_length=MAX_CHARACTERS, trim_whitespace=False, help_text="The configuration: YAML, JSON."
    )
    title = serializers.CharField(
        max_length=160, required=False, help_text="Of the draft. Left out: no draft is made."
    )


class RouterImportSerializer(serializers.Serializer[Any]):
    """`draft` is the number of the draft, null where no title was given. `missing_models` are those
    of `catalogue` that this console's catalogue lacks.
    """

    draft = serializers.IntegerField(allow_null=True)
    documents = serializers.DictField(child=serializers.DictField(), help_text="By component.")
    catalogue = serializers.DictField(child=serializers.DictField())
    missing_models = serializers.ListField(child=serializers.CharField())
    losses = LossSerializer(many=True)


def shown_export(exported: Exported) -> dict[str, Any]:
    return {
        "format": exported.format.key,
        "file_name": exported.format.file_name,
        "text": exported.text,
        "losses": [loss.to_json() for loss in exported.losses],
    }


def shown_import(translation: Translation) -> dict[str, Any]:
    return {
        "draft": translation.draft.pk if translation.draft else None,
        "documents": translation.imported.documents,
        "catalogue": translation.imported.catalogue,
        "missing_models": list(translation.missing),
        "losses": [loss.to_json() for loss in translation.imported.losses],
    }
