"""A real server on loopback that responds as the official REST API is documented.

It supports ``GET /v1/users/<did>`` and ``POST /v1/users/<did>/custom_metadata``.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

from tests.support.patience import PATIENCE

APP_ID = "cm0users0000api"
SECRET = "rest-api-secret-that-nobody-may-see"
DID = "did:privy:cm3np4u9j001rc8b73seqmqqk"
VERIFIED_AT = 1_731_974_000


def account(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a linked account in the REST API's form."""
    times = {"verified_at": VERIFIED_AT - 9, "first_verified_at": VERIFIED_AT - 9, "latest_verified_at": VERIFIED_AT}
    return {"type": kind, **fields, **times}


def record(did: str = DID, *accounts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a user in the REST API's form."""
    return {
        "id": did,
        "created_at": 1_731_974_895,
        "linked_accounts": list(accounts),
        "mfa_methods": [],
        "has_accepted_terms": True,
        "is_guest": False,
        **fields,
    }


@dataclass
class Seen:
    """A request: the headers of the caller, and the path."""

    path: str
    app_id: str | None
    headers: Mapping[str, str] = field(repr=False)


class UserServer:
    """A server that returns ``users`` for the right secret, or responds as ``refusal`` says."""

    def __init__(self, *records: dict[str, Any], secrets: Mapping[str, str] | None = None) -> None:
        """Create a server with the users of ``records`` and the secrets of the apps."""
        self.users = {each["id"]: each for each in records}
        self.secrets = dict(secrets or {APP_ID: SECRET})
        self.refusal: tuple[int, dict[str, str], bytes] | None = None
        self.requests: list[Seen] = []
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.released.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def do_POST(self) -> None:
                server.answer(self)

            def log_message(self, *_: object, **__: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Return the address that replaces ``https://api.privy.io/v1``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def count(self) -> int:
        """Return the number of requests."""
        return len(self.requests)

    def refuse(self, status: int, body: object = None, **headers: str) -> None:
        """Respond to every request like this from now on; underscores in header names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body or {"error": "refused"}).encode()
        self.refusal = status, named, content

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Respond to a request."""
        app_id = handler.headers.get("privy-app-id")
        self.requests.append(Seen(handler.path, app_id, dict(handler.headers.items())))
        self.arrived.release()
        self.released.wait(PATIENCE)
        status, headers, body = self.refusal or self._judged(handler, app_id)
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _judged(self, handler: BaseHTTPRequestHandler, app_id: str | None) -> tuple[int, dict[str, str], bytes]:
        pair = f"{app_id}:{self.secrets.get(app_id or '', '')}".encode()
        if handler.headers.get("Authorization") != f"Basic {base64.b64encode(pair).decode()}":
            return 401, {}, b'{"error": "Invalid app ID or app secret."}'
        did, _, what = handler.path.removeprefix("/v1/users/").partition("/")
        found = self.users.get(unquote(did))
        if found is None:
            return 404, {}, b'{"error": "User not found"}'
        if handler.command == "POST":
            assert what == "custom_metadata"
            found |= json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        return 200, {}, json.dumps(found).encode()
