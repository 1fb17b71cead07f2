"""Each example app under its framework's servers gives the documented responses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from example_apps.demo import HOST, SERVERS, exchanges, main, serve
from privy_middleware.development import DevelopmentIssuer
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

UVICORN = ["uvicorn", "example_apps.{app}_app:app", "--host", HOST, "--port", "{port}", "--log-level", "warning"]
GUNICORN = ["gunicorn", "--bind", f"{HOST}:{{port}}", "--log-level", "warning", "--timeout", "0"]
GRANIAN = ["granian", "--host", HOST, "--port", "{port}", "--no-access-log", "--log-level", "error"]
COMMANDS = {
    "asgi-uvicorn": UVICORN,
    "starlette-uvicorn": UVICORN,
    "starlette-gunicorn": [*GUNICORN, "-k", "uvicorn_worker.UvicornWorker", "example_apps.starlette_app:app"],
    "fastapi-uvicorn": UVICORN,
    "fastapi-gunicorn": [*GUNICORN, "-k", "uvicorn_worker.UvicornWorker", "example_apps.fastapi_app:app"],
    "fastapi-granian": [*GRANIAN, "--interface", "asgi", "example_apps.fastapi_app:app"],
    "django-uvicorn": UVICORN,
    "django-daphne": ["daphne", "-b", HOST, "-p", "{port}", "-v", "0", "example_apps.django_app:app"],
    "django-gunicorn": [*GUNICORN, "example_apps.django_app:wsgi_app"],
    "django-runserver": ["example_apps.django_app", "runserver", "--noreload", f"{HOST}:{{port}}"],
    "flask-gunicorn": [*GUNICORN, "example_apps.flask_app:app"],
    "flask-gunicorn-threads": [*GUNICORN, "--threads", "4", "--preload", "example_apps.flask_app:app"],
    "flask-run": ["flask", "--app", "example_apps.flask_app", "run", "--host", HOST, "--port", "{port}"],
    "litestar-uvicorn": UVICORN,
    "litestar-hypercorn": ["hypercorn", "--bind", f"{HOST}:{{port}}", "example_apps.litestar_app:app"],
    "litestar-granian": [*GRANIAN, "--interface", "asgi", "example_apps.litestar_app:app"],
    "wsgi-gunicorn": [*GUNICORN, "example_apps.wsgi_app:app"],
    "wsgi-granian": [*GRANIAN, "--interface", "wsgi", "example_apps.wsgi_app:app"],
}
SOCKET: dict[str, Any] = {"proxy": None, "open_timeout": PATIENCE, "close_timeout": PATIENCE, "ping_interval": None}


def module_command(name: str, port: int) -> list[str]:
    """Return the command line of one of the servers."""
    app = name.split("-", maxsplit=1)[0]
    return [sys.executable, "-m", *(part.format(app=app, port=port) for part in COMMANDS[name])]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_answers_as_documented(name: str, issuer: DevelopmentIssuer) -> None:
    """The requests are those of the demonstration, in the same order, over HTTP."""
    port = free_port()
    with (
        serve(module_command(name, port), port, issuer) as address,
        httpx2.Client(base_url=address, trust_env=False, timeout=PATIENCE) as client,
    ):
        for each in exchanges(issuer):
            answer = client.request(each.method, each.path, headers=each.headers)
            assert each.matches(answer), f"{each.says}: {answer.status_code}"


@pytest.mark.parametrize("app", ["asgi", "django", "fastapi", "litestar", "starlette"])
def test_websocket(app: str, issuer: DevelopmentIssuer) -> None:
    """A WebSocket with a user sends the ID and echoes; without a user the handshake gets the error response."""
    port = free_port()
    with serve(module_command(f"{app}-uvicorn", port), port, issuer):
        address = f"ws://{HOST}:{port}/ws"
        token = {"privy-id-token": issuer.identity_token("ada")}
        with connect(address, additional_headers=token, **SOCKET) as socket:
            assert json.loads(socket.recv())["user_id"] == "did:privy:dev-ada"
            socket.send("ping")
            assert socket.recv() == "ping"
        with pytest.raises(InvalidStatus) as refused, connect(address, **SOCKET):
            pass
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"") == {"message": "Unauthorized"}


def test_every_example_app_is_run() -> None:
    """All examples of the demonstration are tested here."""
    assert {name.split("-")[0] for name in COMMANDS} == set(SERVERS)


def test_the_demonstration_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m example_apps.demo --once`` shows every response and no token."""
    assert main(["--once", "--port", str(free_port())]) == 0
    shown = capsys.readouterr().out
    assert "11 of 11 responses as documented" in shown
    assert "eyJ" not in shown


def test_the_demonstration_serves_until_stopped() -> None:
    """Its commands work, and stopping it is not a failure and leaves no server."""
    command = [sys.executable, "-u", "-m", "example_apps.demo", "--app", "asgi", "--port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if line.startswith("Personas and more:"):
                break
        address = next(line.split()[-1].removesuffix("/me") for line in lines if line.startswith("  curl -i http"))
        assert httpx2.get(f"{address}/me", trust_env=False, timeout=PATIENCE).status_code == 401
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(PATIENCE) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{address}/me", trust_env=False)
