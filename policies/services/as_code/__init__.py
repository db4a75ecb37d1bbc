"""Policies as code: a workflow's documents as files, out and in, planned and proposed.

Stands above `review/`: proposing files makes a draft and opens a change request with it.
"""
