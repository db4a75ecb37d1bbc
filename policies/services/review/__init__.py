"""Change requests until they may be published: opened, checked, reviewed, voided, merged, settled.

`guards.py` is the one place that says why a person may not do something now; it asks the tables of
`policies/governance` with the facts that `facts.py` reads once. What publishes stands above, in
`releases/`.
"""
