"""Documents, decisions and events in words, and the numbers and places people name. Pure."""
