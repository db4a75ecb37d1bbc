"""What the Markdown files of the repository say: their spans of code, blocks, links, headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)

FENCE = re.compile(r"^ *(```+|~~~+)[^\n]*\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
# A span may go on in the next line, not in the next paragraph.
SPAN = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n\s*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^ *\[[^\]]+\]: *(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A Markdown file: its path below the root, and its text."""

    path: Path
    text: str

    @cached_property
    def prose(self) -> str:
        """The text outside fenced blocks."""
        return FENCE.sub("\n", self.text)

    @cached_property
    def blocks(self) -> list[str]:
        """The text of each fenced block, lines that end in a backslash joined with the next."""
        return [body.replace("\\\n", " ") for _, body in FENCE.findall(self.text)]

    @cached_property
    def spans(self) -> list[str]:
        """What stands in backticks in the prose, on one line each."""
        return [" ".join(body.split()) for _, body in SPAN.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and images, as written."""
        return [here or below for here, below in LINK.findall(SPAN.sub("", self.prose))]

    @cached_property
    def anchors(self) -> set[str]:
        """Names by which its headings are linked to, as GitHub makes them."""
        found: list[str] = []
        for title in HEADING.findall(self.prose):
            words = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", title).lower())
            found.append(words.replace(" ", "-"))
        again = [f"{name}-{found[:place].count(name)}" for place, name in enumerate(found)]
        return {*found, *again}


@cache
def tree() -> frozenset[str]:
    """Paths of all files and folders below the root that `.gitignore` does not leave out."""
    found: set[str] = set()
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.name in left_out() or path.name == ".git" or path.suffix == ".pyc":
                continue
            found.add(path.relative_to(ROOT).as_posix())
            if path.is_dir() and not path.is_symlink():
                folders.append(path)
    return frozenset(found)


@cache
def left_out() -> frozenset[str]:
    """Names of what is made at run time, from `.gitignore`."""
    return frozenset(line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines())


def documents() -> list[Document]:
    paths = sorted(Path(name) for name in tree() if name.endswith(".md"))
    return [Document(path, (ROOT / path).read_text()) for path in paths]
