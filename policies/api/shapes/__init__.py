"""What operations take and give, resource by resource."""
