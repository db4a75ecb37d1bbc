"""`python3 -m routing_console_client [COMMAND]`; see `commands`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .commands import COMMANDS, DEFAULT


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command named first, or the default one; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = words.pop(0) if words and words[0] in COMMANDS else DEFAULT
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=_program(name, words),
        description=command.SUMMARY[0].upper() + command.SUMMARY[1:] + ".",
        epilog=_list_of_commands(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_options(parser)
    return command.run(parser.parse_args(words))


def _program(name: str, words: Sequence[str]) -> str:
    package = (__package__ or "").removesuffix(".client") or "routing_console_client"
    start = f"python3 -m {package if package != 'policies' else 'policies.client'}"
    return start if name == DEFAULT else f"{start} {name}"


def _list_of_commands() -> str:
    width = max(map(len, COMMANDS))
    rows = (f"  {name:<{width}}  {command.SUMMARY}" for name, command in COMMANDS.items())
    return "\n".join(("commands:", *rows))


if __name__ == "__main__":
    sys.exit(main())
