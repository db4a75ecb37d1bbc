"""`python3 -m routing_console_client`."""

import sys

from routing_console_client.client.__main__ import main

sys.exit(main())
