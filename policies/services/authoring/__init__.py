"""Working documents of authors: drafts with their history and where they start from, the catalogue
they name, and the immutable versions and bundles that are made of them.

Nothing here knows of change requests; `review/` takes the bundles from here.
"""
