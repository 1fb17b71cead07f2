"""Sources of settings: code over the framework's settings over the environment, setting by setting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette

import fastapi_privy
import fastapi_privy.starlette as starlette_privy
import flask_privy
import litestar_privy
from django_privy.conf import PrivySettings
from privy_middleware import ConfigurationError, PrivyConfig, PrivyMiddleware, PrivyWSGIMiddleware
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.gate import Gate, build_gate, read_settings
from privy_middleware.loader import UserLoader
from privy_middleware.settings import hints
from privy_middleware.settings.sources import SettingsSource
from privy_middleware.web3auth import Web3AuthConfig
from tests.support.issued import ISSUER

PEM = ISSUER.public_key_pem
URL = "https://keys.example/jwks.json"


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    """Answer nothing."""
    return []


def of_flask(settings: Any) -> Gate:
    """Return the gate of a Flask app with settings in code."""
    app = Flask(__name__)
    flask_privy.Privy(app, settings)
    gate: Gate = app.extensions["privy"]
    return gate


def of_flask_config(settings: Any) -> Gate:
    """Return the gate of a Flask app with settings in ``app.config``."""
    app = Flask(__name__)
    app.config.from_mapping({f"PRIVY_{name}": value for name, value in settings.items()})
    flask_privy.Privy(app)
    gate: Gate = app.extensions["privy"]
    return gate


def of_django(settings: Any) -> Gate:
    """Return the gate of a Django project."""
    with override_settings(PRIVY=settings):
        return PrivySettings().gate


FRAMEWORKS: dict[str, Callable[[Any], Gate]] = {
    "core": build_gate,
    "asgi": lambda settings: PrivyMiddleware(asgi_app, settings).gate,
    "wsgi": lambda settings: PrivyWSGIMiddleware(wsgi_app, settings).gate,
    "flask": of_flask,
    "app.config": of_flask_config,
    "django": of_django,
    "fastapi": lambda settings: fastapi_privy.Privy(FastAPI(), settings).gate,
    "starlette": lambda settings: starlette_privy.Privy(Starlette(), settings).gate,
    "litestar": lambda settings: litestar_privy.Privy(settings).gate,
}
everywhere = pytest.mark.parametrize("gate_of", FRAMEWORKS.values(), ids=FRAMEWORKS)
SPELLINGS = {"app.config": 'app.config["PRIVY_LEEWAY"] (leeway: ', "django": 'settings.PRIVY["LEEWAY"] (leeway: '}


@everywhere
def test_settings_add_up(gate_of: Callable[[Any], Gate], monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting in code does not switch the environment off, and has precedence over it."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    monkeypatch.setenv("PRIVY_LEEWAY", "3")
    monkeypatch.setenv("PRIVY_ON_INVALID", "anonymous")
    settings = gate_of({"LOGIN_URL": "/login", "LEEWAY": 5}).settings
    assert isinstance(settings, PrivyConfig)
    assert (settings.app_id, settings.login_url, settings.leeway) == ("app", "/login", 5)
    assert settings.on_invalid == "anonymous"


@everywhere
def test_errors_name_the_source(gate_of: Callable[[Any], Gate], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value is named as it is written where it comes from."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    with pytest.raises(ConfigurationError) as caught:
        gate_of({"LEEWAY": 600})
    (name,) = (key for key, each in FRAMEWORKS.items() if each is gate_of)
    assert str(caught.value).startswith(SPELLINGS.get(name, "leeway: "))
    monkeypatch.setenv("PRIVY_LEEWAY", "600")
    with pytest.raises(ConfigurationError, match=r"^PRIVY_LEEWAY \(leeway: "):
        gate_of({"LOGIN_URL": "/login"})
    assert gate_of({"LEEWAY": 5}).settings.leeway == 5


@everywhere
@pytest.mark.parametrize(
    ("environ", "given", "fetches"),
    [
        ({"PRIVY_JWKS_URL": URL}, {"VERIFICATION_KEY": PEM}, False),
        ({"PRIVY_VERIFICATION_KEY": PEM}, {"JWKS_URL": URL}, True),
        ({"PRIVY_VERIFICATION_KEY": PEM}, {"LEEWAY": 5}, False),
        ({"PRIVY_VERIFICATION_KEY": PEM}, {"VERIFICATION_KEY": None, "JWKS_URL": URL}, True),
        ({"PRIVY_JWKS_URL": URL}, {"VERIFICATION_KEY": None}, True),
    ],
)
def test_alternatives(
    gate_of: Callable[[Any], Gate], environ: Any, given: Any, fetches: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source that names a key or an address decides where the keys come from."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = gate_of(given).settings
    assert isinstance(settings, PrivyConfig)
    assert (settings.verification_key is None, settings.jwks_url == URL) == (fetches, fetches)


@everywhere
def test_secrets_of_the_key_cache(gate_of: Callable[[Any], Gate], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are given in code, in the framework's settings or in the environment, one or several; never shown."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    one, two = "one-secret-to-hide-" + "1" * 20, "two-secret-to-hide-" + "2" * 20
    assert gate_of({"LEEWAY": 5}).settings.key_cache_secrets == ()
    for given, expected in ((one, (one,)), ([two, one], (two, one))):
        settings = gate_of({"KEY_CACHE_SECRET": given}).settings
        assert settings.key_cache_secrets == expected
        assert "to-hide" not in repr(settings)
    monkeypatch.setenv("PRIVY_KEY_CACHE_SECRET", f"{one}, {two}")
    assert gate_of({"LEEWAY": 5}).settings.key_cache_secrets == (one, two)
    assert gate_of({"KEY_CACHE_SECRET": two}).settings.key_cache_secrets == (two,)
    monkeypatch.setenv("PRIVY_KEY_CACHE_SECRET", "short-to-hide")
    with pytest.raises(ConfigurationError, match=r"^PRIVY_KEY_CACHE_SECRET \(key_cache_secret: set at least") as caught:
        gate_of({"LEEWAY": 5})
    assert "to-hide" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"KEY_CACHE_SECRET|key_cache_secret"):
        gate_of({"KEY_CACHE_SECRET": ["too-short"]})


def test_flask_has_three_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """``Privy(app, {…})`` is over ``app.config``, which is over the environment; a configuration is complete."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    monkeypatch.setenv("PRIVY_LEEWAY", "1")
    monkeypatch.setenv("PRIVY_KEY_TIMEOUT", "1")
    app, other = Flask("app"), Flask("other")
    for each in (app, other):
        each.config.from_mapping(PRIVY_LEEWAY=2, PRIVY_LOGIN_URL="/config", PRIVY_KEY_TIMEOUT=2)
    flask_privy.Privy(app, {"LEEWAY": 3})
    settings = app.extensions["privy"].settings
    assert (settings.app_id, settings.login_url) == ("app", "/config")
    assert (settings.leeway, settings.key_timeout) == (3, 2)
    complete = PrivyConfig(app_id="another")
    flask_privy.Privy(other, complete)
    assert other.extensions["privy"].settings is complete


def test_a_configuration_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is added to a configuration, wherever it is given; and ``from_mapping`` reads nothing else."""
    monkeypatch.setenv("PRIVY_LEEWAY", "1")
    complete = PrivyConfig(app_id="app")
    for name, gate_of in FRAMEWORKS.items():
        if name != "app.config":
            assert gate_of(complete).settings is complete
    assert PrivyConfig.from_mapping({"APP_ID": "app"}).leeway == 10


def test_keywords_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``from_env`` takes settings that have precedence, in every configuration."""
    environ = {"PRIVY_APP_ID": "app", "PRIVY_LEEWAY": "3", "PRIVY_VERIFICATION_KEY": PEM}
    settings = PrivyConfig.from_env(environ, login_url="/login", leeway=5, jwks_url=URL)
    assert (settings.login_url, settings.leeway) == ("/login", 5)
    assert (settings.verification_key, settings.jwks_url) == (None, URL)
    assert Web3AuthConfig.from_env({"WEB3AUTH_CLIENT_ID": "app"}, leeway=5).leeway == 5
    external = {"WEB3AUTH_CLIENT_ID": "app", "WEB3AUTH_EXTERNAL_VERIFICATION_KEY": PEM}
    assert Web3AuthConfig.from_env(external, external_jwks_url=URL).external_verification_key is None
    own = {"CUSTOM_KEY_PUBLIC_KEY": PEM, "CUSTOM_KEY_ALGORITHMS": "ES256", "CUSTOM_KEY_ISSUER": "a"}
    assert CustomKeyConfig.from_env(own, issuer="b", audience="c").issuer == "b"
    with pytest.raises(ConfigurationError, match=r"^leeway: set a number"):
        PrivyConfig.from_env(environ, leeway="5")
    with pytest.raises(ConfigurationError, match=r"^PRIVY_APP_ID \(app_id: set it, as it is required"):
        PrivyConfig.from_env({}, leeway=5)


def test_the_loader_s_settings_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader of full users reads its settings in the same way."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    monkeypatch.setenv("PRIVY_APP_SECRET", "a-secret-to-hide")
    assert repr(UserLoader({"LEEWAY": 5})) == "<UserLoader app>"


def test_settings_that_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about a setting that has its default is reported for the first source that has any."""
    monkeypatch.setenv("PRIVY_APP_ID", "app")
    framework = SettingsSource({"ACCESS_HEADER": "privy-id-token"}, 'settings.PRIVY["{}"]')
    with pytest.raises(
        ConfigurationError, match=r'^settings.PRIVY\["IDENTITY_HEADER"\] \(identity_header: must differ'
    ):
        read_settings(None, framework)
    monkeypatch.setenv("PRIVY_ACCESS_HEADER", "privy-id-token")
    with pytest.raises(ConfigurationError, match=r"^PRIVY_IDENTITY_HEADER \(identity_header: must differ"):
        read_settings()


@pytest.mark.parametrize(
    ("variables", "warned"),
    [
        ({"PRIVY_WEBHOOK_SECRET": "x", "PRIVY_API_KEY": "x", "PRIVY_API_SECRET": "x", "OTHER_X": "x"}, []),
        ({"PRIVY_LEEWAYS": ""}, []),
        (
            {"PRIVY_leeway": "5"},
            ['PRIVY_leeway: the variable is ignored, because it is not a setting; did you mean "PRIVY_LEEWAY"?'],
        ),
        ({"PRIVY_KEY_CACHE": "x"}, ["PRIVY_KEY_CACHE: the variable is ignored, because it can be set in code only"]),
        (
            {"PRIVY_CLIENT_ID": "x"},
            ['PRIVY_CLIENT_ID: the variable is ignored, because it is not a setting; did you mean "PRIVY_APP_ID"?'],
        ),
    ],
)
def test_unknown_variables(
    variables: dict[str, str], warned: list[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables that are no settings are named, once, unless the documentation uses them for something else."""
    monkeypatch.setattr(hints, "_warned", set())
    with caplog.at_level(logging.WARNING, "privy_middleware.settings"):
        for _ in range(2):
            PrivyConfig.from_env({"PRIVY_APP_ID": "app", **variables})
    assert [each.getMessage() for each in caplog.records] == warned


def test_an_empty_prefix(caplog: pytest.LogCaptureFixture) -> None:
    """Without a prefix, the variables of other programs are not reported."""
    assert PrivyConfig.from_env({"APP_ID": "app", "PATH": "/bin"}, prefix="").app_id == "app"
    assert caplog.records == []


@pytest.mark.parametrize(
    "app_id", ["my-app", "test-app", "app-one", "app", "cm1abc2de0000", "example-app", "hereafter"]
)
def test_app_ids_that_are_no_placeholders(app_id: str) -> None:
    """Only what cannot be an app ID counts as a placeholder."""
    assert PrivyConfig(app_id=app_id).app_id == app_id


@pytest.mark.parametrize(
    "app_id",
    [
        *("your-app-id", "YOUR_PRIVY_APP_ID", "<app id>", "xxx", "...", "…", "changeme", "change-me", "placeholder"),
        *("insert-app-id", "app-id", "my-app-id", "my-privy-app-id", "PRIVY_APP_ID", "TODO", "your_app", "APP_ID_HERE"),
        *("{{ app_id }}", "${PRIVY_APP_ID}", "$PRIVY_APP_ID", "%PRIVY_APP_ID%", "[app-id]", "undefined", "***"),
    ],
)
def test_placeholders(app_id: str) -> None:
    """What documentation, templates and shells have in the place of an app ID is reported as such."""
    with pytest.raises(ConfigurationError, match=r"^app_id: is a placeholder, not a value of your app: copy"):
        PrivyConfig(app_id=app_id)
    with pytest.raises(ConfigurationError, match=r"^app_secret: is a placeholder"):
        PrivyConfig(app_id="app", app_secret={"app": "your-app-secret"})
    with pytest.raises(ConfigurationError, match=r"^verification_key: is a placeholder"):
        PrivyConfig(app_id="app", verification_key={"app": "<verification key>"})
