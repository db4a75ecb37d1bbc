"""What protects releases changes by two: rules of environments, roles, facts of the catalogue.

What asks for as much as before or more takes effect at once; what asks for less waits for a second
person who worked on nothing that it would help.
"""
