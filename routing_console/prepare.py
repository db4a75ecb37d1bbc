"""What must be done before the processes start: migrate, collect static files, load the demo,
publish the first key.

`python3 -m routing_console.prepare [--demo]`: one process, because each start of Django costs
a second.
"""

import io
import json
import os
import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.db import OperationalError, connection

from routing_console import data_folder


def main(arguments: list[str]) -> None:
    """Prepare the database and the data folder that the environment names.

    Raises SystemExit, with a sentence, where the database cannot be reached.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
    django.setup()
    _reach_database()
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    if "--demo" in arguments and "load_demo" in get_commands() and _is_unused():
        _load_demo()
    # After the demo: its story begins weeks ago, and its first publication publishes the key.
    _publish_first_key()
    complete_demo_files(settings.DATA_DIR)


def _reach_database() -> None:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        told = connection.settings_dict
        at = f" at {told['HOST']}:{told['PORT'] or 5432}" if told["HOST"] else ""
        sys.exit(f"The database {told['NAME']}{at} cannot be reached: {error}")


def complete_demo_files(data_dir: Path) -> None:
    """Write the file of the demo's router token where an earlier version left none."""
    demo, file = data_folder.demo_file(data_dir), data_folder.demo_token_file(data_dir)
    if demo.exists() and not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"{json.loads(demo.read_text())['router_token']}\n")


def _publish_first_key() -> None:
    # Where the key cannot be used now, all but publishing works without it.
    try:
        call_command("keys", "publish", stdout=io.StringIO())
    except CommandError as error:
        print(f"Routers cannot be given a key yet. {error}", file=sys.stderr, flush=True)


def _is_unused() -> bool:
    # A database that knows no person is nobody's yet; any other must not get demo people.
    return not apps.get_model("auth", "User").objects.exists()


def _load_demo() -> None:
    print("Loading the demo workflow …", flush=True)
    # It writes the data folder's demo file, which is announced once the console is ready.
    call_command("load_demo", stdout=io.StringIO())


if __name__ == "__main__":
    main(sys.argv[1:])
