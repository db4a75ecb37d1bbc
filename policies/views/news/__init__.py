"""Inbox and webhooks."""
