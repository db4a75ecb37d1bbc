"""What a change would do to recorded requests: of drafts, change requests, findings and files."""
