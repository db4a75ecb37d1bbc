"""Sign-in, passwords and personal tokens."""
