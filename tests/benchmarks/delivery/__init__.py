"""Delivery beside nginx and nchan, one core for the server and one for the load."""
