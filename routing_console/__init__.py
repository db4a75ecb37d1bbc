"""Wiring of the whole console: settings, addresses, Celery, the two commands."""
