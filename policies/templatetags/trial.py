"""Links into "Try it"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from policies.forms.authoring.request_address import request_query

register = template.Library()


@register.filter
def as_address(witness: Mapping[str, Any] | None) -> str:
    """A request in the form of ``parse_request`` as the parameters of an address."""
    return request_query(witness) if witness else ""
