"""What a Markdown file claims of the repository and what of it does not hold, a sentence each."""

from __future__ import annotations

import argparse
import fnmatch
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.docs.markdown import ROOT, Document, left_out, tree

OUR_PACKAGES = ("routing_console", "evaluations", "policies", "tests")
ENDINGS = frozenset({"css", "html", "js", "json", "lock", "md", "png", "py", "svg", "toml", "yaml"})
# Modules that are called otherwise once they are installed.
IN_THE_TREE = {"routing_console_client": "policies.client"}
MEDIA_TYPES = ("application/", "audio/", "image/", "multipart/", "text/", "video/")
# `manage.py up` without what it does before, which is to install.
UP = "import sys; from routing_console import supervisor; supervisor.main(sys.argv[1:])"
# Files that people or routers keep elsewhere, by the names that the documents give them.
NOT_IN_THE_TREE = frozenset(
    {
        *("workflow.yaml", "request_classification.yaml", "router_policy.yaml"),
        *("fallback_matrix.yaml", "quality_thresholds.yaml"),  # a workflow's folder
        *("release.json", "newest.json"),  # a router's state folder
        *("policy.json", "jwks.json", "keys.json", "trusted-keys.json"),  # static delivery, keys
    }
)

ONE_NAME = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
PLACEHOLDER = re.compile(r"<[\w -]+>|…")
# One blank only: a listing of files, in columns, has more.
MANAGE = re.compile(r"manage\.py((?: [^\s|&;#]+)*)")
MODULE = re.compile(r"python[\d.]*[ \t]+-m[ \t]+([\w.]+)((?:[ \t]+[^\s|&;#]+)*)")
BRACKETS = re.compile(r"\[([^\[\]\n]*)\]")
FLAG = re.compile(r"--?[a-zA-Z][\w-]*")
OUR_VARIABLE = re.compile(r"\b(?:ROUTING_CONSOLE|DJANGO)_[A-Z0-9_]*[A-Z0-9]\b")
CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


# --- Paths ------------------------------------------------------------------------------
def wrong_paths(document: Document) -> Iterator[str]:
    for span in document.spans:
        name, _, test = span.partition("::")
        if _is_path(name := PLACEHOLDER.sub("*", name)):
            if not (found := _found(name, document.path.parent)):
                yield f"`{span}` is not there"
            elif test and not any(f"def {test}(" in (ROOT / path).read_text() for path in found):
                yield f"`{span}` names no test of that file"


def _is_path(name: str) -> bool:
    if not ONE_NAME.fullmatch(name) or name in NOT_IN_THE_TREE or name.startswith(MEDIA_TYPES):
        return False
    if name.split("/")[0] in left_out() | {".."}:
        return False
    return "/" in name or name in tree() or ("." in name and name.rpartition(".")[2] in ENDINGS)


def _found(name: str, folder: Path) -> list[str]:
    wanted = name.rstrip("/")
    patterns = [wanted, (folder / wanted).as_posix()]
    if "/" not in wanted:
        patterns.append(f"*/{wanted}")
    found = {path for pattern in patterns for path in fnmatch.filter(tree(), pattern)}
    return sorted(path for path in found if not name.endswith("/") or (ROOT / path).is_dir())


def wrong_links(document: Document, others: dict[Path, Document]) -> Iterator[str]:
    for target in document.links:
        if re.match(r"[a-z]+:", target):  # https:, mailto:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / document.path.parent / name).resolve() if name else ROOT / document.path
        where = others.get(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else None
        if name and not (path.exists() and path.is_relative_to(ROOT)):
            yield f"the link to {target} leads nowhere"
        elif anchor and (where is None or anchor not in where.anchors):
            yield f"the link to {target} names no heading"


# --- Commands ---------------------------------------------------------------------------
def wrong_commands(document: Document, of_tests: Callable[[str], bool]) -> Iterator[str]:
    """`of_tests` tells whether `manage.py test` takes an option."""
    for name, words in _commands(document):
        if name == "test":
            yield from _unknown("manage.py test", words, of_tests)
            yield from (f"`{word}` is not there" for word in words if _names_nothing(word))
        elif name == "up":
            yield from _unknown("manage.py up", words, _options_of("-c", UP).__contains__)
        elif name in get_commands():
            yield from _wrong_words(name, words)
        else:
            yield f"`manage.py {name}` does not exist"


def _commands(document: Document) -> Iterator[tuple[str, list[str]]]:
    for text in _shell_texts(document):
        for said in MANAGE.findall(text):
            name, *words = said.split() or [""]
            if re.fullmatch(r"[a-z_]+", name):  # else it stands for any command, or for none
                yield name, words


def _names_nothing(word: str) -> bool:
    return "/" in word and not _found(PLACEHOLDER.sub("*", word).partition("::")[0], Path())


def _wrong_words(name: str, words: list[str]) -> Iterator[str]:
    """What Django's parser of a command does not know: options, sub-commands, choices."""
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    parser: argparse.ArgumentParser = command.create_parser("manage.py", name)
    options = set(parser._option_string_actions)
    positional = [action.choices for action in parser._actions if not action.option_strings]
    choices, first = next(iter(positional), None), next(iter(words), "")
    if choices is not None and first.islower() and first not in choices:
        yield f"`manage.py {name}` knows no {first}"
    elif isinstance(choices, dict) and first in choices:  # a sub-command with its own parser
        options |= set(choices[first]._option_string_actions)
    yield from _unknown(f"manage.py {name}", words, options.__contains__)


def _unknown(program: str, words: list[str], known: Callable[[str], bool]) -> Iterator[str]:
    names = [word.partition("=")[0] for word in words]
    yield from (
        f"`{program}` takes no {name}" for name in names if FLAG.fullmatch(name) and not known(name)
    )


def _shell_texts(document: Document) -> Iterator[str]:
    """Spans and lines of blocks; of a synopsis, what stands in brackets without them."""
    for text in [*document.spans, *document.blocks]:
        plain, inner = text, 1
        while inner:
            plain, inner = BRACKETS.subn(lambda found: found[1].replace("|", " "), plain)
        yield from plain.splitlines()


# --- Modules and variables --------------------------------------------------------------
def wrong_modules(document: Document) -> Iterator[str]:
    for text in _shell_texts(document):
        for said, rest in MODULE.findall(text):
            module, words = IN_THE_TREE.get(said, said), rest.split()
            if not _can_be_run(module):
                yield f"`python -m {said}` runs nothing"
            elif module.startswith(OUR_PACKAGES) and words:
                command = words[:1] if words[0].isalpha() else []
                own = _options_of("-m", module, *command).__contains__
                yield from _unknown(" ".join(["python -m", said, *command]), words, own)


def _can_be_run(module: str) -> bool:
    try:
        spec = find_spec(module)
        if spec is None or spec.submodule_search_locations is None:
            return spec is not None
        return find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False


@cache
def _options_of(*how: str) -> frozenset[str]:
    """The options that a program of ours names when asked for help."""
    command = [sys.executable, *how, "--help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(FLAG.findall(helped.stdout))


def wrong_variables(document: Document) -> Iterator[str]:
    named = {span.partition("=")[0] for span in document.spans}
    named = {name for name in named if CONSTANT.fullmatch(name)}
    for name in sorted(named | set(OUR_VARIABLE.findall(document.text))):
        if name not in _words_of_code():
            yield f"{name} occurs nowhere in the code"


@cache
def _words_of_code() -> frozenset[str]:
    files = [ROOT / name for name in tree() if name.endswith(".py") and "tests/docs/" not in name]
    return frozenset(word for file in files for word in re.findall(r"\w+", file.read_text()))
