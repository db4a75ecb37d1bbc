#!/usr/bin/env python3
"""The console's command line; `up` and `test` run on a machine with nothing but Python."""

import os
import sys

from routing_console import bootstrap

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
    bootstrap.run(sys.argv)
