"""What Markdown files name is there.

A *path* is a span of code that is one name (letters, digits, ``.``, ``_``, ``-``, ``/``, ``*``)
and has a slash in it, or an ending that our files have, or is a name in the root folder. It is
looked for below the root, below the document's own folder and, without a slash, anywhere; with a
star, an ellipsis or ``<word>`` in it, at least one file or folder must match. ``path::name`` names
a test of that file. What begins with a slash is an address; what `.gitignore` leaves out, or what
lies outside, is not looked for; nor are media types, nor the few files of `NOT_IN_THE_TREE`.

A *command* is `manage.py` and what follows it, in a span or in any line of a fenced block: the
command must exist and its parser must know each option, sub-command and choice (not each value).
`python -m` must name a module that can be run, ours with options that its help tells of. Names in
capitals with an underscore, in a span, and all that begin with ``ROUTING_CONSOLE_`` or
``DJANGO_``, anywhere, must occur in the code.

Not looked at: other shell lines, paths within fenced blocks, and whether a sentence is true.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.claims import (
    wrong_commands,
    wrong_links,
    wrong_modules,
    wrong_paths,
    wrong_variables,
)
from tests.docs.markdown import ROOT, Document, documents

DOCUMENTS = {document.path: document for document in documents()}
CLIENT = re.compile(r"-m (policies\.client|routing_console_client)\b")
each_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=map(str, DOCUMENTS))

PLANTED = """\
# Planted

`policies/engine/nowhere.py`, `polices/engine`, `nowhere.yaml`, `policies/engine/nowhere_*.py`,
`tests/docs/test_markdown.py::test_nothing`, [a file](nowhere.md), [a heading](#nowhere).

`manage.py nowhere`, `manage.py audit alter`, `manage.py policy plan F --nowhere`, `manage.py
up --nowhere`, `manage.py test --nowhere`, `manage.py test tests/nowhere`.

```sh
echo | .venv/bin/python -m policies.nowhere --once   # not there
python3 -m policies.client --url U \\
  --nowhere
manage.py import_prices FILE [--apply [--nowhere N] | --as NAME]
```

`ROUTING_CONSOLE_NOWHERE=1`, DJANGO_NOWHERE and `NOWHERE_AT_ALL`.
"""
FOUND = [
    "`policies/engine/nowhere.py` is not there",
    "`polices/engine` is not there",
    "`nowhere.yaml` is not there",
    "`policies/engine/nowhere_*.py` is not there",
    "`tests/docs/test_markdown.py::test_nothing` names no test of that file",
    "the link to nowhere.md leads nowhere",
    "the link to #nowhere names no heading",
    "`manage.py nowhere` does not exist",
    "`manage.py audit` knows no alter",
    "`manage.py policy` takes no --nowhere",
    "`manage.py up` takes no --nowhere",
    "`manage.py test` takes no --nowhere",
    "`tests/nowhere` is not there",
    "`manage.py import_prices` takes no --nowhere",
    "`python -m policies.nowhere` runs nothing",
    "`python -m policies.client` takes no --nowhere",
    "DJANGO_NOWHERE occurs nowhere in the code",
    "NOWHERE_AT_ALL occurs nowhere in the code",
    "ROUTING_CONSOLE_NOWHERE occurs nowhere in the code",
]
SOUND = """\
# A heading, with `code`

`policies/engine`, `tests/docs/`, `claims.py`, `policies/*/__init__.py`, `manage.py`, `*.md`,
`tests/<folder>/__init__.py`, `tests/docs/test_markdown.py::of_tests`, `../shared/data`,
`/api/v1/schema/`, `application/json`, `.venv/bin/python`, `None`, `and so on/or not`,
[here](#a-heading-with-code), [there](../../README.md), [elsewhere](https://example.com/x.md).

`manage.py`, `manage.py policy`, `manage.py policy export W F [--environment E [--release N] |
--draft N]`, `manage.py test -k name --db postgres`, `manage.py up --port 8001`.

```
$ python3 manage.py audit verify | less --nothing-of-ours
python -m policies.client --url U --token T --state-dir F --once
```

`ROUTING_CONSOLE_DATA_DIR=/data`, `DATABASE_URL`.
"""


@pytest.fixture
def of_tests(pytestconfig: pytest.Config) -> OptionsOfTests:
    return OptionsOfTests(pytestconfig)


class OptionsOfTests:
    """What `manage.py test` takes: options of its own, and those of pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.own = (ROOT / "routing_console/test_command.py").read_text()

    def __call__(self, option: str) -> bool:
        try:
            self.config.getoption(option)
        except ValueError:
            return f'"{option}"' in self.own
        return True


@each_document
def test_paths__are_there(document: Document) -> None:
    assert list(wrong_paths(document)) == []


@each_document
def test_links__lead_somewhere(document: Document) -> None:
    assert list(wrong_links(document, DOCUMENTS)) == []


@each_document
def test_commands__exist_and_take_what_is_said(
    document: Document, of_tests: OptionsOfTests
) -> None:
    assert [*wrong_commands(document, of_tests), *wrong_modules(document)] == []


@each_document
def test_commands_of_routers__trust_given_keys_and_expect_their_place(document: Document) -> None:
    lines = [line for block in document.blocks for line in block.splitlines()]
    polls = [line for line in lines if CLIENT.search(line) and " --url " in line]
    wanted = ("--trusted-keys", "--expect", "--token-file")
    assert [line for line in polls if any(option not in line for option in wanted)] == []


@each_document
def test_variables__occur_in_the_code(document: Document) -> None:
    assert list(wrong_variables(document)) == []


def found_in(text: str, of_tests: OptionsOfTests) -> list[str]:
    document = Document(Path("tests/docs/made_up.md"), text)
    return [
        *wrong_paths(document),
        *wrong_links(document, {**DOCUMENTS, document.path: document}),
        *wrong_commands(document, of_tests),
        *wrong_modules(document),
        *wrong_variables(document),
    ]


def test_wrong_names__are_each_found(of_tests: OptionsOfTests) -> None:
    assert found_in(PLANTED, of_tests) == FOUND


def test_right_names__are_let_pass(of_tests: OptionsOfTests) -> None:
    assert found_in(SOUND, of_tests) == []
