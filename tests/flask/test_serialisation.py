"""Users in the responses of Flask apps: always what ``to_dict`` returns."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import msgspec
import pytest
from flask import Flask, jsonify
from flask.json.provider import DefaultJSONProvider, JSONProvider

from flask_privy import Privy, privy_auth, privy_user, require_privy_user
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import Header

restx: Any = import_module("flask_restx")


@dataclass
class Item:
    """A dataclass of an app."""

    name: str


class FastProvider(JSONProvider):
    """A provider that writes dataclasses by itself."""

    def dumps(self, obj: Any, **options: Any) -> str:
        """Return JSON."""
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **options: Any) -> Any:
        """Return the value of JSON."""
        return msgspec.json.decode(s)


class OwnProvider(DefaultJSONProvider):
    """A provider with a function for one more type."""

    @staticmethod
    def default(value: Any) -> Any:
        """Return a list for a set."""
        return sorted(value) if isinstance(value, set) else DefaultJSONProvider.default(value)


VIEWS: dict[str, Callable[[], Any]] = {
    "jsonify": lambda: jsonify(privy_user),
    "keywords": lambda: jsonify(user=privy_user, count=1),
    "dict": lambda: {"user": privy_auth.user},
    "proxy-in-a-dict": lambda: {"user": privy_user},
    "list": lambda: [privy_auth.user],
    "user": lambda: privy_auth.user,
    "proxy": lambda: privy_user,
    "status": lambda: (privy_auth.user, 201),
    "headers": lambda: (privy_auth.user, 201, {"X-Own": "1"}),
    "accounts": lambda: {"accounts": privy_user.linked_accounts},
    "account": lambda: privy_user.linked_accounts[0],
}


@pytest.fixture(params=[DefaultJSONProvider, OwnProvider, FastProvider])
def app(request: pytest.FixtureRequest, issuer: DevelopmentIssuer) -> Flask:
    """Return an app whose views answer with users, with one of the providers."""
    app = Flask(__name__)
    app.json = request.param(app)
    Privy(app, issuer.config())
    for name, view in VIEWS.items():
        app.get(f"/{name}", endpoint=name)(require_privy_user(view))
    return app


@require_privy_user
def expected() -> dict[str, Any]:
    """Return what every response must contain."""
    return privy_user.to_dict()


def test_users_in_responses(app: Flask, ada: Header) -> None:
    """A user, its accounts and what contains them become ``to_dict``, in every way in which a view can answer."""
    app.get("/expected")(expected)
    client = app.test_client()
    user = client.get("/expected", headers=ada).json
    assert user is not None
    bodies = {
        "jsonify": user,
        "keywords": {"user": user, "count": 1},
        "dict": {"user": user},
        "proxy-in-a-dict": {"user": user},
        "list": [user],
        "user": user,
        "proxy": user,
        "status": user,
        "headers": user,
        "accounts": {"accounts": user["linked_accounts"]},
        "account": user["linked_accounts"][0],
    }
    assert bodies.keys() == VIEWS.keys()
    for name, body in bodies.items():
        response = client.get(f"/{name}", headers=ada)
        assert (response.json, response.mimetype) == (body, "application/json"), name
        assert response.status_code == (201 if name in {"status", "headers"} else 200)
    assert client.get("/headers", headers=ada).headers["X-Own"] == "1"
    assert client.get("/user").status_code == 401


def test_session(app: Flask, issuer: DevelopmentIssuer) -> None:
    """The claims of an access token are converted too."""
    app.get("/session")(lambda: {"session": privy_auth.require_access()})
    header = {"Authorization": f"Bearer {issuer.access_token('ada')}"}
    body = app.test_client().get("/session", headers=header).json
    assert body is not None
    assert body["session"].keys() == {"app_id", "user_id", "issuer", "issued_at", "expiration", "session_id"}


def test_other_values_are_written_as_before(make_app: Callable[..., Flask]) -> None:
    """The provider still writes an app's own dataclasses and dates, and refuses what it cannot write."""
    app = make_app()
    with app.app_context():
        assert json.loads(app.json.dumps([Item("x")])) == [{"name": "x"}]
        assert "1970" in app.json.dumps(datetime(1970, 1, 1, tzinfo=UTC))
        with pytest.raises(TypeError, match="object is not JSON serializable"):
            app.json.dumps(object())
    own = Flask(__name__)
    own.json = OwnProvider(own)
    Privy(own, make_app().extensions["privy"].verifier)
    assert own.json.dumps({2, 1}) == "[1,2]" or own.json.dumps({2, 1}) == "[1, 2]"


def test_other_answers_are_as_before(make_app: Callable[..., Flask]) -> None:
    """Texts and tuples are answered as Flask does, and so are its errors."""
    app = make_app()
    answers: dict[str, Any] = {
        "text": "text",
        "tuple": ("text", 201, {"X-Own": "1"}),
        "dict": ({"a": 1}, 202),
        "none": None,
        "empty": (),
    }
    for name, answer in answers.items():
        app.add_url_rule(f"/{name}", name, lambda answer=answer: answer)
    app.testing = True
    client = app.test_client()
    assert client.get("/text").text == "text"
    assert (client.get("/tuple").status_code, client.get("/tuple").headers["X-Own"]) == (201, "1")
    assert (client.get("/dict").json, client.get("/dict").status_code) == ({"a": 1}, 202)
    for path, message in (("/none", "did not return a valid response"), ("/empty", "valid response tuple")):
        with pytest.raises(TypeError, match=message):
            client.get(path)


def test_make_response_of_a_subclass(issuer: DevelopmentIssuer, ada: Header) -> None:
    """An app class with its own ``make_response`` gets a dict instead of the user."""

    class OwnFlask(Flask):
        def make_response(self, rv: Any) -> Any:
            response = super().make_response(rv)
            response.headers["X-Type"] = type(rv).__name__
            return response

    app = OwnFlask(__name__)
    Privy(app, issuer.config())
    app.add_url_rule("/user", "user", VIEWS["user"])
    response = app.test_client().get("/user", headers=ada)
    assert response.headers["X-Type"] == "dict"


def test_flask_restx(make_app: Callable[..., Flask], ada: Header) -> None:
    """Flask-RESTX writes JSON without Flask's provider, and refuses a user."""
    app = make_app()
    answer = {"get": lambda _: {"user": privy_auth.user}}
    restx.Api(app).add_resource(type("User", (restx.Resource,), answer), "/user")
    app.testing = True
    with pytest.raises(TypeError, match="is not JSON serializable"):
        app.test_client().get("/user", headers=ada)


def test_app_is_freed(issuer: DevelopmentIssuer) -> None:
    """Nothing that the extension adds keeps an app alive after its last use."""
    app = Flask(__name__)
    Privy(app, issuer.config())
    reference = weakref.ref(app)
    del app
    gc.collect()
    assert reference() is None
