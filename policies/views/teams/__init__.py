"""A workflow's settings and its answers."""
