"""A console's database with a release of some 30 kB, tokens for it, and the next publication.

Import this before anything of Django: it settles the environment that the server inherits.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(tempfile.mkdtemp(prefix="console-bench-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "routing_console.settings",
    "DJANGO_SECRET_KEY": "only-for-measuring-" + "x" * 50,
    "ROUTING_CONSOLE_DATA_DIR": str(FOLDER),
    "ROUTING_CONSOLE_INSECURE_HTTP": "1",
    "ROUTING_CONSOLE_LOG_LEVEL": "ERROR",
    "REDIS_URL": f"unix://{FOLDER / 'valkey.sock'}",
}

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from policies.models import Environment, Release  # noqa: E402
from policies.services.releases.publication import roll_back  # noqa: E402
from policies.services.routers.tokens import issue_router_token  # noqa: E402
from tests.policies.cast import Founded, found, release_in  # noqa: E402
from tests.policies.steps import documents, published  # noqa: E402
from tests.services.valkey import start_valkey  # noqa: E402

ROUTES = 62  # rules that make a release of some 30 kB


@dataclass
class World:
    """What the servers under test serve."""

    founded: Founded
    staging: Environment
    tokens: list[str]
    releases: list[Release]

    @property
    def active(self) -> Release:
        return Release.objects.active().get(environment=self.staging)

    def publish(self) -> float:
        """The release of before, back under a new number, as the console's button does it; when
        it began to commit (`time.perf_counter`)."""
        before = next(each for each in self.releases if each.bundle != self.active.bundle)
        with transaction.atomic():
            roll_back(before, "Measured.", acting_user=self.founded.owner)
            return time.perf_counter()


def prepare(tokens: int) -> World:
    """A migrated database with two releases of the same size, and so many router tokens."""
    valkey = start_valkey(FOLDER / "valkey.sock")
    atexit.register(valkey.stop)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    founded = release_in(found())
    staging, author, owner = founded.staging, founded.author, founded.owner
    if staging is None or author is None:
        raise RuntimeError("the cast is not complete")
    releases = [published(staging, author, [owner], owner, _long(share)) for share in (40, 60)]
    plain = [issue_router_token(staging, f"r{n}", acting_user=owner)[1] for n in range(tokens)]
    return World(founded, staging, plain, releases)


def _long(share: int) -> dict[str, Any]:
    content = documents(share=share)
    [rule] = content["router_policy"]["rules"]
    content["router_policy"]["rules"] = [
        {
            **rule,
            "id": f"p{number}",
            "description": f"Requests of up to {number * 100} tokens go where they are cheap. " * 3,
            "when": {**rule["when"], "prompt_tokens": {"lte": number * 100}},
        }
        for number in range(1, ROUTES + 1)
    ]
    return content
