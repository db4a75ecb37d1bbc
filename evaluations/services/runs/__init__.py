"""Shadow evaluations: started, cancelled, computed chunk by chunk, brought as evidence."""
