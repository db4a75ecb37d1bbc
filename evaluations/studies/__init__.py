"""Studies of the console's own methods on made-up data whose truth is known. No Django here."""
