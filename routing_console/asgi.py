"""The ASGI application that the web server runs."""

import os

from django.core.wsgi import get_wsgi_application

from routing_console.front.application import Front
from routing_console.parent_death import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
if os.environ.get("ROUTING_CONSOLE_SUPERVISED"):
    die_with_parent()  # the web server's own worker process, one below what the supervisor started

application = Front(get_wsgi_application())
