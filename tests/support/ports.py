"""Free ports, for servers that must be given a port."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

# The system chooses ports above these itself, so no server of another test uses them.
_PORTS = range(20_000, 32_000)
_LOCKS = Path(tempfile.gettempdir(), f"privy-middleware-ports-{os.getuid()}")


def free_port() -> int:
    """Return a free loopback port, which no other test gets while this process runs."""
    _LOCKS.mkdir(exist_ok=True)
    while True:
        # `random` has the same seed in every test process.
        port = secrets.choice(_PORTS)
        if _reserve(port):
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port


def _reserve(port: int) -> bool:
    """Take a lock that the system releases when the process ends; return whether it was free."""
    descriptor = os.open(_LOCKS / str(port), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True
