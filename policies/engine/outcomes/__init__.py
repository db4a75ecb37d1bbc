"""What routers tell of requests: read in one way by who reports them and by who keeps them."""
