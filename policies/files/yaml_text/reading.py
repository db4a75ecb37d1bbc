"""Reading YAML strictly, event by event, with the place of every value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml

from policies.engine import DocumentError, Problem
from policies.engine.canonical import MAX_DEPTH, has_lone_surrogate
from policies.engine.errors import pointer_token
from policies.files.yaml_text.scalars import UnreadableScalar, plain_value

MAX_CHARACTERS = 1_000_000
MAX_VALUES = 200_000

# libyaml's parser where the wheel has it: the same events, some fifty times faster.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What the parser says → what would mend it.
MENDS = (
    (r"tab|cannot start any token", "indent with spaces, and put text that starts oddly in quotes"),
    (r"mapping values are not allowed", 'put text with ": " in quotes, or mend the indentation'),
    (r"could not find expected ':'", 'write "key: value", or mend the indentation'),
    (r"did not find expected (key|'-' indicator)", "entries of one level need one indentation"),
    (r"expected ',' or '[\]}]'", "close the bracket, or part the entries by commas"),
    (r"unexpected end of stream", "close the quotes or the bracket"),
    (r"control characters|not allowed in this|special characters", "take that character out"),
    (r"unknown escape|escape sequence", "write a backslash twice, or use single quotes"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text; both numbers count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


START = Mark(1, 1)


class YamlError(DocumentError):
    """The text cannot be read. ``found`` pairs each problem with its place, in the text's order;
    the messages of ``problems`` end with the place.
    """

    def __init__(self, found: Iterable[tuple[Mark, Problem]]) -> None:
        self.found = tuple(sorted(found, key=lambda entry: (entry[0].line, entry[0].column)))
        super().__init__(
            Problem(problem.pointer, f"{problem.message} ({mark})") for mark, problem in self.found
        )

    def __reduce__(self) -> tuple[type[DocumentError], tuple[Any, ...]]:
        return (type(self), (self.found,))

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(mark for mark, _ in self.found)


@dataclass(frozen=True, slots=True)
class YamlText:
    """What a text holds, and where: ``places`` maps JSON pointers to the start of a member."""

    value: object
    places: Mapping[str, Mark]


def place_of(places: Mapping[str, Mark], pointer: str) -> Mark:
    """Where a pointer leads, or the nearest thing around it (a missing member has no place)."""
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer, START)


def load_yaml(text: str) -> YamlText:
    """The value of a YAML text, made of dict, list, str, int, float, bool and None.

    Raises YamlError with everything that is wrong, or with the first thing that stops the reader;
    each problem names its line and column and says what would be right.
    """
    text = text.removeprefix("\ufeff")
    _refuse_unreadable(text)
    reader = _Reader()
    try:
        for event in _events(text):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        raise YamlError([*reader.problems, _syntax_problem(error)]) from None
    except yaml.YAMLError as error:
        problem = Problem("", f"is not YAML: {error}; take that character out")
        raise YamlError([(START, problem)]) from None
    if reader.problems:
        raise YamlError(reader.problems)
    return YamlText(reader.root[0], reader.places)


def _refuse_unreadable(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        message = f"must be at most {MAX_CHARACTERS:,} characters, not {len(text):,}"
        raise YamlError([(START, Problem("", message))])
    if has_lone_surrogate(text):
        message = "must be valid Unicode text, without lone surrogates"
        raise YamlError([(START, Problem("", message))])


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=_LOADER)


class _Position(Protocol):
    """What both of PyYAML's parsers tell of a place, counting from 0."""

    line: int
    column: int


def _mark(mark: _Position | None) -> Mark:
    return START if mark is None else Mark(mark.line + 1, mark.column + 1)


def _syntax_problem(error: yaml.MarkedYAMLError) -> tuple[Mark, Problem]:
    said = error.problem or "it cannot be read"
    begun = f", begun in line {error.context_mark.line + 1}," if error.context_mark else ""
    context = f" {error.context}{begun}" if error.context else ""
    mend = next((mend for found, mend in MENDS if re.search(found, said)), "")
    message = f"is not YAML: {said}{context}".rstrip(",") + (f"; {mend}" if mend else "")
    return _mark(error.problem_mark or error.context_mark), Problem("", message)


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. ``key`` is the member whose value comes next."""

    value: dict[str, object] | list[object]
    pointer: str
    key: str | None = None
    mark: Mark = START
    lines: dict[str, Mark] = field(default_factory=dict)


class _Reader:
    """Builds the value from events with a stack of its own, so that no nesting exhausts Python's.

    A collection that stands where a key should is read into nowhere.
    """

    def __init__(self) -> None:
        self.problems: list[tuple[Mark, Problem]] = []
        self.places: dict[str, Mark] = {}
        self.root: list[object] = [None]
        self.stack: list[_Frame] = []
        self.values = 0
        self.documents = 0
        self.skipping = 0

    def take(self, event: yaml.Event) -> None:
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop(mark, "must hold one document; write the other into a file of its own")
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close()
        elif isinstance(event, yaml.NodeEvent):
            self.count(mark)
            self.refuse_extras(event, mark)
            self.take_node(event, mark)

    def count(self, mark: Mark) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            self.stop(mark, f"must hold at most {MAX_VALUES:,} values")

    def stop(self, mark: Mark, message: str) -> None:
        raise YamlError([*self.problems, (mark, Problem("", message))])

    def report(self, mark: Mark, pointer: str, message: str) -> None:
        self.problems.append((mark, Problem(pointer, message)))

    def refuse_extras(self, event: yaml.NodeEvent, mark: Mark) -> None:
        """Anchors, aliases and tags: each could make a small text mean something large or odd."""
        where = self.next_pointer()
        if event.anchor is not None:
            self.report(mark, where, "must not use anchors or aliases; write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self.report(mark, where, f"must not use tags such as {tag}; quote text instead")

    def take_node(self, event: yaml.NodeEvent, mark: Mark) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self.open(event, mark)
        elif self.skipping:
            return
        elif self.wants_key:
            self.take_key(event, mark)
        elif isinstance(event, yaml.ScalarEvent):
            self.put(self.scalar(event, mark), mark)
        else:
            self.put(None, mark)

    @property
    def wants_key(self) -> bool:
        return (
            bool(self.stack)
            and isinstance(self.stack[-1].value, dict)
            and (self.stack[-1].key is None)
        )

    def open(self, event: yaml.NodeEvent, mark: Mark) -> None:
        if self.skipping:
            self.skipping += 1
            return
        if self.wants_key:
            self.report(mark, self.stack[-1].pointer, "must have texts as keys")
            self.skipping = 1
            return
        if len(self.stack) >= MAX_DEPTH:
            self.stop(mark, f"must not be nested deeper than {MAX_DEPTH} levels")
        value: dict[str, object] | list[object]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Frame(value, self.put(value, mark)))

    def close(self) -> None:
        if not self.skipping:
            self.stack.pop()
            return
        self.skipping -= 1
        if not self.skipping:
            self.stack[-1].key = ""  # its value is read, and lost with it

    def take_key(self, event: yaml.Event, mark: Mark) -> None:
        frame = self.stack[-1]
        key = self.key_text(event, mark)
        place = frame.pointer + pointer_token(key)
        if key in frame.lines:
            first = frame.lines[key]
            self.report(mark, place, f"is written twice, first in line {first.line}; keep one")
        frame.key, frame.mark = key, mark
        frame.lines.setdefault(key, mark)

    def key_text(self, event: yaml.Event, mark: Mark) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            return ""
        try:
            is_text = not event.implicit[0] or isinstance(plain_value(event.value), str)
        except UnreadableScalar:
            is_text = False
        if not is_text:
            message = f'must have texts as keys; write "{event.value}" in quotes'
            self.report(mark, self.stack[-1].pointer, message)
        return str(event.value)

    def scalar(self, event: yaml.ScalarEvent, mark: Mark) -> object:
        if not event.implicit[0]:
            return event.value
        try:
            return plain_value(event.value)
        except UnreadableScalar as error:
            self.report(mark, self.next_pointer(), str(error))
            return None

    def next_pointer(self) -> str:
        if not self.stack:
            return ""
        frame = self.stack[-1]
        step = len(frame.value) if isinstance(frame.value, list) else frame.key or ""
        return frame.pointer + pointer_token(step)

    def put(self, value: object, mark: Mark) -> str:
        """Put a value where it belongs; its pointer."""
        pointer = self.next_pointer()
        if not self.stack:
            self.root[0] = value
        elif isinstance(self.stack[-1].value, list):
            self.stack[-1].value.append(value)
        else:
            frame = self.stack[-1]
            mark = frame.mark
            self.stack[-1].value[frame.key or ""] = value
            frame.key = None
        self.places[pointer] = mark
        return pointer
