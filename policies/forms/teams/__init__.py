"""Settings of a workflow and its decision questions."""
