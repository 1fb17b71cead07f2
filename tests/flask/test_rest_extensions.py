"""Flask-RESTX and Flask-Smorest have their own error handling, which keeps the error responses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.views import MethodView

from flask_privy import PrivyHTTPException, privy_auth, privy_user, require_privy_user
from privy_middleware import PrivyError
from tests.flask.conftest import ADA, FORBIDDEN, INVALID, UNAUTHORIZED, Header, seen

# Neither package has types.
restx: Any = import_module("flask_restx")
smorest: Any = import_module("flask_smorest")

MODES: dict[str, dict[str, Any]] = {
    "production": {},
    "testing": {"TESTING": True},
    "debug": {"DEBUG": True},
    "trapping": {"TRAP_HTTP_EXCEPTIONS": True},
}


@pytest.fixture(params=MODES)
def app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return an app in each of Flask's modes."""
    app = make_app()
    app.config.update(MODES[request.param])
    return app


@pytest.fixture
def api(app: Flask) -> Any:
    """Return a RESTX API with protected resources."""
    api = restx.Api(app)

    class Me(MethodView):
        def get(self) -> dict[str, Any]:
            return {"id": privy_user.id}

        @require_privy_user(wallet="ethereum")
        def post(self) -> dict[str, Any]:
            return {"wallet": True}

    class Inside(MethodView):
        def get(self) -> dict[str, Any]:
            return {"id": privy_auth.require().id}

    guarded = type("Guarded", (Me, restx.Resource), {"method_decorators": [require_privy_user]})
    api.add_resource(guarded, "/me")
    api.add_resource(type("Open", (Inside, restx.Resource), {}), "/inside")
    return api


def test_restx(app: Flask, api: Any, ada: Header, grace: Header, expired: Header) -> None:
    """The error responses are as documented, also in production."""
    client = app.test_client()
    assert seen(client.get("/me", headers=ada)) == (200, {"id": ADA})
    assert seen(client.post("/me", headers=grace)) == FORBIDDEN
    for headers, expected in (({}, UNAUTHORIZED), (expired, INVALID)):
        answer = client.get("/me", headers=headers)
        assert seen(answer) == expected
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"


def test_restx_handlers(app: Flask, api: Any) -> None:
    """RESTX's own handlers can handle our exception class and the core's error classes."""

    def on_refusal(error: PrivyHTTPException) -> tuple[dict[str, Any], int]:
        return {"message": error.error.code}, error.error.status

    def on_error(error: PrivyError) -> tuple[dict[str, Any], int, dict[str, str]]:
        return {"message": error.code}, error.status, dict(error.headers)

    api.errorhandler(PrivyHTTPException)(on_refusal)
    api.errorhandler(PrivyError)(on_error)
    client = app.test_client()
    assert seen(client.get("/inside")) == (401, {"message": "missing_token"})
    assert seen(client.get("/me")) == (401, {"message": "Unauthorized"})


def test_smorest(app: Flask, ada: Header, grace: Header, expired: Header) -> None:
    """The body has Smorest's form, with the status, the message and the headers of the error."""
    app.config.update(API_TITLE="test", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    api = smorest.Api(app)
    blueprint = smorest.Blueprint("things", __name__)

    class Me(MethodView):
        @require_privy_user
        def get(self) -> dict[str, Any]:
            return {"id": privy_user.id}

        @require_privy_user(wallet="ethereum")
        def post(self) -> dict[str, Any]:
            return {"wallet": True}

    def inside() -> dict[str, Any]:
        return {"id": privy_auth.require().id}

    blueprint.route("/me")(Me)
    blueprint.route("/inside")(blueprint.response(200)(inside))
    api.register_blueprint(blueprint)
    client = app.test_client()
    assert seen(client.get("/me", headers=ada)) == (200, {"id": ADA})
    forbidden = {"code": 403, "status": "Forbidden", "message": "Forbidden"}
    assert seen(client.post("/me", headers=grace)) == (403, forbidden)
    for path in ("/me", "/inside"):
        for headers, (status, body) in (({}, UNAUTHORIZED), (expired, INVALID)):
            answer = client.get(path, headers=headers)
            assert seen(answer) == (status, {"code": status, "status": "Unauthorized", **body})
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Cache-Control"] == "no-store"
