"""Show the middleware at work: an example app on its real server, and requests that succeed and fail.

python -m example_apps.demo            # FastAPI under uvicorn, then serves until stopped
python -m example_apps.demo --once     # ends by itself; the exit code says whether every answer was right
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from privy_middleware.development import DevelopmentIssuer

__all__ = ["main", "serve"]

HOST = "127.0.0.1"
SERVERS = {
    "asgi": "uvicorn",
    "django": "uvicorn",
    "fastapi": "uvicorn",
    "flask": "gunicorn",
    "litestar": "uvicorn",
    "starlette": "uvicorn",
    "wsgi": "gunicorn",
}
# Far longer than it takes, also on a machine that is busy with other things.
_START_SECONDS = 120
_STOP_SECONDS = 60
_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Exchange:
    """One request of the table, and what its answer must be."""

    says: str
    method: str
    path: str
    status: int
    shows: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def matches(self, answer: httpx2.Response) -> bool:
        """Say whether an answer has the status and the text."""
        return answer.status_code == self.status and self.shows in answer.text


def exchanges(issuer: DevelopmentIssuer) -> list[Exchange]:
    """Return the requests to show, with tokens of the issuer."""
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
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def command(app: str, port: int) -> list[str]:
    """Return the ordinary command of the app's server."""
    target = f"example_apps.{app}_app:app"
    if SERVERS[app] == "uvicorn":
        options = ["--host", HOST, "--port", str(port), "--log-level", "warning"]
    else:
        options = ["--bind", f"{HOST}:{port}", "--log-level", "warning"]
    return [sys.executable, "-m", SERVERS[app], target, *options]


@contextmanager
def serve(server_command: list[str], port: int, issuer: DevelopmentIssuer) -> Iterator[str]:
    """Run an app's server, with the issuer's settings in the environment; give its address."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PRIVY_")}
    environ |= {"PRIVY_APP_ID": issuer.app_id, "PRIVY_JWKS_URL": issuer.jwks_url}
    with subprocess.Popen(server_command, env=environ) as server:  # noqa: S603 (our own command)
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
    """Print one request with its answer, and say whether it was right."""
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


def run(app: str, port: int, *, once: bool) -> int:
    """Show every exchange, then serve on unless ``once``; return how many answers were wrong."""
    with DevelopmentIssuer() as issuer, serve(command(app, port), port, issuer) as address:
        print(f"The {app} example under {SERVERS[app]} at {address}")
        with httpx2.Client(base_url=address, trust_env=False, timeout=_ANSWER_SECONDS) as client:
            table = exchanges(issuer)
            results = [show(each, client.request(each.method, each.path, headers=each.headers)) for each in table]
        wrong = results.count(False)
        print(f"\n{len(results) - wrong} of {len(results)} answers as documented")
        if not once:
            _serve_on(address, issuer)
    return wrong


def _serve_on(address: str, issuer: DevelopmentIssuer) -> None:
    pick = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"identity_token\"])'"
    print(f"\nStill serving; paste these, and stop with Ctrl+C:\n  curl -i {address}/me")
    print(f"  TOKEN=$(curl -s {issuer.url}/tokens/ada | {pick})")
    print(f'  curl -i -H "privy-id-token: $TOKEN" {address}/me')
    print(f'  curl -i -b "privy-id-token=$TOKEN" {address}/wallet')
    print(f"Personas and more: {issuer.url}/", flush=True)
    # Whoever stops the demonstration stops its server with it.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\nstopped")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code is 0 when every answer was right."""
    parser = argparse.ArgumentParser(prog="python -m example_apps.demo", description="Show the middleware at work.")
    parser.add_argument("--app", choices=sorted(SERVERS), default="fastapi", help="which example app to run")
    parser.add_argument("--port", type=int, default=0, help="the app's port; a free one by default")
    parser.add_argument("--once", action="store_true", help="end after the requests instead of serving on")
    options = parser.parse_args(arguments)
    return 1 if run(options.app, options.port or free_port(), once=options.once) else 0


if __name__ == "__main__":
    sys.exit(main())
