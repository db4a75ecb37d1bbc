"""Whether all that decides agrees: the reference, the compiled form, JavaScript."""
