"""Places of a document, bound to what a page shows there: controls, choices, problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from policies.forms.authoring import leaves
from policies.forms.authoring.choices import blank_choice, choices_of
from policies.forms.authoring.shape_kinds import Kind, Leaf
from policies.forms.authoring.tree import RAW
from policies.forms.authoring.vocabulary import Vocabulary


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    chosen: bool
    known: bool = True


@dataclass
class Node:
    """One place. Templates reach members by name (``rule.when``), list entries by ``entries``.

    ``path`` is the name of its control, ``pointer`` its place in the document, ``problems`` what
    is wrong right here, ``below`` how many problems there are here and further in, ``held`` the
    raw value; a folded entry has all of it in ``raw``. No field is called as a member of a
    document may be, for members come first.
    """

    path: str
    pointer: str
    held: Any = None
    leaf: Leaf | None = None
    texts: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    raw: str | None = None
    members: dict[str, Node] = field(default_factory=dict)
    entries: list[Node] = field(default_factory=list)
    strays: list[Node] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    below: int = 0
    note: str = ""
    is_folded: bool = False

    def __getitem__(self, key: str) -> Node:
        return self.members[key]

    @property
    def html_id(self) -> str:
        return element_id("f", self.path)

    @property
    def error_id(self) -> str:
        return element_id("e", self.path)

    @property
    def raw_name(self) -> str:
        return f"{self.path}.{RAW}" if self.path else RAW

    @property
    def text(self) -> str:
        return self.texts[0] if self.texts else ""

    @property
    def widget(self) -> str:
        """checkbox, chips, lines, select, or what the leaf asks for: input, code, textarea."""
        if self.leaf is None:
            return ""
        if self.leaf.kind is Kind.FLAG:
            return "checkbox"
        if self.leaf.kind is Kind.WORDS:
            return "chips"
        if self.leaf.kind in (Kind.LINES, Kind.OPTIONAL_LINES, Kind.JSON):
            return "lines"
        if self.leaf.choices or self.leaf.source:
            return "select"
        return self.leaf.widget or ("number" if self.leaf.kind is Kind.NUMBER else "input")


def element_id(prefix: str, path: str) -> str:
    """A stable id: focus comes back to the same control after a swap."""
    steps = path.replace(RAW, "raw").replace("=", "-").replace("%", "-").replace(".", "-")
    return f"{prefix}-{steps}" if path else prefix


def leaf_node(
    leaf: Leaf,
    value: Any,
    path: str,
    pointer: str,
    vocabulary: Vocabulary,
    siblings: dict[str, Any],
) -> Node:
    """A control with its choices; raw where it cannot show the value."""
    words = leaves.texts_of(leaf, value)
    if words is None:
        return raw_node(value, path, pointer, leaf)
    node = Node(path, pointer, value, leaf, words)
    if node.widget in ("select", "chips"):
        node.options = _options(leaf, words, vocabulary, siblings)
    return node


def raw_node(value: Any, path: str, pointer: str, leaf: Leaf | None = None) -> Node:
    return Node(path, pointer, value, leaf, raw=leaves.raw_text(value))


def _options(
    leaf: Leaf, chosen: list[str], vocabulary: Vocabulary, siblings: dict[str, Any]
) -> list[Option]:
    """The choices, and whatever is chosen that is none of them: never dropped, only marked."""
    choices = choices_of(leaf, vocabulary, siblings)
    known = {choice.value for choice in choices}
    options = [Option(choice.value, choice.label, choice.value in chosen) for choice in choices]
    if leaf.kind is Kind.WORDS:
        seen: set[str] = set()
        repeated = [word for word in chosen if word in seen or seen.add(word)]  # type: ignore[func-returns-value]
        strange = [word for word in chosen if word not in known and word not in repeated]
        return options + [
            Option(word, f"{word} (again)" if word in repeated else word, True, False)
            for word in [*strange, *repeated]
        ]
    blank = blank_choice(leaf)
    if blank:
        options.insert(0, Option(blank.value, blank.label, chosen == [""]))
    elif chosen == [""]:
        options.insert(0, Option("", "Choose…", True))
    elif chosen[0] not in known:
        options.insert(0, Option(chosen[0], f"{chosen[0]} (unknown)", True, False))
    if blank and chosen[0] and chosen[0] not in known:
        options.append(Option(chosen[0], f"{chosen[0]} (unknown)", True, False))
    return options
