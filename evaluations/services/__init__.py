"""One function per intent of a user, and one per task of a worker.

A package per subject; imports between them point one way, and a contract of the import linter
holds it (pyproject.toml): scorecard, impact, runs → datasets, outcomes.
"""
