"""A change request against what was published since it was compared with its base."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from policies.api.bodies import Body
from policies.differences.merging import OURS, THEIRS
from policies.models.components import ComponentKind
from policies.services.review.merging import ComparedComponent, Comparison

SEEN = "Digest of the active content that the choices were made for."


class CollisionShape(serializers.Serializer[Any]):
    """A place that both sides changed, in different ways; all versions in words."""

    name = serializers.CharField(help_text="Names the place in `choices`.")
    pointer = serializers.CharField(help_text="Into the document of this change request.")
    place = serializers.CharField()
    base = serializers.CharField()
    ours = serializers.CharField()
    theirs = serializers.CharField()
    sentence = serializers.CharField()


class ComparedShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(ComponentKind.choices)
    published = serializers.ListField(
        child=serializers.CharField(), help_text="What the active release changed, in words."
    )
    collisions = CollisionShape(many=True)


class ThreeWayShape(serializers.Serializer[Any]):
    """`base_moved` is false, and the rest empty, while the base is what is active."""

    base_moved = serializers.BooleanField()
    base = serializers.IntegerField(allow_null=True, help_text="Number of the base release.")
    active = serializers.IntegerField(allow_null=True, help_text="Number of the active release.")
    against = serializers.CharField(allow_blank=True, help_text=SEEN)
    components = ComparedShape(many=True)
    undone = serializers.ListField(
        child=serializers.CharField(),
        help_text="What of the active release a rebase without merge would undo, in words.",
    )


class Rebasing(Body):
    undoes = serializers.CharField(
        required=False,
        max_length=71,
        help_text="Digest of the active content, where its changes are to be undone on purpose.",
    )


class MergeChoices(Body):
    against = serializers.CharField(max_length=71, help_text=SEEN)
    choices = serializers.DictField(
        child=serializers.ChoiceField((OURS, THEIRS)),
        required=False,
        help_text="One for each collision, by its name.",
    )


def shown_comparison(comparison: Comparison | None) -> dict[str, Any]:
    """Plain values for `ThreeWayShape`."""
    if comparison is None:
        nothing = {"base": None, "active": None, "against": ""}
        return {"base_moved": False, **nothing, "components": [], "undone": []}
    return {
        "base_moved": True,
        "base": comparison.base.number,
        "active": comparison.active.number,
        "against": comparison.against,
        "components": [_shown_component(part) for part in comparison.components],
        "undone": comparison.undone,
    }


def _shown_component(part: ComparedComponent) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "published": [change.sentence for change in part.theirs],
        "collisions": [
            {
                "name": name,
                "pointer": found.pointer,
                "place": found.place,
                "base": found.base,
                "ours": found.ours,
                "theirs": found.theirs,
                "sentence": found.sentence,
            }
            for name, found in part.collisions
        ],
    }
