"""The time limits of a fetch: for connecting, and for all of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx2

__all__ = ["Deadline", "client_timeout"]

_CONNECT_SECONDS = 3.0
_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


def client_timeout(seconds: float) -> httpx2.Timeout:
    """Return the limits of each step of a fetch that may take so many seconds in all."""
    return httpx2.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


class Deadline:
    """Close the connection after so many seconds: a server that sends byte after byte keeps each blocking read alive.

    Attributes:
        passed: whether the time is up.
    """

    def __init__(self, seconds: float) -> None:
        """Set the limit, which starts when the context is entered."""
        self.passed: bool = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._close)
        self._timer.daemon = True

    def __enter__(self) -> None:
        """Start the timer."""
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        """Stop the timer, and wait for its thread to end."""
        self._timer.cancel()
        self._timer.join()

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember each socket that the client opens (httpx2's request extension ``trace``)."""
        if event.endswith(_CONNECTED):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.passed:
                self._close()

    def _close(self) -> None:
        self.passed = True
        for each in self._sockets:
            # SSLSocket's own shutdown would drop the TLS state while another thread reads.
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
