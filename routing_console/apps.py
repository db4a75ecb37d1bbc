"""Makes every Django process know the Celery application, not only the workers."""

from django.apps import AppConfig

from routing_console.celery import app


class RoutingConsoleConfig(AppConfig):
    name = "routing_console"

    def ready(self) -> None:
        # For all threads: "current" alone holds for the thread that imported it, and a task
        # enqueued by a thread of the web server would go to Celery's built-in default broker.
        app.set_default()
