"""Setup: one or more apps, and the source of the settings."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Request, jsonify, render_template_string, request

from flask_privy import Privy, optional_privy_user, privy_auth, privy_user, require_privy_user
from privy_middleware import ConfigurationError, KeysUnavailable, PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import ADA, INVALID, Header, seen


def with_me(app: Flask) -> Flask:
    """Add a route that requires a user."""

    @app.get("/me")
    @require_privy_user
    def me() -> dict[str, Any]:
        return {"id": privy_user.id}

    return app


def test_settings_in_app_config(issuer: DevelopmentIssuer, ada: Header) -> None:
    """``app.config["PRIVY_…"]`` are the settings."""
    app = Flask(__name__)
    app.config.from_mapping(PRIVY_APP_ID=issuer.app_id, PRIVY_JWKS_URL=issuer.jwks_url, PRIVY_LEEWAY=5)
    Privy(app)
    assert seen(with_me(app).test_client().get("/me", headers=ada)) == (200, {"id": ADA})
    assert app.extensions["privy"].settings.leeway == 5


def test_settings_in_the_environment(issuer: DevelopmentIssuer, ada: Header, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings in ``app.config``, the settings come from the environment."""
    monkeypatch.setenv("PRIVY_APP_ID", issuer.app_id)
    monkeypatch.setenv("PRIVY_JWKS_URL", issuer.jwks_url)
    app = Flask(__name__)
    Privy(app)
    assert with_me(app).test_client().get("/me", headers=ada).status_code == 200


def test_unknown_setting_is_refused_with_a_suggestion() -> None:
    """A misspelt setting raises an error instead of using the default."""
    app = Flask(__name__)
    app.config.from_mapping(PRIVY_APP_ID="app", PRIVY_TRUSTED_ORIGIN=["https://app.example"])
    with pytest.raises(ConfigurationError, match=r'PRIVY_TRUSTED_ORIGIN"\] .*did you mean "TRUSTED_ORIGINS"'):
        Privy(app)


def test_wrong_setting_is_named_as_it_is_written() -> None:
    """The message contains the name ``PRIVY_…``, as in the app's configuration."""
    app = Flask(__name__)
    app.config["PRIVY_APP_ID"] = None
    with pytest.raises(ConfigurationError, match="PRIVY_APP_ID"):
        Privy(app)
    assert "privy" not in app.extensions


@pytest.mark.parametrize("form", ["config", "mapping", "verifier"])
def test_settings_by_argument(issuer: DevelopmentIssuer, ada: Header, form: str) -> None:
    """A configuration, a mapping or a verifier takes precedence over ``app.config``."""
    config = issuer.config()
    mapping = {"APP_ID": issuer.app_id, "JWKS_URL": issuer.jwks_url}
    given: Any = {"config": config, "mapping": mapping, "verifier": PrivyVerifier(config)}[form]
    app = Flask(__name__)
    app.config["PRIVY_APP_ID"] = "another-app"
    Privy(app, given)
    assert with_me(app).test_client().get("/me", headers=ada).status_code == 200


def test_one_extension_object_for_several_apps(issuer: DevelopmentIssuer, ada: Header) -> None:
    """Each app has its own settings, and none are stored on the extension object."""
    privy = Privy(config=issuer.config())
    ours, others, third = with_me(Flask("ours")), with_me(Flask("others")), with_me(Flask("third"))
    privy.init_app(ours)
    privy.init_app(others, PrivyConfig(app_id="another-app", verification_key=issuer.public_key_pem))
    privy.init_app(third)
    assert seen(ours.test_client().get("/me", headers=ada)) == (200, {"id": ADA})
    assert seen(others.test_client().get("/me", headers=ada)) == INVALID
    assert seen(third.test_client().get("/me", headers=ada)) == (200, {"id": ADA})


def test_set_up_twice_is_refused(app: Flask, issuer: DevelopmentIssuer) -> None:
    """Setting up an app twice raises an error."""
    with pytest.raises(ConfigurationError, match="already"):
        Privy(app, issuer.config())


def test_without_set_up_the_message_says_what_to_do() -> None:
    """Without ``init_app``, nothing is accessible, and the error says how to fix it."""
    client = with_me(Flask(__name__)).test_client()
    client.application.testing = True
    with pytest.raises(RuntimeError, match="init_app"):
        client.get("/me")


def test_outside_a_request_there_is_no_user(app: Flask) -> None:
    """Outside a request, the proxies raise an error like Flask's own."""
    with app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
        bool(privy_user.id)
    assert repr(privy_auth) == "<LocalProxy unbound>"


def test_own_request_class_is_kept(issuer: DevelopmentIssuer, ada: Header) -> None:
    """The user is added to the app's own request class."""

    class OwnRequest(Request):
        privy_user = "spoofed"
        tenant = "acme"

    class OwnFlask(Flask):
        request_class = OwnRequest

    app = OwnFlask(__name__)
    Privy(app, issuer.config())

    @app.get("/")
    def index() -> dict[str, Any]:
        assert isinstance(request, OwnRequest)
        return {"tenant": request.tenant, "id": request.privy_user.id}  # type: ignore[attr-defined]

    assert seen(app.test_client().get("/", headers=ada)) == (200, {"tenant": "acme", "id": ADA})
    assert OwnFlask.request_class is OwnRequest


def test_request_class_replaced_afterwards(app: Flask, ada: Header) -> None:
    """If the app replaces our request class, requests have no user and a requirement raises an error."""
    with_me(app).get("/open")(lambda: {"open": True})
    app.request_class = Request
    assert seen(app.test_client().get("/open", headers=ada)) == (200, {"open": True})
    assert app.test_client().get("/me", headers=ada).status_code == 500


def test_user_is_read_only(app: Flask, ada: Header) -> None:
    """Neither the app's code nor a header can replace the user of a request."""
    with app.test_request_context(headers=ada):
        for name in ("privy_user", "privy_auth"):
            with pytest.raises(AttributeError):
                setattr(request, name, object())
        assert privy_user.id == ADA


def test_environ_makes_no_user(app: Flask) -> None:
    """Values in the environ, of the WSGI middleware or of other code, are not used as the user."""
    spoof = {"privy_middleware.user": object(), "privy_middleware.auth": object(), "REMOTE_USER": "ada"}
    with app.test_request_context(environ_base=spoof):
        assert privy_auth.user is None


def test_fail_fast_refuses_to_start() -> None:
    """With ``fail_fast``, an app without keys does not start."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/jwks.json"
        with pytest.raises(KeysUnavailable):
            Privy(Flask(__name__), {"app_id": "app", "jwks_url": url, "fail_fast": True})


def test_templates_know_the_user(app: Flask, ada: Header) -> None:
    """``privy_user`` is available in templates, and is looked up only if a template uses it."""
    app.get("/asks", endpoint="asks")(
        lambda: render_template_string("{{ privy_user.email.address if privy_user else '' }}")
    )
    app.get("/asks-not")(lambda: render_template_string("hello"))
    client = app.test_client()
    asked, not_asked = client.get("/asks", headers=ada), client.get("/asks-not", headers=ada)
    assert (asked.text.endswith("@example.com"), not_asked.text) == (True, "hello")
    assert ("Vary" in asked.headers, "Vary" in not_asked.headers) == (True, False)
    assert client.get("/asks").text == ""


def test_on_missing_reject_requires_a_user_everywhere(make_app: Callable[..., Flask], ada: Header) -> None:
    """All routes require a user, except those with ``@optional_privy_user``."""
    app = make_app(on_missing="reject")
    app.get("/silent", endpoint="silent")(lambda: {"silent": True})
    app.get("/optional")(optional_privy_user(lambda: {"user": bool(privy_user)}))
    client = app.test_client()
    assert client.get("/silent").status_code == 401
    assert client.get("/unknown").status_code == 401
    assert seen(client.get("/optional")) == (200, {"user": False})
    assert client.get("/silent", headers=ada).status_code == 200
    assert client.get("/unknown", headers=ada).status_code == 404


def test_user_serialises(app: Flask, ada: Header) -> None:
    """Flask's JSON provider accepts the result of ``to_dict``."""
    app.get("/")(lambda: jsonify(privy_user.to_dict()))
    status, body = seen(app.test_client().get("/", headers=ada))
    assert (status, body["id"], body["custom_metadata"]) == (200, ADA, {"role": "admin"})
