"""What `manage.py up` prints for newcomers uses the safe options."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from routing_console import announcement


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
    command = said[said.index("policies.client") :]
    assert f"--token-file {tmp_path}/router-token" in command
    assert "--trusted-keys router-keys.json --expect support-assistant/production" in command
    assert "rcr_secret" not in command
    assert f"{shlex.quote(sys.executable)} -m policies.client" in said


def test_ready__without_a_demo__names_address_and_folder(tmp_path: Path) -> None:
    said = announcement.ready("http://127.0.0.1:8000", tmp_path)
    assert "http://127.0.0.1:8000" in said and str(tmp_path) in said and "rcr_" not in said
