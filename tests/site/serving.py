"""A web server for a built site, whose policy forbids the browser every request to another host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["serve"]

# The theme sets the colour scheme by a script in the page, and has icons in its style sheet.
_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"


class _Files(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def end_headers(self) -> None:
        """Add the policy to each response."""
        self.send_header("Content-Security-Policy", _POLICY)
        super().end_headers()

    def log_message(self, *_: object, **__: object) -> None:
        """Log nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, and return the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
