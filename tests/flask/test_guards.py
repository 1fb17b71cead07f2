"""``privy.protect``, and CORS preflights with ``protect`` and with decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.typing import RouteCallable
from flask.views import MethodView
from flask_cors import CORS, cross_origin

from flask_privy import Privy, optional_privy_user, privy_auth, privy_user, require_privy_user
from privy_middleware import ConfigurationError
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import ADA, FORBIDDEN, UNAUTHORIZED, Header, seen

PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}


def hello() -> str:
    """Return a greeting."""
    return "hello"


@pytest.fixture
def privy(issuer: DevelopmentIssuer) -> Privy:
    """Return an extension object without an app."""
    return Privy(config=issuer.config())


@pytest.fixture
def app(privy: Privy) -> Flask:
    """Return an app with ``/hello`` and ``/login``."""
    app = Flask(__name__)
    privy.init_app(app)
    app.get("/hello")(hello)
    app.get("/login", endpoint="login")(lambda: "login")
    return app


def statuses(app: Flask, *paths: str, headers: Header | None = None) -> list[int]:
    """Return the status of each path."""
    client = app.test_client()
    return [client.get(path, headers=headers).status_code for path in paths]


def test_whole_app(privy: Privy, app: Flask, ada: Header) -> None:
    """Everything except exempt views requires a user, including static files and unknown URLs."""
    privy.protect(app, exempt=["login"])
    paths = ("/hello", "/login", "/static/x.js", "/unknown")
    assert statuses(app, *paths) == [401, 200, 401, 401]
    assert statuses(app, *paths, headers=ada) == [200, 200, 404, 404]
    assert seen(app.test_client().get("/hello")) == UNAUTHORIZED


def test_sign_in_pages_stay_open(issuer: DevelopmentIssuer) -> None:
    """The sign-in pages need no user, with ``protect`` and with ``on_missing="reject"``."""
    for settings in ({}, {"on_missing": "reject"}):
        app = Flask(__name__)
        privy = Privy(app, issuer.config(login_url="/login", **settings))
        privy.protect(app)
        app.get("/hello")(hello)
        app.get("/login", endpoint="login")(lambda: "login")
        assert statuses(app, "/hello", "/login") == [401, 200]


def test_nothing_below_a_sign_in_page_is_open(issuer: DevelopmentIssuer, ada: Header) -> None:
    """A page such as ``/account`` is open only for reading, and only at its exact path."""
    for settings in ({}, {"on_missing": "reject"}):
        app = Flask(__name__)
        privy = Privy(app, issuer.config(login_url="/account", **settings))
        account = Blueprint("account", __name__, url_prefix="/account")
        privy.protect(account)
        account.route("", methods=["GET", "POST"])(hello)
        account.route("/delete", methods=["GET", "POST"])(lambda: "deleted")
        app.register_blueprint(account)
        client = app.test_client()
        assert [client.open("/account", method=method).status_code for method in ("GET", "HEAD")] == [200, 200]
        assert client.post("/account").status_code == 401
        assert statuses(app, "/account/delete", "/account/delete?x", "//account/delete")[:2] == [401, 401]
        assert statuses(app, "/account", "/account/delete", headers=ada) == [200, 200]


def test_exempt_by_function_and_by_class(privy: Privy, app: Flask) -> None:
    """An exempt view function or view class needs no user under any endpoint."""

    class Health(MethodView):
        def get(self) -> str:
            return "well"

    app.add_url_rule("/health", view_func=Health.as_view("health"))
    privy.protect(app, exempt=[hello, Health])
    assert statuses(app, "/hello", "/health", "/login") == [200, 200, 401]


def test_exempt_takes_a_list(privy: Privy, app: Flask) -> None:
    """A string raises an error, because each letter would be a name."""
    with pytest.raises(ConfigurationError, match="list"):
        privy.protect(app, exempt="login")


@pytest.mark.parametrize("exempt", ["Login", "logi", "", "*", statuses])
def test_misspelt_exemption_is_an_error(privy: Privy, app: Flask, exempt: Any) -> None:
    """An exemption that matches nothing raises an error at the first request, and nothing is open."""
    privy.protect(app, exempt=["login", exempt])
    app.testing = True
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"^exempt: .* is not an endpoint or a view of the app"):
            app.test_client().get("/login")


def test_exemptions_that_exist(privy: Privy, app: Flask) -> None:
    """An exemption is a full endpoint, one of the blueprint itself, a view, or a view class."""

    class Page(MethodView):
        def get(self) -> str:
            """Return a text."""
            return "hello"

    blueprint = Blueprint("pages", __name__)
    blueprint.get("/view", endpoint="view")(hello)
    blueprint.get("/named", endpoint="named")(lambda: "hello")
    blueprint.add_url_rule("/class", view_func=Page.as_view("class"))
    privy.protect(blueprint, exempt=[hello, Page, "named", "pages.named"])
    app.register_blueprint(blueprint, url_prefix="/pages")
    assert statuses(app, "/pages/view", "/pages/class", "/pages/named") == [200, 200, 200]


def test_blueprint(privy: Privy, app: Flask, ada: Header, grace: Header) -> None:
    """Only the blueprint's views are protected, here with a condition, under every name of the blueprint."""
    admin = Blueprint("admin", __name__)
    admin.get("/users")(lambda: {"id": privy_user.id})
    admin.get("/login", endpoint="login")(hello)
    privy.protect(admin, exempt=["login"], metadata={"role": "admin"})
    app.register_blueprint(admin, url_prefix="/admin")
    app.register_blueprint(admin, url_prefix="/again", name="again")
    for prefix in ("/admin", "/again"):
        client = app.test_client()
        assert seen(client.get(f"{prefix}/users")) == UNAUTHORIZED
        assert seen(client.get(f"{prefix}/users", headers=grace)) == FORBIDDEN
        assert seen(client.get(f"{prefix}/users", headers=ada)) == (200, {"id": ADA})
        assert client.get(f"{prefix}/login").text == "hello"
    assert statuses(app, "/hello", "/unknown", "/admin/unknown") == [200, 404, 404]


def test_nested_blueprint(privy: Privy, app: Flask) -> None:
    """Nested blueprints are protected too, and a name that is exempt here does not exempt the same name there."""
    parent, child = Blueprint("parent", __name__), Blueprint("child", __name__)
    for each in (parent, child):
        each.get("/login", endpoint="login")(lambda: "login")
        each.get("/open", endpoint="open")(lambda: "open")
    privy.protect(parent, exempt=["login", "parent.child.open"])
    parent.register_blueprint(child, url_prefix="/child")
    app.register_blueprint(parent, url_prefix="/parent")
    paths = ("/parent/login", "/parent/open", "/parent/child/login", "/parent/child/open")
    assert statuses(app, *paths) == [200, 401, 401, 200]


def test_predicate(privy: Privy, app: Flask, ada: Header, grace: Header) -> None:
    """Predicates work as in the decorator."""
    privy.protect(app, lambda user: user.id == ADA)
    assert statuses(app, "/hello", headers=ada) == [200]
    assert statuses(app, "/hello", headers=grace) == [403]


def test_one_blueprint_in_two_apps(issuer: DevelopmentIssuer, ada: Header) -> None:
    """The settings are those of the app that handles the request."""
    blueprint = Blueprint("shared", __name__)
    blueprint.get("/")(hello)
    privy = Privy()
    privy.protect(blueprint)
    ours, others = Flask("ours"), Flask("others")
    privy.init_app(ours, issuer.config())
    privy.init_app(others, {"APP_ID": "another-app", "VERIFICATION_KEY": issuer.public_key_pem})
    for each in (ours, others):
        each.register_blueprint(blueprint)
    assert (statuses(ours, "/", headers=ada), statuses(others, "/", headers=ada)) == ([200], [401])


def test_preflight_passes_a_guard(privy: Privy, app: Flask) -> None:
    """A preflight is not rejected, but any other ``OPTIONS`` is handled like other requests."""
    privy.protect(app)
    client = app.test_client()
    answer = client.options("/hello", headers=PREFLIGHT)
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (200, True)
    assert client.options("/hello").status_code == 401
    assert client.options("/unknown", headers=PREFLIGHT).status_code == 404


def test_preflight_gets_its_headers_from_flask_cors(privy: Privy, app: Flask, ada: Header) -> None:
    """``CORS(app)`` adds its headers to preflights and to error responses."""
    privy.protect(app)
    CORS(app, origins=["https://app.example"])
    client = app.test_client()
    for answer in (client.options("/hello", headers=PREFLIGHT), client.get("/hello", headers=PREFLIGHT)):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert client.get("/hello", headers=PREFLIGHT).status_code == 401


@pytest.mark.parametrize("decorate", [require_privy_user, require_privy_user(wallet="ethereum"), optional_privy_user])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_preflight_does_not_run_a_view_without_its_user(
    app: Flask, decorate: Callable[[Callable[..., Any]], RouteCallable], asynchronous: bool
) -> None:
    """A preflight does not run a view that lists ``OPTIONS`` without separate code for it, which would have no user."""
    runs: list[str] = []

    def transfer() -> str:
        runs.append("run")
        return "done"

    async def async_transfer() -> str:
        return transfer()

    view = async_transfer if asynchronous else transfer
    app.route("/transfer", methods=["POST", "OPTIONS"])(decorate(view))
    answer = app.test_client().options("/transfer", headers=PREFLIGHT)
    assert (answer.status_code, "POST" in answer.headers["Allow"], runs) == (200, True, [])


def test_preflight_of_a_guard_does_not_run_a_view_either(privy: Privy, app: Flask) -> None:
    """The same applies to the views of a protected app, which are not decorated."""
    runs: list[str] = []
    privy.protect(app)

    @app.route("/transfer", methods=["POST", "OPTIONS"])
    def transfer() -> str:
        runs.append("run")
        return "done"

    assert app.test_client().options("/transfer", headers=PREFLIGHT).status_code == 200
    assert runs == []


@pytest.mark.parametrize("outside", [True, False])
def test_preflight_reaches_cross_origin(app: Flask, ada: Header, outside: bool) -> None:
    """Flask-CORS's decorator responds, whether it is above or below ours."""

    def hello() -> str:
        # Flask-CORS sets its attributes on the function.
        return "hello"

    allow = cross_origin(origins=["https://app.example"])
    view: Any = allow(require_privy_user(hello)) if outside else require_privy_user(allow(hello))
    app.route("/cors", endpoint="cors", methods=["POST"])(view)
    client = app.test_client()
    answer = client.options("/cors", headers=PREFLIGHT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    assert client.post("/cors").status_code == 401
    assert client.post("/cors", headers=ada).text == "hello"


def test_preflight_reaches_a_method_of_its_own(app: Flask) -> None:
    """A view class with the method ``options`` handles preflights itself."""

    class Own(MethodView):
        decorators: ClassVar[list[Callable[..., Any]]] = [require_privy_user]

        def options(self) -> tuple[str, int, dict[str, str]]:
            return "", 204, {"Access-Control-Allow-Origin": "*"}

        def post(self) -> str:
            return privy_auth.require().id

    app.add_url_rule("/own", view_func=Own.as_view("own"))
    client = app.test_client()
    assert client.options("/own", headers=PREFLIGHT).status_code == 204
    assert client.options("/own").status_code == 401
    assert client.post("/own", headers=PREFLIGHT).status_code == 401
