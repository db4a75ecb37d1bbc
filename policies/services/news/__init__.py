"""Telling people and programs what happened: inbox, mail and webhooks, from the audit trail.

Reads the trail after a cursor, so that nothing is told twice and a broker that is down loses
nothing. Subjects, wording and recipients are in `policies/notifications`, pure.
"""
