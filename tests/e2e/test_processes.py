"""Keys under real servers: before and after a fork, at startup, in every worker, and when the server is stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from example_apps.demo import HOST
from privy_middleware.development import DevelopmentIssuer
from tests.support.keyserver import Held, KeyServer, reply
from tests.support.patience import LONGEST_TIMEOUT, PATIENCE
from tests.support.ports import free_port

# No worker is killed because it is slow, neither during a request nor at its end.
UNHURRIED = ["--timeout", "0", "--graceful-timeout", "3600"]
GUNICORN = ["gunicorn", "--bind", "{bind}", "--log-level", "warning", *UNHURRIED, "tests.e2e.served:wsgi"]
UVICORN = ["uvicorn", "--host", HOST, "--port", "{port}", "--log-level", "warning"]
TWO_WORKERS = ["--workers", "2", "--timeout-worker-healthcheck", "3600"]
HYPERCORN = ["hypercorn", "--bind", "{bind}", "--log-level", "warning", "-k", "trio", "tests.e2e.served:asgi"]
# The command, the number of workers, and the number of processes that fetch the keys before any request.
SERVERS: dict[str, tuple[list[str], int, int]] = {
    "gunicorn-preload": ([*GUNICORN, "--preload", "-w", "3"], 3, 1),
    "gunicorn-preload-gthread": ([*GUNICORN, "--preload", "-w", "2", "-k", "gthread", "--threads", "4"], 2, 1),
    "gunicorn-preload-gevent": ([*GUNICORN, "--preload", "-w", "2", "-k", "gevent"], 2, 1),
    "gunicorn-gevent": ([*GUNICORN, "-k", "gevent"], 1, 1),
    "gunicorn-gthread": ([*GUNICORN, "-w", "2", "-k", "gthread", "--threads", "4"], 2, 2),
    "hypercorn-trio": (HYPERCORN, 1, 1),
    "uvicorn": ([*UVICORN, "tests.e2e.served:asgi"], 1, 1),
    "uvicorn-workers": ([*UVICORN, *TWO_WORKERS, "tests.e2e.served:asgi"], 2, 2),
}
STOPPED = ("gunicorn-preload", "gunicorn-preload-gthread", "gunicorn-gevent", "hypercorn-trio", "uvicorn")
FAIL_FAST = {
    "asgi": [*UVICORN, "example_apps.asgi_app:app"],
    "starlette": [*UVICORN, "example_apps.starlette_app:app"],
    "fastapi": [*UVICORN, "example_apps.fastapi_app:app"],
    "litestar": [*UVICORN, "example_apps.litestar_app:app"],
    "django": [*UVICORN, "example_apps.django_app:app"],
    "django-wsgi": ["gunicorn", "--bind", "{bind}", *UNHURRIED, "example_apps.django_app:wsgi_app"],
    "flask": ["gunicorn", "--bind", "{bind}", *UNHURRIED, "example_apps.flask_app:app"],
    "wsgi": ["gunicorn", "--bind", "{bind}", *UNHURRIED, "example_apps.wsgi_app:app"],
}


class World:
    """An issuer, its key server, and the clock of the served app."""

    def __init__(self, server: KeyServer, folder: Path) -> None:
        self.server = server
        self.issuer = DevelopmentIssuer()
        self._clock = folder / "clock"
        self.advance(0)
        self.publish()

    def publish(self) -> None:
        """Publish the current keys of the issuer."""
        self.server.behave = reply(json.dumps(self.issuer.jwks()).encode())

    def advance(self, seconds: float) -> None:
        """Make the keys old, in all processes at once."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._clock)

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings of the served app."""
        settings = {"PRIVY_APP_ID": self.issuer.app_id, "PRIVY_JWKS_URL": self.server.url}
        settings["PRIVY_KEY_TIMEOUT"] = str(LONGEST_TIMEOUT)
        return settings | {"SERVED_CLOCK": str(self._clock), "SERVED_READY": "1"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Run the key server."""
    with KeyServer() as server:
        yield World(server, tmp_path)


def start(
    command: Sequence[str], port: int, settings: dict[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server with settings in its environment."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PRIVY_")}
    filled = [part.format(port=port, bind=f"{HOST}:{port}") for part in command]
    return subprocess.Popen([sys.executable, "-m", *filled], env=environ | settings, stdout=output, stderr=output)


@contextmanager
def serving(command: Sequence[str], settings: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server and yield its address and its process, which is stopped at the end if it is still running."""
    port = free_port()
    with start(command, port, settings) as process:
        try:
            wait_until_up(process, port)
            yield f"http://{HOST}:{port}", process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a server listens at a port."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        try:
            return socket.create_connection((HOST, port)).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    raise AssertionError(f"the server has ended with {process.returncode}")


def ask(address: str, token: str) -> dict[str, Any]:
    """Return the response of the served app."""
    answer = httpx2.get(address, headers={"privy-id-token": token}, trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def ask_all(address: str, token: str, workers: int) -> set[tuple[str | None, str | None]]:
    """Send requests until every worker has responded, and return the different responses: the user and the error."""
    pids: set[int] = set()
    answers: set[tuple[str | None, str | None]] = set()
    deadline = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(4 * workers) as pool:
        while len(pids) < workers:
            assert time.monotonic() < deadline, f"only {len(pids)} of {workers} workers have answered"
            for told in pool.map(ask, [address] * 4 * workers, [token] * 4 * workers):
                pids.add(told["pid"])
                answers.add((told["user_id"], told["error"]))
    assert len(pids) == workers
    return answers


@pytest.mark.parametrize("name", SERVERS)
def test_every_worker_verifies_and_refreshes(name: str, world: World) -> None:
    """A fork copies the keys; when they are old each worker fetches new ones, and the old ones are removed."""
    command, workers, fetches = SERVERS[name]
    ada = ("did:privy:dev-ada", None)
    with serving(command, world.environ) as (address, _):
        old = world.issuer.identity_token("ada")
        assert ask_all(address, old, workers) == {ada}
        assert world.server.count == fetches

        world.issuer.rotate()
        world.issuer.withdraw_old()
        world.publish()
        world.advance(3600)
        assert ask_all(address, world.issuer.identity_token("ada"), workers) == {ada}
        assert world.server.count == fetches + workers
        assert ask_all(address, old, workers) == {(None, "unknown_key")}
        # If that took more than a second after the refresh, each worker has fetched once for the unknown key.
        assert fetches + workers <= world.server.count <= fetches + 2 * workers


@pytest.mark.parametrize("name", STOPPED)
def test_refresh_under_way_does_not_hold_up_the_end(name: str, world: World) -> None:
    """The server stops although its key server does not respond."""
    command, *_ = SERVERS[name]
    with serving(command, world.environ) as (address, process):
        token = world.issuer.identity_token("ada")
        assert ask(address, token)["user_id"] == "did:privy:dev-ada"
        fetches = world.server.count
        held = Held(reply(b""))
        world.server.behave = held
        world.advance(3600)
        assert ask(address, token)["user_id"] == "did:privy:dev-ada"
        for _ in range(fetches + 1):
            assert world.server.arrived.acquire(timeout=PATIENCE)
        process.terminate()
        process.wait(PATIENCE)
        held.release()


@pytest.mark.parametrize("app", ["asgi", "fastapi", "litestar", "starlette"])
def test_keys_are_fetched_ahead_of_the_first_request(app: str, world: World) -> None:
    """When the server has started the keys are available, and no request fetches them again."""
    with serving(FAIL_FAST[app], world.environ) as (address, _):
        assert world.server.count == 1
        for path in ("/me", "/optional"):
            headers = {"privy-id-token": world.issuer.identity_token("ada")}
            answer = httpx2.get(address + path, headers=headers, trust_env=False, timeout=PATIENCE)
            assert answer.status_code == 200
        assert world.server.count == 1


@pytest.mark.parametrize("app", FAIL_FAST)
def test_fail_fast(app: str, world: World, tmp_path: Path) -> None:
    """A server whose keys are not available does not start, and its log contains the address and the reason."""
    world.server.stop()
    port, log = free_port(), tmp_path / "log"
    with (
        log.open("wb") as file,
        start(FAIL_FAST[app], port, world.environ | {"PRIVY_FAIL_FAST": "true"}, file) as process,
    ):
        assert process.wait(PATIENCE) not in (0, None)
    said = log.read_text()
    assert f"No keys are available from {world.server.url}: no connection: " in said
    assert "Connection refused" in said or "connection attempts failed" in said
