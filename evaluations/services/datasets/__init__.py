"""Recorded requests: imported and kept, and the dataset that a workflow measures changes on."""
