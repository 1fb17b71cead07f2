"""``privy-middleware routes``: the table, the JSON, and the check for CI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privy_middleware import AccessTokenClaims, PrivyAuth, PrivyUser, condition
from privy_middleware.cli.routes import _may_be_below
from privy_middleware.errors import MissingToken
from privy_middleware.plugin import Rule, optional, requirement, requires_access_token
from tests.cli.running import CommandLine


@pytest.fixture
def app(module: Callable[..., str]) -> str:
    """Write a Starlette app, and return its name."""
    name = module(
        "from starlette.applications import Starlette",
        "from starlette.responses import Response",
        "from starlette.routing import Mount, Route, WebSocketRoute",
        "from fastapi_privy.starlette import Privy, optional_privy_user, require_privy_user",
        "async def page(request): return Response()",
        "async def raw(scope, receive, send): ...",
        "app = Starlette(routes=[",
        "    Route('/me', require_privy_user(wallet='ethereum')(page)),",
        "    Route('/api/open', optional_privy_user(page)),",
        "    Route('/api/files/{name}', page),",
        "    Mount('/raw', raw),",
        "])",
        "Privy(app, {'APP_ID': 'an-app'}, protect=['/api/files'], exempt=['/api/files/logo'])",
    )
    return f"{name}:app"


def test_the_table(app: str, cli: CommandLine) -> None:
    """Each route is a line, with conditions and prefixes."""
    result = cli("routes", app)
    assert result.code == 0
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in result.out.splitlines()}
    assert lines["/me"].startswith("GET user a wallet on ethereum is linked written_0")
    assert lines["/api/open"].startswith("GET optional user written_0")
    assert lines["/api/files/{name}"].startswith("GET nothing (protected prefix, except /api/files/logo) written_0")
    assert lines["/raw/**"].startswith("any unknown written_0")


def test_on_a_terminal(app: str, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has colours, and the width of the terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in cli("routes", app).out


def test_an_output_without_the_characters(directory: Path) -> None:
    """Characters that the encoding of the output does not have are escaped."""
    (directory / "cafe.py").write_text(
        "import flask\napp = flask.Flask(__name__, static_folder=None)\n@app.get('/caf\u00e9')\ndef drink(): ...\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "privy_middleware", "routes", "cafe:app"]
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert (run.returncode, "/caf\\xe9" in run.stdout, run.stderr) == (0, True, "")


def test_what_is_no_app(cli: CommandLine, module: Callable[..., str]) -> None:
    """It is wrong usage that names the type; an app without settings is an error without an empty table."""
    name = module("DEBUG = True")
    for command in ("routes", "doctor"):
        result = cli(command, f"{name}:DEBUG")
        assert (result.code, "DEBUG is not an app: bool" in result.err) == (2, True)
    name = module("import flask", "from flask_privy import Privy", "app = flask.Flask(__name__)", "Privy(app)")
    assert cli("routes", f"{name}:app").out.startswith("error: ")


def test_json(app: str, cli: CommandLine) -> None:
    """The JSON has the same fields for each route."""
    result = cli("routes", app, "--json")
    assert result.json["routes"][0] == {
        "path": "/me",
        "methods": ["GET"],
        "view": f"{app.partition(':')[0]}.page",
        "requires": "user",
        "conditions": ["a wallet on ethereum is linked"],
        "protected_prefix": False,
        "exempt_prefixes": [],
    }
    assert result.json["problems"] == []
    assert "open" not in result.json


def test_a_check_for_ci(app: str, cli: CommandLine) -> None:
    """With ``--fail-on-open`` an open route below one of the prefixes is exit code 1, an unknown one too."""
    result = cli("routes", app, "--fail-on-open", "/api", "--fail-on-open", "/raw/")
    assert result.code == 1
    shown = result.out[result.out.index("3 open below") :].split("\n")
    assert shown[1:4] == ["  /api/open (optional user)", "  /api/files/{name} (nothing)", "  /raw/** (unknown)"]
    assert cli("routes", app, "--fail-on-open", "/me").code == 0
    assert cli("routes", app, "--fail-on-open", "/raw", "--json").json["open"] == ["/raw/**"]
    assert cli("routes", app, "--fail-on-open", "api").code == 2


@pytest.mark.parametrize(
    ("path", "prefix", "below"),
    [
        ("/api/users", "/api", True),
        ("/api", "/api/", True),
        ("/apis", "/api", False),
        ("/", "/api", False),
        ("/", "/", True),
        ("/{name}", "/api", True),
        ("/<string:name>/x", "/api/x", True),
        ("/{name}/y", "/api/x", False),
        ("/{rest:path}", "/api/users", True),
        ("/<path:rest>", "/api/users", True),
        ("/**", "/api/users", True),
    ],
)
def test_what_is_below_a_prefix(path: str, prefix: str, below: bool) -> None:
    """A parameter may have any value."""
    assert _may_be_below(path, prefix) is below


def test_mistakes_that_the_app_would_report(cli: CommandLine, module: Callable[..., str]) -> None:
    """Flask's decorators in the wrong order are exit code 1, and the route is listed as open."""
    name = module(
        "import flask",
        "from flask_privy import Privy, require_privy_user",
        "def create():",
        "    app = flask.Flask(__name__, static_folder=None)",
        "    Privy(app, {'APP_ID': 'an-app'})",
        "    @require_privy_user",
        "    @app.get('/secret')",
        "    def secret(): ...",
        "    return app",
    )
    result = cli("routes", f"{name}:create()")
    assert (result.code, "error: " in result.out, "write the route's decorator first" in result.out) == (1, True, True)
    result = cli("routes", f"{name}:create()", "--json")
    assert [each["requires"] for each in result.json["routes"]] == ["nothing"]
    assert "secret" in result.json["problems"][0]


def test_the_django_project(cli: CommandLine, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an app the project of the variable is listed; without both it is wrong usage."""
    assert cli("routes").code == 2
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.django_settings")
    settings.ROOT_URLCONF = "tests.paths.django_urls"
    assert cli("routes", "--json").json["routes"]


class TestRules:
    """Rules say what they ask for."""

    def test_their_descriptions(self) -> None:
        """The description has the condition, and a rule of a plugin's own is unknown."""
        assert requirement().description == "user"
        assert requirement(condition(wallet="ethereum")).description == "user: a wallet on ethereum is linked"
        assert optional().description == "optional user"
        assert requires_access_token().description == "access token"
        assert Rule(lambda auth, _: auth.user).description == "unknown"

    def test_the_rule_for_access_tokens(self) -> None:
        """It refuses a request without one, and returns the user of one with it."""
        user = PrivyUser(id="did:privy:somebody")
        access = AccessTokenClaims("an-app", user.id, "privy.io", 1, 2, "a-session")
        assert requires_access_token().check(PrivyAuth(user, access), lambda _: {}) is user
        with pytest.raises(MissingToken):
            requires_access_token().check(PrivyAuth(), lambda _: {})
