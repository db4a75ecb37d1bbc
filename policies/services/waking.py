"""Tells the workers that there is something to tell, and the planes that there is news to serve."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from policies.delivery.notices import CONCERNS, tell_planes_after_commit

# By name: the task imports services, and the audit trail, which every service imports, wakes it.
DELIVER_NEWS = "policies.deliver_news"
logger = logging.getLogger(__name__)


def wake_after_commit() -> None:
    """Have the news delivered as soon as what is being done is in the database."""
    transaction.on_commit(_wake)


def wake_planes_about(model_name: str) -> None:
    """Have the delivery planes look as soon as it is committed, if they serve what this is."""
    if model_name in CONCERNS:
        tell_planes_after_commit()


def _wake() -> None:
    """A broker that is down loses nothing: the scheduler starts the same task all the time."""
    try:
        current_app.send_task(DELIVER_NEWS, retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer (%s); news waits for the scheduler.", error)
