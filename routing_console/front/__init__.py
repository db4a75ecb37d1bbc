"""What stands before everything in a server process: who is served by whom, and within what bounds.

An ASGI application on the server's event loop. It receives a request's body before any thread is
given to it, and each kind of work has threads of its own, so that nothing slow stops anything
else.
"""
