"""Signed releases as objects, for routers that read a bucket, a folder or a CDN. No database."""
