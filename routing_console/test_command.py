"""`manage.py test`: lints, then the tests, on SQLite and on PostgreSQL. Standard library only."""


def main(arguments: list[str]) -> int:
    """Lint and test; the exit code."""
    raise NotImplementedError(arguments)
