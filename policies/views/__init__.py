"""Pages: parse, authorise, call a service, render. Packages are named as those of the services."""
