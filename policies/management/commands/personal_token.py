"""`manage.py personal_token USERNAME NAME`: a token for REST, printed once."""

from __future__ import annotations

import argparse
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from policies.management.arguments import whole_text
from policies.services.people import tokens


class Command(BaseCommand):
    help = "Issue a personal token and print it; only its hash is kept."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name", type=whole_text, help="where it will be used")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody here has the user name {options['username']}.")
        _, plain = tokens.issue_personal_token(user, options["name"], acting_user=None)
        self.stdout.write(plain)
