"""Mail choices and webhooks."""
