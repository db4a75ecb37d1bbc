"""The operations, resource by resource: read the body, call the service, write the answer."""
