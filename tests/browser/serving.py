"""Servers beside the issuer: an example app in a process of its own, and a hostile site."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from example_apps import demo
from privy_middleware.development import DevelopmentIssuer
from tests.support.ports import free_port

__all__ = ["App", "other_site", "serve"]


class App(NamedTuple):
    """A running app, and its address as people type it."""

    name: str
    url: str


@contextmanager
def serve(name: str, issuer: DevelopmentIssuer) -> Iterator[App]:
    """Run an example app, whose pages for signing in are the issuer's."""
    port = free_port()
    app = App(name, f"http://localhost:{port}")
    pages = {"PRIVY_LOGIN_URL": issuer.login_url(app.url), "PRIVY_REFRESH_URL": issuer.refresh_url(app.url)}
    with demo.serve(demo.command(name, port), port, issuer, **pages):
        yield app


class _Form(BaseHTTPRequestHandler):
    """A page with a form that posts to the address in the query."""

    def do_GET(self) -> None:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        fields = "".join(f'<input type="hidden" name="{name}" value="{html.escape(query[name])}">' for name in query)
        action = html.escape(query.get("action", ""))
        form = f'<form method="post" action="{action}">{fields}<button>Go</button></form>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Other</title>{form}".encode())

    def log_message(self, *_: object, **__: object) -> None:
        """Log nothing."""


@contextmanager
def other_site() -> Iterator[str]:
    """Run a site with such a page, and return its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Form) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield str(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
