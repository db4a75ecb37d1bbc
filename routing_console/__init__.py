"""Wiring of the whole console: settings, addresses, Celery, the two commands."""

import sys

# Here, because an older Python would stumble over what the modules below say.
if sys.version_info < (3, 11):  # noqa: UP036 - older ones do read this line
    sys.exit(f"The console needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
