"""What `manage.py up` prints for newcomers uses the safe options."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from routing_console import announcement
from routing_console.project_root import BASE_DIR


def test_ready__with_a_demo__pins_keys_and_place_and_keeps_the_token_in_a_file(
    tmp_path: Path,
) -> None:
    demo = {
        "accounts": [{"username": "owner", "password": "p", "role": "owner"}],
        "router_token": "rcr_secret",
        "workflow": "support-assistant",
        "environment": "production",
    }
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    said = announcement.ready("http://127.0.0.1:8000", tmp_path)
    command = said[said.index("Decide as a router does") :]
    assert f"--token-file {tmp_path}/router-token" in command
    keys = f"{tmp_path}/router-keys.json"
    assert f"curl -so {keys} http://127.0.0.1:8000/.well-known/jwks.json" in command
    assert f"--trusted-keys {keys} --expect support-assistant/production" in command
    assert f"cd {shlex.quote(str(BASE_DIR))}\n" in command
    assert "rcr_secret" not in command
    assert f"{shlex.quote(sys.executable)} -m policies.client" in said


def test_ready__with_another_demo__has_its_router_remember_nothing_of_the_one_before(
    tmp_path: Path,
) -> None:
    """Its releases count from 1 again: a router that had seen more would take them for a replay."""
    (tmp_path / "demo.json").write_text('{"workflow": "w"}')
    said = announcement.ready("http://127.0.0.1:8000", tmp_path)
    assert f"--state-dir {tmp_path}/router-state" in said


def test_ready__with_a_folder_of_its_own__says_how_commands_find_it(tmp_path: Path) -> None:
    setting = f"ROUTING_CONSOLE_DATA_DIR={tmp_path}"
    assert setting in announcement.ready("http://127.0.0.1:8000", tmp_path)
    said = announcement.ready("http://127.0.0.1:8000", BASE_DIR / "data")
    assert "ROUTING_CONSOLE_DATA_DIR" not in said


def test_ready__without_a_demo__names_address_and_folder(tmp_path: Path) -> None:
    said = announcement.ready("http://127.0.0.1:8000", tmp_path)
    assert "http://127.0.0.1:8000" in said and str(tmp_path) in said and "rcr_" not in said
    setting = f"ROUTING_CONSOLE_DATA_DIR={tmp_path}"
    assert f"  {setting} python3 manage.py createsuperuser\n" in said
    said = announcement.ready("http://127.0.0.1:8000", BASE_DIR / "no-data")
    assert "manage.py createsuperuser" in said
