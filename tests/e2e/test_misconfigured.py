"""A wrong setting stops a real server at startup, and its log names the setting."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx2
import pytest

from example_apps.demo import HOST
from tests.e2e.test_processes import UNHURRIED, UVICORN, start, wait_until_up
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

APP = "tests.e2e.misconfigured:app"
GUNICORN = ["gunicorn", "--bind", "{bind}", *UNHURRIED, "-k", "uvicorn_worker.UvicornWorker", APP]
HYPERCORN = ["hypercorn", "--bind", "{bind}", APP]
GRANIAN = ["granian", "--host", HOST, "--port", "{port}", "--interface", "asgi", APP]
SERVERS = {
    "uvicorn": [*UVICORN, APP],
    "uvicorn-lifespan-on": [*UVICORN, "--lifespan", "on", APP],
    "gunicorn": GUNICORN,
    "hypercorn": HYPERCORN,
    "hypercorn-trio": [*HYPERCORN, "-k", "trio"],
    "granian": GRANIAN,
}
WITHOUT_LIFESPAN = {
    "uvicorn-lifespan-off": [*UVICORN, "--lifespan", "off", APP],
    "daphne": ["daphne", "-b", HOST, "-p", "{port}", APP],
}
_GUNICORN = ["gunicorn", "--bind", "{bind}", *UNHURRIED]
IN_OTHER_FRAMEWORKS = {
    "flask": [*_GUNICORN, "example_apps.flask_app:app"],
    "wsgi": [*_GUNICORN, "example_apps.wsgi_app:app"],
    "django-wsgi": [*_GUNICORN, "example_apps.django_app:wsgi_app"],
    "django-uvicorn": [*UVICORN, "example_apps.django_app:app"],
    "django-daphne": ["daphne", "-b", HOST, "-p", "{port}", "example_apps.django_app:app"],
    "django-runserver": ["django", "runserver", "{bind}", "--noreload", "--settings", "tests.e2e.misconfigured_django"],
    "waitress": ["waitress", "--listen", "{bind}", "example_apps.flask_app:app"],
}
INSTALLED = ["in_a_list", "with_lifespan", "added", "plugin", "starlette_plugin", "litestar_plugin", "wrapped"]
WRONG = {"PRIVY_APP_ID": "my-app", "PRIVY_LEEWAY": "600"}


@pytest.mark.parametrize(
    ("server", "installed"),
    [("uvicorn", each) for each in INSTALLED]
    + [(each, way) for each in SERVERS if each != "uvicorn" for way in ("in_a_list", "added")],
)
def test_the_server_does_not_start(server: str, installed: str, tmp_path: Path) -> None:
    """Whichever way the middleware is installed, the process exits before it handles a request."""
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as file, start(SERVERS[server], port, WRONG | {"INSTALLED": installed}, file) as process:
        try:
            # Hypercorn always exits with 0, even if the app cannot be imported.
            assert process.wait(PATIENCE) != 0 or server.startswith("hypercorn")
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    said = log.read_text()
    assert "PRIVY_LEEWAY (leeway: set a number from 0 to 60)" in said
    assert "the app has started" not in said


@pytest.mark.parametrize("name", IN_OTHER_FRAMEWORKS)
def test_other_frameworks_do_not_start(name: str, tmp_path: Path) -> None:
    """An app that is set up when it is imported stops the server too, whatever the framework."""
    log = tmp_path / "log"
    with log.open("wb") as file, start(IN_OTHER_FRAMEWORKS[name], free_port(), WRONG, file) as process:
        try:
            assert process.wait(PATIENCE) != 0
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "PRIVY_LEEWAY (leeway: set a number from 0 to 60)" in log.read_text()


@pytest.mark.parametrize("server", WITHOUT_LIFESPAN)
def test_a_server_without_lifespan_serves_nothing(server: str, tmp_path: Path) -> None:
    """Without lifespan support, each request gets 500, and the log contains the reason."""
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as file, start(WITHOUT_LIFESPAN[server], port, WRONG, file) as process:
        try:
            wait_until_up(process, port)
            for _ in range(2):
                assert httpx2.get(f"http://{HOST}:{port}/", trust_env=False, timeout=PATIENCE).status_code == 500
        finally:
            process.kill()
    assert "ConfigurationError: PRIVY_LEEWAY (leeway: set a number from 0 to 60)" in log.read_text()
