"""Good places to start: complete documents with roles in place of models. Pure."""

from policies.files.templates_library.library import Template, TemplateUnavailable, templates
from policies.files.templates_library.roles import Role

__all__ = ["Role", "Template", "TemplateUnavailable", "templates"]
