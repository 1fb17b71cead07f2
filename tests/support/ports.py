"""Ports for servers that are told where to listen."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

# Systems give ports of their own choice from above these, so no other test's server comes between.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    while True:
        # `random` has the same seed in every test process.
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
