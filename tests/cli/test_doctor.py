"""``privy-middleware doctor``: each check passes, and fails, with what to do."""

from __future__ import annotations

import json
import platform
import socket
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from privy_middleware.cli import apps, published, versions
from privy_middleware.development import DevelopmentIssuer
from tests.cli.running import CommandLine, Result
from tests.support.keyserver import KeyServer, jwks, reply
from tests.support.ports import free_port
from tests.support.signers import Signer

PRIVY = {"APP_ID": "an-app", "VERIFICATION_KEY": DevelopmentIssuer().public_key_pem}


def findings(result: Result) -> set[tuple[str, str]]:
    """Return the status and the check of each finding."""
    return {(each["status"], each["check"]) for each in result.json["findings"]}


def message(result: Result, check: str) -> str:
    """Return the messages of a check."""
    return "\n".join(each["message"] for each in result.json["findings"] if each["check"] == check)


@pytest.fixture
def settings_of(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set variables in the environment, by default the issuer's."""

    def set_all(**variables: str) -> None:
        for name, value in {"PRIVY_APP_ID": issuer.app_id, "PRIVY_JWKS_URL": issuer.jwks_url, **variables}.items():
            monkeypatch.setenv(name, value)

    set_all()
    return set_all


def test_the_environment(cli: CommandLine, settings_of: Callable[..., None], issuer: DevelopmentIssuer) -> None:
    """Right settings are exit code 0, with the app id, the number of keys and the versions."""
    result = cli("doctor")
    assert result.code == 0
    assert "ok       app id: privy-development-app" in result.out
    assert f"ok       keys: 1 key at {issuer.jwks_url}" in result.out
    assert "warning  keys: they are those of a server on this machine\n         -> leave out" in result.out
    assert "ok       clock: agrees" in result.out
    assert f"Python {sys.version.split()[0]}" in result.out


@pytest.mark.parametrize(
    ("app_id", "shown"), [("your-app-id", "placeholder"), ("client-abc", "client id"), ("", "is required")]
)
def test_a_wrong_app_id(app_id: str, shown: str, cli: CommandLine, settings_of: Callable[..., None]) -> None:
    """It is an error that names the variable, and the versions are checked nevertheless."""
    settings_of(PRIVY_APP_ID=app_id)
    result = cli("doctor", "--json")
    assert result.code == 1
    assert ("error", "settings") in findings(result)
    assert shown in message(result, "settings")
    assert "PRIVY_APP_ID" in message(result, "settings")
    assert ("ok", "versions") in findings(result)


def test_an_unknown_variable(cli: CommandLine, settings_of: Callable[..., None]) -> None:
    """What the library would log about the settings is a warning."""
    settings_of(PRIVY_APPID="x")
    result = cli("doctor", "--json")
    assert "PRIVY_APPID" in message(result, "settings")
    assert result.err == ""


def test_settings_for_development(cli: CommandLine, settings_of: Callable[..., None]) -> None:
    """``debug_reasons`` and addresses without https are warnings."""
    settings_of(
        PRIVY_DEBUG_REASONS="true",
        PRIVY_TRUSTED_ORIGINS="http://app.example.com,http://localhost:3000,https://x.example.com",
        PRIVY_LOGIN_URL="http://login.example.com/",
        PRIVY_REFRESH_URL="/refresh",
        PRIVY_SOURCES="header",
    )
    result = cli("doctor", "--json")
    assert result.code == 0
    shown = message(result, "settings")
    assert shown.count("debug_reasons") == 1
    assert "trusted_origins has http://app.example.com" in shown
    assert "login_url has http://login.example.com/" in shown
    assert "localhost" not in shown
    assert ("ok", "cookies") not in findings(result)


class TestKeys:
    """The keys are fetched, and a configured one is compared with them."""

    def test_that_cannot_be_fetched(self, cli: CommandLine, settings_of: Callable[..., None]) -> None:
        """Without any key it is an error, with a configured one a warning."""
        settings_of(PRIVY_JWKS_URL=f"http://127.0.0.1:{free_port()}/jwks.json")
        assert ("error", "keys") in findings(cli("doctor", "--json"))
        settings_of(PRIVY_JWKS_URL=f"http://127.0.0.1:{free_port()}/", PRIVY_VERIFICATION_KEY=PRIVY["VERIFICATION_KEY"])
        result = cli("doctor", "--json")
        assert (result.code, ("warning", "keys") in findings(result)) == (0, True)

    def test_a_configured_key(
        self, cli: CommandLine, settings_of: Callable[..., None], issuer: DevelopmentIssuer
    ) -> None:
        """The published key is right, another one is an error, and one of several a warning; none is shown."""
        settings_of(PRIVY_VERIFICATION_KEY=issuer.public_key_pem)
        assert "is what" in message(cli("doctor", "--json"), "keys")
        issuer.rotate()
        assert "lacks 1 of the 2 keys" in message(cli("doctor", "--json"), "keys")
        settings_of(PRIVY_VERIFICATION_KEY=PRIVY["VERIFICATION_KEY"])
        result = cli("doctor", "--json")
        assert "is none of the 2 keys" in message(result, "keys")
        assert (result.code, ("error", "keys") in findings(result)) == (1, True)
        assert PRIVY["VERIFICATION_KEY"].splitlines()[1] not in result.out

    def test_of_another_machine(
        self, cli: CommandLine, settings_of: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is no warning about keys that are not of this machine."""
        monkeypatch.setattr(published, "is_local_host", lambda _: False)
        assert ("warning", "keys") not in findings(cli("doctor", "--json"))

    def test_that_are_skipped(self, cli: CommandLine, settings_of: Callable[..., None]) -> None:
        """Keys that cannot be used are counted."""
        good = Signer()
        document = {"keys": [*_keys(good), {"kty": "oct", "k": "AA"}]}
        with KeyServer(good) as server:
            server.behave = reply(json.dumps(document).encode())
            settings_of(PRIVY_JWKS_URL=server.url)
            assert "1 key (skipped 1: " in message(cli("doctor", "--json"), "keys")

    @pytest.mark.parametrize(
        ("off", "status"),
        [(-7200, "error"), (7200, "error"), (-30, "warning"), (30, "warning"), (0, "ok"), (None, None)],
    )
    def test_the_clock(
        self, off: int | None, status: str | None, cli: CommandLine, settings_of: Callable[..., None]
    ) -> None:
        """It is compared with the ``Date`` of the key server, and with the leeway."""
        good = Signer()

        def dated(connection: socket.socket) -> None:
            headers = {} if off is None else {"Date": formatdate(time.time() + off, usegmt=True)}
            reply(jwks(good), headers=headers)(connection)

        with KeyServer(good) as server:
            server.behave = dated
            settings_of(PRIVY_JWKS_URL=server.url, PRIVY_LEEWAY="60")
            clock = {found for found, check in findings(cli("doctor", "--json")) if check == "clock"}
        assert clock == ({status} if status else set())


class TestApps:
    """The settings and the order of middleware are those of the app."""

    @pytest.fixture(autouse=True)
    def environment(self, settings_of: Callable[..., None]) -> None:
        """Set the issuer's settings."""

    @pytest.mark.parametrize("name", ["asgi", "wsgi", "starlette", "fastapi", "flask", "litestar"])
    def test_an_example(self, name: str, cli: CommandLine) -> None:
        """Privy is found in each framework's example."""
        result = cli("doctor", f"example_apps.{name}_app:create_app()", "--json")
        assert result.code == 0
        assert {("ok", "app"), ("ok", "app id"), ("ok", "keys")} <= findings(result)

    def test_without_privy(self, cli: CommandLine, module: Callable[..., str]) -> None:
        """An app without it is an error; what a function does cannot be seen."""
        name = module("import flask", "app = flask.Flask(__name__)", "def asgi(scope, receive, send): ...")
        result = cli("doctor", f"{name}:app")
        assert (result.code, "error    app: Privy is not installed" in result.out) == (1, True)
        result = cli("doctor", f"{name}:asgi")
        assert (result.code, "warning  app: " in result.out) == (0, True)

    def test_wrong_settings(self, cli: CommandLine, module: Callable[..., str]) -> None:
        """What the app raises when it is imported or built is an error that names the setting."""
        name = module("import flask", "from flask_privy import Privy", "app = Privy(flask.Flask('x'), {'LEEWAY': 99})")
        result = cli("doctor", f"{name}:app", "--json")
        assert (result.code, "leeway" in message(result, "settings")) == (1, True)

    @pytest.mark.parametrize(("first", "status"), [("Privy(app)", "ok"), ("add(app)", "warning")])
    def test_cors(self, first: str, status: str, cli: CommandLine, module: Callable[..., str]) -> None:
        """CORS middleware belongs outside, so it is added after Privy."""
        steps = ["Privy(app)", "add(app)"]
        name = module(
            "from starlette.applications import Starlette",
            "from starlette.middleware.cors import CORSMiddleware",
            "from fastapi_privy.starlette import Privy",
            "app = Starlette()",
            "def add(app): app.add_middleware(CORSMiddleware)",
            *sorted(steps, key=lambda step: step != first),
        )
        result = cli("doctor", f"{name}:app", "--json")
        assert {found for found, check in findings(result) if check == "middleware"} == {status}

    def test_middleware_of_wsgi(self, cli: CommandLine, module: Callable[..., str]) -> None:
        """Middleware around a Flask app is seen through."""
        name = module(
            "import flask",
            "from privy_middleware import PrivyWSGIMiddleware",
            "from werkzeug.middleware.proxy_fix import ProxyFix",
            "app = flask.Flask(__name__)",
            "app.wsgi_app = ProxyFix(PrivyWSGIMiddleware(app.wsgi_app))",
        )
        assert ("ok", "app") in findings(cli("doctor", f"{name}:app", "--json"))

    def test_decorators_in_the_wrong_order(self, cli: CommandLine, module: Callable[..., str]) -> None:
        """A view that is served without its decorator is an error that names it."""
        name = module(
            "import flask",
            "from flask_privy import Privy, require_privy_user",
            "def create():",
            "    app = flask.Flask(__name__)",
            "    Privy(app)",
            "    @require_privy_user",
            "    @app.get('/')",
            "    def secret(): ...",
            "    return app",
        )
        result = cli("doctor", f"{name}:create()", "--json")
        assert (result.code, "secret" in message(result, "settings")) == (1, True)

    def test_another_family_of_tokens(self, cli: CommandLine, module: Callable[..., str]) -> None:
        """Its keys are fetched by its verifier."""
        with KeyServer(Signer()) as server:
            name = module(
                "from privy_middleware import PrivyMiddleware",
                "from privy_middleware.web3auth import Web3AuthConfig",
                f"url = {server.url!r}",
                "async def inner(scope, receive, send): ...",
                "config = Web3AuthConfig(client_id='BExample', jwks_url=url)",
                "app = PrivyMiddleware(inner, config)",
            )
            assert ("ok", "keys") in findings(cli("doctor", f"{name}:app", "--json"))
            server.behave = reply(b"")
            name = module(f"from {name} import config, inner, PrivyMiddleware", "app = PrivyMiddleware(inner, config)")
            assert ("error", "keys") in findings(cli("doctor", f"{name}:app", "--json"))

    @pytest.mark.parametrize(
        ("target", "shown"),
        [
            ("main", "module:attribute"),
            ("no_such_module:app", "No module named 'no_such_module'"),
            ("{module}:other", "has no attribute other"),
            ("{module}:fail()", "ZeroDivisionError: division by zero ({path}, line 2)"),
            ("{module}:leave()", "SystemExit: 3 ({path}, line 3)"),
        ],
    )
    def test_what_cannot_be_imported(
        self, target: str, shown: str, cli: CommandLine, module: Callable[..., str], directory: Path
    ) -> None:
        """It is wrong usage, with the place of the error."""
        name = module("app = None", "def fail(): 1 / 0", "def leave(): raise SystemExit(3)")
        result = cli("doctor", target.format(module=name))
        assert (result.code, shown.format(path=directory / f"{name}.py") in result.err) == (2, True)


class TestDjango:
    """The project's own system checks are used."""

    @pytest.fixture(autouse=True)
    def project(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Name the settings, which are already loaded."""
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.django_settings")
        settings.PRIVY = PRIVY
        settings.ROOT_URLCONF = "tests.django_urls"

    def test_right_settings(self, cli: CommandLine) -> None:
        """The app id of the settings is shown."""
        result = cli("doctor", "--json")
        assert (result.code, message(result, "app id")) == (0, "an-app")
        assert ("ok", "django") in findings(result)

    def test_mistakes(self, cli: CommandLine, settings: Any) -> None:
        """Errors and warnings of the checks are those of the output, and wrong settings are reported once."""
        csrf = "django.middleware.csrf.CsrfViewMiddleware"
        settings.MIDDLEWARE = [*(each for each in settings.MIDDLEWARE if each != csrf), csrf]
        warned = cli("doctor", "--json")
        assert (warned.code, ("warning", "django") in findings(warned)) == (0, True)
        settings.PRIVY = {"APP_ID": "client-x"}
        wrong = cli("doctor", "--json")
        assert [each["code"] for each in wrong.json["findings"] if each["status"] == "error"] == ["django_privy.E001"]

    def test_an_app(self, cli: CommandLine, settings: Any, module: Callable[..., str]) -> None:
        """The app that a server is given is checked in the same way."""
        name = module("from django.core.wsgi import get_wsgi_application", "app = get_wsgi_application()")
        assert {("ok", "django"), ("ok", "app")} <= findings(cli("doctor", f"{name}:app", "--json"))
        settings.MIDDLEWARE = []
        assert ("error", "app") in findings(cli("doctor", f"{name}:app", "--json"))

    def test_settings_that_cannot_be_loaded(
        self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, module: Callable[..., str]
    ) -> None:
        """They are wrong usage."""
        broken = SimpleNamespace(setup=lambda: 1 / 0)
        monkeypatch.setattr(apps, "module", lambda _: broken)
        result = cli("doctor")
        assert (result.code, "DJANGO_SETTINGS_MODULE: ZeroDivisionError" in result.err) == (2, True)


class TestVersions:
    """Each installed library is compared with the least version in the metadata."""

    def test_one_that_is_too_old(self, cli: CommandLine, settings_of: Callable[..., None], patch: Any) -> None:
        """It is an error that says how to upgrade it."""
        patch(metadata, "version", lambda name: "0.9rc1" if name == "anyio" else metadata.distribution(name).version)
        result = cli("doctor", "--json")
        assert message(result, "versions").startswith("anyio 0.9rc1 is too old: at least ")
        assert result.code == 1

    def test_python(self, cli: CommandLine, settings_of: Callable[..., None], patch: Any) -> None:
        """Python's own version is compared, too, and a library that is not installed is not."""
        patch(platform, "python_version", lambda: "3.10.1")
        patch(metadata, "version", _not_found)
        assert message(cli("doctor", "--json"), "versions").startswith("Python 3.10.1 is too old")

    @pytest.mark.parametrize(("version", "release"), [("5.2.13", (5, 2, 13)), ("6.0rc1", (6, 0)), ("unknown", ())])
    def test_what_is_compared(self, version: str, release: tuple[int, ...]) -> None:
        """Only the numbers of the release count."""
        assert versions._release(version) == release

    @pytest.fixture
    def patch(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Return what replaces an attribute of a module."""
        return monkeypatch.setattr


def _not_found(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


def _keys(*signers: Signer) -> list[Any]:
    return list(json.loads(jwks(*signers))["keys"])
