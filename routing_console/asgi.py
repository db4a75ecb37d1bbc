"""The ASGI application that the web server runs: pages, reports, and delivery beside them."""

import os

from django.core.wsgi import get_wsgi_application

from routing_console.front.draining import end_while_starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
end_while_starting()

pages = get_wsgi_application()

# They read models, which are there only now.
from routing_console import health  # noqa: E402
from routing_console.delivery import direct  # noqa: E402
from routing_console.front.application import Front  # noqa: E402

application = Front(pages, direct(), problems=health.problems)
