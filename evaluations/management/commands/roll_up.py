"""`manage.py roll_up`: sum changed hours and days now, instead of when it is their turn."""

from typing import Any

from django.core.management.base import BaseCommand

from evaluations.services.outcomes.rollups import roll_up_all


class Command(BaseCommand):
    help = "Sum every hour and day whose outcomes changed, also those that the scheduler lets rest."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{roll_up_all()} hours and days summed.")
