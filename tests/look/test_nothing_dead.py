"""No template and no class of a style sheet that nothing uses any more."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Shown by Django itself.
OF_DJANGO = frozenset({"400.html", "403.html", "404.html", "500.html"})
# Set by htmx and Plotly in the browser.
OF_LIBRARIES = ("htmx-", "js-plotly", "plotly", "modebar", "main-svg", "hoverlayer")
# A name that is put together: "verdict--{{ tone }}", f"read_{kind}.html", `series-${n}`.
PUT_TOGETHER = re.compile(r"([\w/-]*[\w/-])(?:\{\{|\{%|\$\{|\{)")


def written() -> str:
    """All that could name a template or a class."""
    folders = ("templates", "static/js", "policies", "evaluations", "routing_console")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".html", ".py", ".js") and "migrations" not in path.parts
    ]
    return "\n".join(path.read_text() for path in files)


def test_templates__are_all_used() -> None:
    text = written()
    begun = {start for start in PUT_TOGETHER.findall(text) if "/" in start}
    folder = ROOT / "templates"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    dead = {
        name
        for name in names - OF_DJANGO
        if f'"{name}"' not in text
        and f'"{Path(name).name}"' not in text
        and not any(name.startswith(start) for start in begun)
    }
    assert sorted(dead) == []


def test_classes_of_style_sheets__are_all_used() -> None:
    text = written()
    said = set(re.findall(r"[\w-]+", text))
    begun = {start for start in PUT_TOGETHER.findall(text) if start.endswith(("-", "__"))}
    sheets = "\n".join(path.read_text() for path in (ROOT / "static/css").glob("*.css"))
    sheets = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", sheets, flags=re.DOTALL)
    classes = set(re.findall(r"\.([a-zA-Z][\w-]*)(?=[^;{}]*\{)", sheets))
    dead = {
        name
        for name in classes - said
        if not name.startswith(OF_LIBRARIES) and not any(name.startswith(start) for start in begun)
    }
    assert sorted(dead) == []
