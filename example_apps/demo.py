"""Run an example app under a real server, and show requests that are accepted and requests that are rejected.

python -m example_apps.demo            # FastAPI under uvicorn; continues to serve until you stop it
python -m example_apps.demo --once     # exits after the requests, with 0 if every response was correct
python -m example_apps.demo --app flask
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from privy_middleware.development import DevelopmentIssuer

__all__ = ["command", "main", "serve"]

HOST = "127.0.0.1"
FOLDER = Path(__file__).resolve().parents[1]
SERVERS = {
    "asgi": "uvicorn",
    "django": "uvicorn",
    "fastapi": "uvicorn",
    "flask": "gunicorn",
    "litestar": "uvicorn",
    "starlette": "uvicorn",
    "wsgi": "gunicorn",
}
# Much longer than necessary, so that a busy machine causes no failure.
_START_SECONDS = 120
_STOP_SECONDS = 60
_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Exchange:
    """A request and its expected response.

    Attributes:
        says: a description for the output.
        method: the method.
        path: the path.
        status: the expected status.
        shows: a text that the body must contain.
        headers: the headers of the request.
    """

    says: str
    method: str
    path: str
    status: int
    shows: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def matches(self, answer: httpx2.Response) -> bool:
        """Return whether a response has the expected status and text."""
        return answer.status_code == self.status and self.shows in answer.text


def exchanges(issuer: DevelopmentIssuer) -> list[Exchange]:
    """Return the requests, with tokens of the issuer."""
    ada = {"privy-id-token": issuer.identity_token("ada")}
    session = {"Authorization": f"Bearer {issuer.access_token('ada')}"}
    grace = {"privy-id-token": issuer.identity_token("grace")}
    expired = {"privy-id-token": issuer.identity_token("ada", exp=int(time.time()) - 3600)}
    other_app = {"privy-id-token": issuer.identity_token("ada", aud="another-app")}
    cross_site = {"Cookie": f"privy-id-token={ada['privy-id-token']}", "Sec-Fetch-Site": "cross-site"}
    return [
        Exchange("an open route", "GET", "/", 200, '"user_id"'),
        Exchange("no token where a user is required", "GET", "/me", 401, '"Unauthorized"'),
        Exchange("an identity token", "GET", "/me", 200, '"linked_accounts"', ada),
        Exchange("an access token", "GET", "/session", 200, '"session_id"', session),
        Exchange("an expired token", "GET", "/me", 401, '"Invalid token"', expired),
        Exchange("a token for another app", "GET", "/me", 401, '"Invalid token"', other_app),
        Exchange("garbage", "GET", "/me", 401, '"Invalid token"', {"privy-id-token": "garbage"}),
        Exchange("a user with an ethereum wallet", "GET", "/wallet", 200, '"address"', ada),
        Exchange("a user without one", "GET", "/wallet", 403, '"Forbidden"', grace),
        Exchange("a user who is not an admin", "GET", "/admin", 403, '"Forbidden"', grace),
        Exchange("a cookie, sent by another site's page", "POST", "/profile", 403, '"Forbidden"', cross_site),
    ]


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def command(app: str, port: int) -> list[str]:
    """Return the command that runs an app under its server."""
    target = f"example_apps.{app}_app:app"
    if SERVERS[app] == "uvicorn":
        options = ["--host", HOST, "--port", str(port), "--log-level", "warning"]
    else:
        # Browsers open connections in advance, and a worker without threads would wait for the first request of each.
        options = ["--bind", f"{HOST}:{port}", "--threads", "4", "--log-level", "warning"]
    return [sys.executable, "-m", SERVERS[app], target, *options]


@contextmanager
def serve(server_command: list[str], port: int, issuer: DevelopmentIssuer, **settings: str) -> Iterator[str]:
    """Run the server of an app, with the issuer's settings and others in the environment, and yield its address."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PRIVY_")}
    environ |= {"PRIVY_APP_ID": issuer.app_id, "PRIVY_JWKS_URL": issuer.jwks_url, **settings}
    # Both servers import from their working directory first, where other modules could have the same names.
    with subprocess.Popen(server_command, env=environ, cwd=FOLDER) as server:  # noqa: S603 (our own command)
        try:
            _wait_until_up(server, port)
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()
            try:
                server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_until_up(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


def show(exchange: Exchange, answer: httpx2.Response) -> bool:
    """Print a request with its response, and return whether the response was correct."""
    right = exchange.matches(answer)
    challenge = answer.headers.get("www-authenticate")
    print(f"\n{exchange.says}\n  > {exchange.method} {exchange.path}")
    for name in exchange.headers:
        print(f"  > {name}: …")
    print(f"  < {answer.status_code} {answer.reason_phrase}")
    if challenge:
        print(f"  < WWW-Authenticate: {challenge}")
    print(f"  < {_shorten(answer.text)}")
    if not right:
        print(f"  ! expected {exchange.status} with {exchange.shows}")
    return right


def _shorten(text: str, limit: int = 300) -> str:
    text = text.strip()
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def run(app: str, port: int, *, once: bool, browser: bool = False) -> int:
    """Send the requests, then continue to serve unless ``once`` is true; return the number of wrong responses.

    With ``browser`` the page of the issuer is opened in a browser.
    """
    with DevelopmentIssuer() as issuer, serve(command(app, port), port, issuer) as address:
        print(f"The {app} example under {SERVERS[app]} at {address}")
        with httpx2.Client(base_url=address, trust_env=False, timeout=_ANSWER_SECONDS) as client:
            table = exchanges(issuer)
            results = [show(each, client.request(each.method, each.path, headers=each.headers)) for each in table]
        wrong = results.count(False)
        print(f"\n{len(results) - wrong} of {len(results)} responses as documented")
        if browser:
            webbrowser.open(f"{issuer.url}/")
        if not once:
            _serve_on(address, issuer)
    return wrong


def _serve_on(address: str, issuer: DevelopmentIssuer) -> None:
    pick = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"identity_token\"])'"
    print(f"\nThe app is still running. Try these commands, and stop it with Ctrl+C:\n  curl -i {address}/me")
    print(f"  TOKEN=$(curl -s {issuer.url}/tokens/ada | {pick})")
    print(f'  curl -i -H "privy-id-token: $TOKEN" {address}/me')
    print(f'  curl -i -b "privy-id-token=$TOKEN" {address}/wallet')
    print(f"Personas and more: {issuer.url}/", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\nstopped")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return the exit code, 0 if every response was correct."""
    description = "Run an example app and show requests that are accepted and requests that are rejected."
    parser = argparse.ArgumentParser(prog="python -m example_apps.demo", description=description)
    parser.add_argument("--app", choices=sorted(SERVERS), default="fastapi", help="the example app to run")
    parser.add_argument("--port", type=int, default=0, help="the app's port; by default a free one")
    parser.add_argument("--once", action="store_true", help="exit after the requests")
    parser.add_argument("--open", action="store_true", help="open the page of the issuer in a browser")
    options = parser.parse_args(arguments)
    wrong = run(options.app, options.port or free_port(), once=options.once, browser=options.open)
    return 1 if wrong else 0


if __name__ == "__main__":
    # Handle SIGTERM like Ctrl+C, so that the server is stopped too.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
