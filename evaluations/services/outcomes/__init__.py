"""What routers report: taken in once, and summed by the hour."""
