"""What `manage.py up` prints when the console is ready. Standard library only."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from routing_console import data_folder
from routing_console.project_root import BASE_DIR


def ready(address: str, data_dir: Path) -> str:
    """Address, people to sign in as, the router token and commands to try it with."""
    lines = [f"Routing Console runs at {address}", ""]
    setting = ""
    if data_dir != data_folder.DEFAULT_DIR:
        setting = f"ROUTING_CONSOLE_DATA_DIR={shlex.quote(str(data_dir))} "
    demo = _read_demo(data_dir)
    if demo:
        lines += [*_people(demo), *_router(demo, address, data_dir), ""]
    else:
        lines += [
            "Make the first account to sign in as, if there is none:",
            f"  cd {shlex.quote(str(BASE_DIR))}",
            f"  {setting}python3 manage.py createsuperuser",
            "",
        ]
    if setting:
        lines.append(f"Other commands of manage.py need {setting}in the environment.")
    return "\n".join([*lines, f"Data and logs are in {data_dir}. Ctrl-C stops it."])


def _read_demo(data_dir: Path) -> dict[str, Any]:
    try:
        found = json.loads(data_folder.demo_file(data_dir).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _people(demo: dict[str, Any]) -> list[str]:
    lines = ["Sign in as one of these (the sign-in page has a button for each):"]
    for account in demo.get("accounts", []):
        name, password, role = (account.get(key, "") for key in ("username", "password", "role"))
        lines.append(f"  {role:<10} {name:<12} password {password}")
    return lines


def _router(demo: dict[str, Any], address: str, data_dir: Path) -> list[str]:
    token, file = demo.get("router_token", ""), data_folder.demo_token_file(data_dir)
    place = f"{demo.get('workflow', '')}/{demo.get('environment', '')}"
    # In the data folder: a router that remembered another demo's would refuse this one's releases.
    keys, state = (
        shlex.quote(str(data_dir / name)) for name in ("router-keys.json", "router-state")
    )
    return [
        f"Router token of {place}, also in {file}: {token}",
        "See the policy that a router fetches:",
        f"  curl -H 'Authorization: Bearer {token}' {address}/api/v1/policy",
        "Decide as a router does: with the console's keys pinned, for this place alone:",
        f"  cd {shlex.quote(str(BASE_DIR))}",
        f"  curl -so {keys} {address}/.well-known/jwks.json",
        '  echo \'{"attributes": {"intent": "faq", "prompt_tokens": 300}}\' |',
        f"    {shlex.quote(sys.executable)} -m policies.client --once --state-dir {state} \\",
        f"      --url {address} --token-file {shlex.quote(str(file))} \\",
        f"      --trusted-keys {keys} --expect {place}",
    ]
