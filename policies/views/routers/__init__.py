"""What a workflow's routers come with."""
