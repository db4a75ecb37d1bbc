"""Keeping the catalogue: providers, models and prices, by hand or from a price map.

What the catalogue says of a bundle is read in `catalogue/`, below; a change here settles the open
change requests that it concerns, and so this package stands above `review/`.
"""
