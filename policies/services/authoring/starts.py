"""What a new draft can start from: documents of a template, cast with models of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from policies.engine import Catalogue, parse_catalogue
from policies.files.templates_library import Template, TemplateUnavailable, templates
from policies.governance.refusals import Reason, Refused
from policies.models import CatalogueModel
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.retirements import WARNED_AHEAD


@dataclass(frozen=True)
class TemplateOffer:
    """A template and who would play in it; ``missing`` says why nobody could start from it."""

    template: Template
    models: tuple[tuple[str, str], ...]
    missing: str = ""


def template_offers() -> list[TemplateOffer]:
    """Every template with the models it would name here. Four queries, however many there are."""
    catalogue, avoided = _catalogue(), _retiring()
    return [_offer(template, catalogue, avoided) for template in templates()]


def _offer(template: Template, catalogue: Catalogue, avoided: frozenset[str]) -> TemplateOffer:
    try:
        cast = template.cast(catalogue, avoided)
    except TemplateUnavailable as why:
        return TemplateOffer(template, (), str(why))
    named = [(role.label, cast[role.name]) for role in template.roles if role.name in cast]
    return TemplateOffer(template, tuple(named))


def template_documents(key: str) -> dict[str, Any]:
    """The documents of a template, with models of today's catalogue. Raises Refused."""
    template = next((found for found in templates() if found.key == key), None)
    if template is None:
        raise Refused(Reason("template", "There is no such template."))
    try:
        return template.documents(_catalogue(), _retiring())
    except TemplateUnavailable as why:
        resolve = "Add one to the catalogue, or start from something else."
        raise Refused(Reason("template", str(why), resolve)) from None


def _catalogue() -> Catalogue:
    return parse_catalogue(catalogue_document())


def _retiring() -> frozenset[str]:
    """Models that retire soon: nobody should start with them."""
    soon = timezone.now().date() + WARNED_AHEAD
    rows = CatalogueModel.objects.filter(retires_on__lte=soon)
    return frozenset(rows.values_list("key", flat=True))
