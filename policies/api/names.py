"""Related things are told by their names, never by their database keys."""

from typing import Any

from rest_framework import serializers


def name_of(attribute: str, *, nullable: bool = False) -> serializers.SlugRelatedField[Any]:
    """A related thing by one of its attributes; null where there is none."""
    return serializers.SlugRelatedField(attribute, read_only=True, allow_null=nullable)


def names_of(attribute: str) -> Any:
    """Several related things by one of their attributes."""
    return serializers.SlugRelatedField(attribute, many=True, read_only=True)


def number_of(relation: str) -> serializers.IntegerField:
    """A related thing by its number; null where there is none."""
    return serializers.IntegerField(source=f"{relation}.number", default=None, allow_null=True)
