"""What running routers say of themselves, and what that says of a release. Pure: no database."""
