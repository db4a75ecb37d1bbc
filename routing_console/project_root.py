"""Where the project's files lie. Standard library only."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
