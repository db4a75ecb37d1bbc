"""What the strict content policy asks of every template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").rglob("*.html"))
INLINE = re.compile(r"""<style\b|\sstyle=|\son[a-z]+=["']|<script(?![^>]*\ssrc=)|javascript:""")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template__under_the_content_policy__has_no_inline_style_or_script(
    template: Path,
) -> None:
    assert INLINE.findall(template.read_text()) == []
