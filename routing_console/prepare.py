"""What must be done before the processes start: migrate, collect static files, load the demo.

`python3 -m routing_console.prepare [--demo]`: one process, because each start of Django costs
a second. The last line says whether the demo was loaded.
"""

import io
import os
import sys

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands

from routing_console import data_folder


def main(arguments: list[str]) -> None:
    """Prepare the database and the data folder that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    if "--demo" in arguments and "load_demo" in get_commands() and _is_unused():
        _load_demo()


def _is_unused() -> bool:
    # A database that knows no person is nobody's yet; any other must not get demo people.
    return not apps.get_model("auth", "User").objects.exists()


def _load_demo() -> None:
    print("Loading the demo workflow …", flush=True)
    printed = io.StringIO()
    call_command("load_demo", stdout=printed)
    demo_file = data_folder.demo_file(settings.DATA_DIR)
    if not demo_file.exists():
        demo_file.write_text(printed.getvalue())
        demo_file.chmod(0o600)


if __name__ == "__main__":
    main(sys.argv[1:])
