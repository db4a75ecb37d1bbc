"""The law: who may do what and when, what a change has to show, and the words of a refusal. Pure.

Nothing here reads the database. `services/review/guards.py` brings the facts of a change request
and asks these tables.
"""
