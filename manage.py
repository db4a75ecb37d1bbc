#!/usr/bin/env python3
"""The console's command line; `up` and `test` run on a machine with nothing but Python."""

import sys

from routing_console import bootstrap

if __name__ == "__main__":
    bootstrap.run(sys.argv)
