"""`manage.py up`: starts everything and keeps it running. Standard library only."""


def main(arguments: list[str]) -> int:
    """Run the console until it is told to stop; the exit code."""
    raise NotImplementedError(arguments)
