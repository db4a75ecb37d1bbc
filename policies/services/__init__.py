"""One function per intent of a user: guard, change, audit row, in one transaction.

A package per subject. Imports between them point one way, and a contract of the import linter holds
it (pyproject.toml): as_code, catalogue, news, releases, routers, people → teams → review →
authoring. Below all stand what every write needs: `rights` (may this person do it),
`locking` (in this order), `audit` (who did what) and `waking` (tell whoever waits for news).
"""
