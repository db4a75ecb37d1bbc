"""Tasks go to the console's own broker, whoever enqueues them."""

from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.conf import settings


def _broker() -> str:
    return str(current_app.conf.broker_url)


def test_task__enqueued_from_any_thread__goes_to_the_broker_of_the_settings() -> None:
    with ThreadPoolExecutor(1) as another_thread:
        assert another_thread.submit(_broker).result() == settings.CELERY_BROKER_URL
    assert _broker() == settings.CELERY_BROKER_URL


def test_schedule__every_entry__names_a_task_that_exists() -> None:
    current_app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named <= set(current_app.tasks)


def test_webhook_messages__wait_in_a_queue_of_their_own__and_nothing_else_does() -> None:
    current_app.loader.import_default_modules()
    ours = [name for name in current_app.tasks if not name.startswith("celery.")]
    queues = {name: current_app.amqp.router.route({}, name)["queue"].name for name in ours}
    assert queues.pop("policies.try_message") == "webhooks"
    # What a worker takes that is told nothing of queues.
    assert set(queues.values()) == {settings.CELERY_TASK_DEFAULT_QUEUE}
