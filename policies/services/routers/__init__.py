"""What routers come with and report: their tokens."""
