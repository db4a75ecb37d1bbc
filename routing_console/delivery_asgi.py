"""The ASGI application of `manage.py deliver`: delivery alone, without pages."""

import os

import django

from routing_console.front.draining import end_while_starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
end_while_starting()
django.setup()

# They read models, which are there only now.
from routing_console.delivery import direct  # noqa: E402
from routing_console.front.application import Front  # noqa: E402

application = Front(None, direct(), problems=dict)
