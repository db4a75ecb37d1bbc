"""Outcome and feedback events as routers send them, read and checked. Pure."""
