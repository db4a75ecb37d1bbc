"""What people type, read and checked. Packages are named as those of the services."""
