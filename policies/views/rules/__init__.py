"""Changes of the rules that need a second person."""
