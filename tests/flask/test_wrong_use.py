"""A decorator above the route's has no effect, which is reported as an error at every request."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from flask_privy import Privy, optional_privy_user, privy_auth, require_privy_user
from privy_middleware import ConfigurationError, PrivyUser
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import ADA, UNAUTHORIZED, Header, seen

GUARDS: dict[str, Any] = {
    "bare": require_privy_user,
    "called": require_privy_user(),
    "condition": require_privy_user(wallet="ethereum"),
    "predicate": require_privy_user(lambda user: user.email is not None),
    "optional": optional_privy_user,
    "optional, called": optional_privy_user(on_invalid="anonymous"),
}
every_guard = pytest.mark.parametrize("name", [*GUARDS])
MakeApp = Callable[..., Flask]


def add_plain(scaffold: Flask | Blueprint) -> Any:
    """Add a function."""
    return scaffold.get("/")(lambda_named("secret"))


def add_async(scaffold: Flask | Blueprint) -> Any:
    """Add a coroutine function."""

    @scaffold.get("/")
    async def secret() -> str:
        return "secret"

    return secret


def add_wrapped(scaffold: Flask | Blueprint) -> Any:
    """Add a function with another decorator below its route's."""

    def inner() -> str:
        return "secret"

    @scaffold.get("/")
    @functools.wraps(inner)
    def secret() -> str:
        return inner()

    return secret


def lambda_named(name: str) -> Callable[[], str]:
    """Return a nested function."""

    def secret() -> str:
        return name

    return secret


ADDED = [add_plain, add_async, add_wrapped]


@every_guard
@pytest.mark.parametrize("add", ADDED)
@pytest.mark.parametrize("where", ["app", "blueprint", "nested blueprint"])
def test_a_guard_above_its_route(make_app: MakeApp, name: str, add: Callable[[Any], Any], where: str) -> None:
    """An app with such a view rejects all requests with an error."""
    app = make_app()
    scaffold: Any = app if where == "app" else Blueprint("inner", __name__)
    guarded = GUARDS[name](add(scaffold))
    app.get("/other")(lambda: "other")
    if where == "blueprint":
        app.register_blueprint(scaffold)
    elif where == "nested blueprint":
        outer = Blueprint("outer", __name__)
        outer.register_blueprint(scaffold)
        app.register_blueprint(outer)
    app.testing = True
    for path in ("/", "/", "/other"):
        with pytest.raises(ConfigurationError, match=r"(secret|inner): .*route's decorator first"):
            app.test_client().get(path)
    app.testing = False
    assert app.test_client().get("/").status_code == 500
    assert callable(guarded)


def test_in_an_application_factory(issuer: DevelopmentIssuer) -> None:
    """The mistake is also found if only the app still exists, and if the plugin is set up last."""

    def create_app() -> Flask:
        app = Flask(__name__)

        @require_privy_user
        @app.get("/me")
        def me() -> str:
            return "secret"

        Privy(app, issuer.config())
        return app

    answer = create_app().test_client().get("/me")
    assert (answer.status_code, "secret" in answer.text) == (500, False)


def test_in_an_app_that_requires_a_user_anyway(make_app: MakeApp, ada: Header) -> None:
    """It is an error even if the app requires a user, because the condition would be lost."""
    app = make_app(on_missing="reject")
    require_privy_user(wallet="ethereum")(app.get("/")(lambda_named("secret")))
    assert app.test_client().get("/", headers=ada).status_code == 500


def test_views_that_are_open_and_guarded(make_app: MakeApp, ada: Header) -> None:
    """It is not a mistake to serve one view with and without a check, or to leave a decorated view unused."""
    app = make_app()

    def page() -> dict[str, Any]:
        return {"id": privy_auth.user and privy_auth.user.id}

    app.add_url_rule("/a", view_func=page)
    app.add_url_rule("/b", "b", require_privy_user(page))
    bp = Blueprint("bp", __name__)
    bp.add_url_rule("/c", view_func=page)
    app.register_blueprint(bp)
    app.add_url_rule("/d", view_func=module_page)
    assert callable(GUARDED_MODULE_PAGE)
    client = app.test_client()
    for path in ("/a", "/c", "/d"):
        assert seen(client.get(path)) == (200, {"id": None})
    assert seen(client.get("/b")) == UNAUTHORIZED
    assert seen(client.get("/b", headers=ada)) == (200, {"id": ADA})


def module_page() -> dict[str, Any]:
    """A view that is served without a check under its own name."""
    return {"id": None}


GUARDED_MODULE_PAGE = require_privy_user(module_page)


def test_open_in_one_app_and_guarded_in_another(make_app: MakeApp) -> None:
    """A public app and an internal app can share a view."""
    public, internal = make_app(), make_app()
    page = lambda_named("page")
    public.add_url_rule("/", view_func=page)
    internal.add_url_rule("/", view_func=require_privy_user(page))
    assert public.test_client().get("/").text == "page"
    assert internal.test_client().get("/").status_code == 401


def test_view_classes_and_predicates(make_app: MakeApp, ada: Header) -> None:
    """View classes and predicates are not reported."""
    app = make_app()

    class Thing(MethodView):
        decorators = [require_privy_user]  # noqa: RUF012 (as Flask documents it)

        @require_privy_user(wallet="ethereum")
        def get(self) -> str:
            return "thing"

    thing: Any = Thing
    app.add_url_rule("/thing", view_func=thing.as_view("thing"))
    app.get("/predicate")(require_privy_user(is_ada)(lambda_named("predicate")))
    for path in ("/thing", "/predicate"):
        assert app.test_client().get(path).status_code == 401
        assert app.test_client().get(path, headers=ada).status_code == 200


def is_ada(user: PrivyUser) -> bool:
    """Return whether the user is Ada."""
    return user.id == ADA


def test_hooks_of_the_app_run_from_the_first_request(make_app: MakeApp) -> None:
    """The check removes itself after it succeeded, and keeps the app's own functions."""
    app = make_app()
    ran: list[str] = []
    app.before_request(lambda: ran.append("one"))
    app.before_request(lambda: ran.append("two"))
    app.get("/")(lambda: "hello")
    hooks = len(app.before_request_funcs[None])
    for _ in range(2):
        assert app.test_client().get("/").text == "hello"
    assert ran == ["one", "two"] * 2
    assert len(app.before_request_funcs[None]) == hooks - 1


@pytest.mark.parametrize("nothing", [None, "view"])
def test_what_is_no_view(nothing: Any) -> None:
    """Decorating the result of a route decorator that returns nothing raises an error."""
    for guard in (require_privy_user(), require_privy_user(guest=False), optional_privy_user()):
        with pytest.raises(ConfigurationError, match=r"^view: decorate a function"):
            guard(nothing)
    with pytest.raises(ConfigurationError, match=r"^view: decorate a function"):
        require_privy_user(nothing)
