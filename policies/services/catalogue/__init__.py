"""Keeping the catalogue: providers, models and prices, by hand or from a price map.

A change here settles the open change requests that it concerns, so this package stands above
`review/`. What the catalogue says of a bundle is read below, in `authoring/`.
"""
