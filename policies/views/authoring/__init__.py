"""The studio, trials, and the documents to be read."""
