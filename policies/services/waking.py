"""Tells the workers that there is something to tell, and the planes that there is news to serve."""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from policies.delivery.notices import CONCERNS, tell_planes_after_commit

# By name: the task imports services, and the audit trail, which every service imports, wakes it.
DELIVER_NEWS = "policies.deliver_news"
PUBLISH_OBJECTS = "policies.publish_objects"
REPAIR_OBJECTS = "policies.repair_objects"
logger = logging.getLogger(__name__)


def wake_after_commit() -> None:
    """Have the news delivered as soon as what is being done is in the database."""
    transaction.on_commit(_wake)


def wake_planes_about(model_name: str) -> None:
    """Have the delivery planes look as soon as it is committed, if they serve what this is."""
    if model_name in CONCERNS:
        tell_planes_after_commit()


def write_objects_after_commit(environment_id: int) -> None:
    """Have an environment's new release written to where static delivery is, if it is anywhere."""
    if settings.PUBLISH_TO:
        transaction.on_commit(lambda: _send(PUBLISH_OBJECTS, environment_id))


def write_all_objects_after_commit() -> None:
    """Have everything written that static delivery lacks, once it is committed: keys lie beside
    each release.
    """
    if settings.PUBLISH_TO:
        transaction.on_commit(lambda: _send(REPAIR_OBJECTS))


def _wake() -> None:
    _send(DELIVER_NEWS)


def _send(task: str, *arguments: int) -> None:
    """A broker that is down loses nothing: the scheduler starts what does the same all the time."""
    try:
        current_app.send_task(task, arguments, retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer (%s); %s waits for the scheduler.", error, task)
