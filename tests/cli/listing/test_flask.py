"""The routes of Flask apps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_privy import Privy, optional_privy_user, require_privy_user
from privy_middleware import PrivyUser, PrivyWSGIMiddleware
from privy_middleware.cli.listing import routes_of
from tests.cli.listing.reading import CONFIG, WALLET, listed
from tests.support.issued import issuer_config


def answer(**_: str) -> str:
    """Answer a request."""
    return ""


def is_ada(user: PrivyUser) -> bool:
    """Return whether the user is Ada."""
    return user.id == "did:privy:dev-ada"


def app_of(**settings: object) -> tuple[Flask, Privy]:
    """Return an app without static files, with Privy."""
    app = Flask(__name__, static_folder=None)
    return app, Privy(app, issuer_config(**settings))


def test_decorators() -> None:
    """A route requires what its decorators do, also with another decorator around them."""
    app, _ = app_of()
    app.get("/open")(answer)
    app.get("/bare", endpoint="bare")(require_privy_user(answer))
    app.post("/wallet", endpoint="wallet")(require_privy_user(wallet="ethereum")(answer))
    app.get("/ada", endpoint="ada")(require_privy_user(is_ada)(answer))
    app.get("/optional", endpoint="optional")(optional_privy_user(answer))
    app.add_url_rule("/later", endpoint="later")
    app.get("/both", endpoint="both")(optional_privy_user(require_privy_user(answer)))
    assert listed(routes_of(app)) == {
        "GET /open": "nothing",
        "GET /bare": "user",
        "POST /wallet": f"user; {WALLET}",
        "GET /ada": "user; predicate tests.cli.listing.test_flask.is_ada",
        "GET /optional": "optional user",
        "GET /both": "user",
    }


def test_the_decorator_in_the_wrong_order() -> None:
    """A route whose decorator is above the guard is open, as it really is."""
    app, _ = app_of()
    require_privy_user(app.get("/open")(answer))
    assert listed(routes_of(app)) == {"GET /open": "nothing"}


class Things(MethodView):
    """A view class with a guard on one method."""

    def get(self) -> str:
        """Return nothing."""
        return ""

    @require_privy_user
    def post(self) -> str:
        """Return nothing, to a user."""
        return ""


class Page(View):
    """A view class with one method for all requests."""

    methods: ClassVar[Any] = ["GET", "POST"]

    @require_privy_user
    def dispatch_request(self) -> ResponseReturnValue:
        """Return nothing."""
        return ""


class Guarded(MethodView):
    """A view class with a decorator."""

    decorators: ClassVar[Any] = [require_privy_user]

    def get(self) -> str:
        """Return nothing."""
        return ""


def test_view_classes() -> None:
    """Each method of a view class is listed with its own guard and that of the class."""
    app, _ = app_of()
    for view in (Things, Page, Guarded):
        app.add_url_rule(f"/{view.__name__.lower()}", view_func=view.as_view(view.__name__))
    assert listed(routes_of(app)) == {
        "GET /things": "nothing",
        "POST /things": "user",
        "GET POST /page": "user",
        "GET /guarded": "user",
    }


def test_protected_blueprints() -> None:
    """The guard of a blueprint holds for nested ones, except for the exempt views, and not for other views."""
    app, privy = app_of()
    outer, inner, other = (Blueprint(name, __name__, url_prefix=f"/{name}") for name in ("outer", "inner", "other"))
    privy.protect(outer, wallet="ethereum", exempt=["login"])
    for blueprint in (outer, inner, other):
        blueprint.get("/page")(answer)
        blueprint.get("/login", endpoint="login")(answer)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(other)
    app.get("/page")(answer)
    assert listed(routes_of(app)) == {
        "GET /outer/page": f"user; {WALLET}",
        "GET /outer/login": "nothing",
        "GET /outer/inner/page": f"user; {WALLET}",
        "GET /outer/inner/login": f"user; {WALLET}",
        "GET /other/page": "nothing",
        "GET /other/login": "nothing",
        "GET /page": "nothing",
    }


def test_protected_apps() -> None:
    """The guard of an app holds for all views, and so does a decorated function that runs before them."""
    app, privy = app_of()
    privy.protect(app, exempt=[answer])
    app.get("/exempt")(answer)
    app.get("/page", endpoint="page")(lambda: "")
    assert listed(routes_of(app)) == {"GET /exempt": "nothing", "GET /page": "user"}
    app.before_request(require_privy_user(lambda: None))
    app.before_request(lambda: None)
    assert listed(routes_of(app)) == {"GET /exempt": "user", "GET /page": "user"}


def test_the_setting_on_missing() -> None:
    """With ``on_missing="reject"`` every view requires a user that is not optional, nor the login page."""
    app, _ = app_of(on_missing="reject", login_url="/login")
    app.get("/page")(answer)
    app.get("/login")(answer)
    app.get("/optional", endpoint="optional")(optional_privy_user(answer))
    assert listed(routes_of(app)) == {"GET /page": "user", "GET /login": "nothing", "GET /optional": "optional user"}


def wsgi(environ: object, start_response: object) -> Iterable[bytes]:
    """Do nothing."""
    return []


def test_mounted_apps() -> None:
    """Apps that werkzeug's dispatcher mounts are listed below their paths; what another app does is not known."""
    app, inner = Flask("outer", static_folder=None), app_of()[0]
    app.get("/page")(answer)
    inner.get("/me")(require_privy_user(answer))
    app.wsgi_app = ProxyFix(DispatcherMiddleware(app.wsgi_app, {"/inner": inner, "/raw": wsgi}))  # type: ignore[method-assign]
    assert listed(routes_of(app)) == {"GET /page": "nothing", "GET /inner/me": "user", "/raw/**": "unknown"}


@pytest.mark.parametrize("inside", [True, False])
def test_middleware_with_prefixes(inside: bool) -> None:
    """Protected prefixes of the WSGI middleware hold for the routes below them."""
    app = Flask(__name__, static_folder=None)
    for path in ("/api/<int:id>", "/api/health", "/apis", "/<name>"):
        app.get(path, endpoint=path.replace(".", ""))(answer)
    options: dict[str, Any] = {"protect": ["/api"], "exempt": ["/api/health"]}
    if inside:
        app.wsgi_app = PrivyWSGIMiddleware(app.wsgi_app, CONFIG, **options)  # type: ignore[method-assign]
        routes = routes_of(app)
    else:
        routes = routes_of(PrivyWSGIMiddleware(app, CONFIG, **options))
    assert listed(routes) == {
        "GET /api/<int:id>": "user",
        "GET /api/health": "nothing",
        "GET /apis": "nothing",
        "GET /<name>": "nothing",
    }
