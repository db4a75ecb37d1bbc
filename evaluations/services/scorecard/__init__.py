"""The four layers of a workflow over a period, with their targets and releases."""
