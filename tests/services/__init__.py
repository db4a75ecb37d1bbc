"""Real services for tests: PostgreSQL, Valkey, Celery workers, the whole console, a browser."""
