"""Decisions, next attempts and outcomes over HTTP, for routers in other languages.

One event loop answers everything: what is asked is computed in microseconds, and nothing here
waits for disk or network. `docs/sidecar.md` is the reference.
"""
