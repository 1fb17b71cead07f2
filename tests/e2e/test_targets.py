"""Servers pass to apps what the tests of paths assume, for hundreds of unusual targets."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.e2e.echo import ASGI_KEYS, WSGI_KEYS, shown
from tests.fuzz.requests import case_of
from tests.paths.servers import ASGI_SERVERS, WSGI_SERVERS, request_bytes
from tests.support.ports import free_port

HOST = "127.0.0.1"
UVICORN = ["uvicorn", "--host", HOST, "--port", "{port}", "--log-level", "critical", "tests.e2e.echo:asgi", "--http"]
HYPERCORN = ["hypercorn", "--bind", f"{HOST}:{{port}}", "--log-level", "critical", "tests.e2e.echo:asgi"]
GRANIAN = ["granian", "--host", HOST, "--port", "{port}", "--no-access-log", "--log-level", "critical"]
COMMANDS = {
    "uvicorn, h11": [*UVICORN, "h11"],
    "uvicorn, httptools": [*UVICORN, "httptools"],
    "uvicorn with a root path": [*UVICORN, "h11", "--root-path", "/v1"],
    "hypercorn": HYPERCORN,
    "hypercorn with a root path": [*HYPERCORN, "--root-path", "/v1"],
    "daphne": ["daphne", "-b", HOST, "-p", "{port}", "-v", "0", "tests.e2e.echo:asgi"],
    "granian": [*GRANIAN, "--interface", "asgi", "tests.e2e.echo:asgi"],
    "gunicorn": ["gunicorn", "--bind", f"{HOST}:{{port}}", "--log-level", "critical", "tests.e2e.echo:wsgi"],
    "waitress": ["waitress", f"--listen={HOST}:{{port}}", "tests.e2e.echo:wsgi"],
    "wsgiref": ["tests.e2e.echo", "wsgiref", "{port}"],
    "runserver": ["tests.e2e.echo", "runserver", "{port}"],
    "werkzeug": ["tests.e2e.echo", "werkzeug", "{port}"],
    "granian by WSGI": [*GRANIAN, "--interface", "wsgi", "tests.e2e.echo:wsgi"],
}
_ECHO = re.compile(rb'\{"(?:method|REQUEST_METHOD)".*\}')
# The response to ``HEAD`` has no body to check.
CASES = [case for case in map(case_of, range(350)) if case.method != "HEAD"]


@contextmanager
def served(command: list[str]) -> Iterator[int]:
    """Run a server and yield its port."""
    port = free_port()
    arguments = [sys.executable, "-m", *(part.format(port=port) for part in command)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while server.poll() is None:
                with suppress(OSError), socket.create_connection((HOST, port)):
                    break
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


def exchange(port: int, request: bytes) -> dict[str, str] | None:
    """Send a request; return what the app got, or ``None`` if the server responded itself."""
    answer = b""
    with socket.create_connection((HOST, port), timeout=30) as connection, suppress(ConnectionError):
        connection.sendall(request)
        while part := connection.recv(65536):
            answer += part
    found = _ECHO.search(answer)
    return json.loads(found.group()) if found else None


@pytest.mark.parametrize("name", COMMANDS)
def test_readings(name: str) -> None:
    """The app gets what was assumed; a server may reject more targets, but not most."""
    read, keys = (ASGI_SERVERS[name], ASGI_KEYS) if name in ASGI_SERVERS else (WSGI_SERVERS[name], WSGI_KEYS)
    handed = 0
    with served(COMMANDS[name]) as port:
        for case in CASES:
            request = request_bytes(case.method, case.target, [*case.fields, ("Connection", "close")])
            supposed, found = read(request), exchange(port, request)
            if found is not None:
                assert (request, found) == (request, supposed and shown(supposed, keys))
                handed += 1
    assert handed > len(CASES) / 3


def test_every_server_is_run() -> None:
    """All servers of the property tests are tested here."""
    assert {*COMMANDS} == {*ASGI_SERVERS, *WSGI_SERVERS}
