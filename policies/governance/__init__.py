"""The rules of review: who may do what and when, what a change has to show, and why not. Pure.

Nothing here reads the database. `services/review/guards.py` brings the facts of a change request
and asks these tables.
"""
