"""`manage.py deliver`: a process that serves routers alone, as many of them as are wanted."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from routing_console import web_server


class Command(BaseCommand):
    help = "Serve releases to routers from memory, without pages."
    # Models are checked where they are changed; this has to start while the database is away.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8001)
        parser.add_argument("--workers", type=int, default=1, help="processes on this port")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {name: options[name] for name in ("host", "port", "workers")}
        web_server.serve(web_server.DELIVERY, **chosen, patience_s=30)
