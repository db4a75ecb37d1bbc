"""`policy export-for` and `policy import-from`: their arguments, and loss reports as lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from policies.files.yaml_text.reading import MAX_CHARACTERS
from policies.interop import FORMATS, Loss
from policies.management.arguments import whole_text

OUT, IN = "export-for", "import-from"


def add_out(actions: Any) -> None:
    """`policy export-for ROUTER WORKFLOW`."""
    out = actions.add_parser(OUT, help="write a policy for another router")
    out.add_argument("router", choices=FORMATS)
    out.add_argument("workflow")
    which = out.add_mutually_exclusive_group()
    which.add_argument("--environment", help="what is in force there (default: furthest along)")
    which.add_argument("--draft", type=int, help="number of a draft, as its address has it")
    out.add_argument("--release", type=int, help="number of a release of --environment")
    out.add_argument("--output", type=Path, help="file to write (default: standard output)")


def add_in(actions: Any) -> None:
    """`policy import-from ROUTER FILE`."""
    bring = actions.add_parser(IN, help="make a draft of another router's configuration")
    bring.add_argument("router", choices=FORMATS)
    bring.add_argument("file", type=Path)
    bring.add_argument("--workflow", required=True)
    bring.add_argument("--as", dest="username", required=True, help="who does it")
    bring.add_argument("--title", type=whole_text, default="", help="default: the file's name")


def configuration(path: Path) -> str:
    """The text of a file. Raises ArgumentTypeError with a sentence."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be read: {error}") from None
    if len(text) > MAX_CHARACTERS:
        raise argparse.ArgumentTypeError(f"{path} is too large to be a configuration.")
    return text


def loss_lines(losses: Iterable[Loss]) -> Iterator[str]:
    """`approximated  /router_policy/…  Splits are drawn anew …`, each on a line."""
    for loss in losses:
        yield f"{loss.fidelity.value:<16}  {loss.place or '/'}  {loss.sentence}"
