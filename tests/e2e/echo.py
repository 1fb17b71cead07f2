"""Apps that return what the server passed to them; as a program, servers that have no command of their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIServer, make_server

from privy_middleware.asgi import Receive, Scope, Send

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["ASGI_KEYS", "WSGI_KEYS", "asgi", "wsgi"]

ASGI_KEYS = ("method", "root_path", "path", "raw_path", "query_string")
WSGI_KEYS = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")


def shown(values: dict[str, Any], keys: Iterable[str]) -> dict[str, str]:
    """Return some values as text."""
    found = {key: values[key] for key in keys}
    return {key: value if isinstance(value, str) else value.decode("latin-1") for key, value in found.items()}


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Return parts of the scope."""
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    body = json.dumps(shown(dict(scope), ASGI_KEYS)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-echo", b"1")]})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Return parts of the environ."""
    body = json.dumps(shown(environ, WSGI_KEYS)).encode()
    start_response("200 OK", [("X-Echo", "1"), ("Content-Length", str(len(body)))])
    return [body]


def main(server: str, port: int) -> None:
    """Run the WSGI app until it is stopped."""
    if server == "werkzeug":
        from werkzeug.serving import run_simple  # noqa: PLC0415

        run_simple("127.0.0.1", port, wsgi)
    elif server == "runserver":
        from django.core.servers.basehttp import run  # noqa: PLC0415

        app: Any = wsgi
        run("127.0.0.1", port, app)
    else:
        server_class: Any = WSGIServer
        make_server("127.0.0.1", port, wsgi, server_class).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
