"""Lays the wheel out: `client` and `engine` beside each other, as they are in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "routing_console_client"
LEFT_OUT = {"__pycache__", "wheel", "pyproject.toml", "README.md", "LICENSE"}


class Layout(BuildHookInterface[Any]):
    """Names each file of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        client = Path(self.root)
        files = {client / "wheel" / "package.py": f"{PACKAGE}/__init__.py"}
        files[client / "wheel" / "main.py"] = f"{PACKAGE}/__main__.py"
        files[client / "wheel" / "litellm.py"] = f"{PACKAGE}/litellm/__init__.py"
        files[client / "wheel" / "litellm_proxy.py"] = f"{PACKAGE}/litellm/proxy.py"
        files[client / "wheel" / "py.typed"] = f"{PACKAGE}/py.typed"
        for folder in (client, client.parent / "engine"):
            for file in sorted(folder.rglob("*")):
                parts = file.relative_to(folder).parts
                if file.is_file() and not LEFT_OUT.intersection(parts):
                    files[file] = "/".join((PACKAGE, folder.name, *parts))
        build_data["force_include"].update({str(file): place for file, place in files.items()})
