"""Rejected requests as Flask errors: which handlers are used, and that no status becomes 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort
from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError, ServiceUnavailable, Unauthorized

from flask_privy import Privy, PrivyHTTPException, privy_auth, require_privy_user
from flask_privy.exceptions import to_answer, to_raise
from privy_middleware import AuthenticationError, AuthorizationError, ConfigurationError, PrivyError
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.errors import ConditionNotMet, KeysUnavailable, MissingToken, PageRedirect, TokenExpired
from privy_middleware.plugin import Answer
from tests.flask.conftest import FORBIDDEN, INVALID, UNAUTHORIZED, Header, seen

MODES: dict[str, dict[str, Any]] = {
    "production": {},
    "testing": {"TESTING": True},
    "debug": {"DEBUG": True},
    "trapping": {"TRAP_HTTP_EXCEPTIONS": True},
    "trapping tests": {"TRAP_HTTP_EXCEPTIONS": True, "TESTING": True},
    "propagating": {"PROPAGATE_EXCEPTIONS": True},
    "not propagating": {"PROPAGATE_EXCEPTIONS": False, "TESTING": True},
}


def with_views(app: Flask | Blueprint) -> None:
    """Add views that reject requests: with the decorator, and with an error raised inside."""
    app.get("/decorated", endpoint="decorated")(require_privy_user(lambda: "never"))
    app.get("/wallet", endpoint="wallet")(require_privy_user(wallet="ethereum")(lambda: "never"))
    app.get("/inside", endpoint="inside")(lambda: privy_auth.require().id)
    app.get("/session", endpoint="session")(lambda: privy_auth.require_access().user_id)


@pytest.fixture(params=MODES)
def app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return an app in each of Flask's modes."""
    app = make_app()
    app.config.update(MODES[request.param])
    with_views(app)
    return app


BOTH = pytest.mark.parametrize("path", ["/decorated", "/inside"])


@BOTH
def test_answer_is_the_documented_one(app: Flask, expired: Header, path: str) -> None:
    """The error response is the same in every mode, with the decorator and with an error raised inside a view."""
    client = app.test_client()
    answer = client.get(path)
    assert seen(answer) == UNAUTHORIZED
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    answer = client.get(path, headers=expired)
    assert seen(answer) == INVALID
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_forbidden(app: Flask, grace: Header) -> None:
    """A condition that is not met, and a missing claim."""
    assert seen(app.test_client().get("/wallet", headers=grace)) == FORBIDDEN
    assert seen(app.test_client().get("/session", headers=grace)) == UNAUTHORIZED


@BOTH
def test_head_has_no_body(app: Flask, path: str) -> None:
    """The response to ``HEAD`` is that to ``GET`` without the body (RFC 9110 §9.3.2)."""
    answer = app.test_client().head(path)
    assert (answer.status_code, answer.get_data()) == (401, b"")


@BOTH
def test_handler_for_exception_is_not_asked(app: Flask, expired: Header, path: str) -> None:
    """A handler for ``Exception`` is for unexpected errors, so it is not used."""
    app.errorhandler(Exception)(lambda error: ({"oops": True}, 500))
    assert seen(app.test_client().get(path)) == UNAUTHORIZED
    assert seen(app.test_client().get(path, headers=expired)) == INVALID


@BOTH
def test_handler_for_http_exceptions(app: Flask, expired: Header, path: str) -> None:
    """Flask's documented JSON handler changes the body, and the response keeps its status and headers."""

    @app.errorhandler(HTTPException)
    def as_json(error: HTTPException) -> Response:
        response = error.get_response()
        response.data = app.json.dumps({"code": error.code, "name": error.name, "text": error.description})
        return response  # type: ignore[return-value]

    answer = app.test_client().get(path, headers=expired)
    assert seen(answer) == (401, {"code": 401, "name": "Unauthorized", "text": "Invalid token"})
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


@BOTH
def test_own_answer_keeps_the_challenge(app: Flask, path: str) -> None:
    """If the app responds with the same status, a 401 still has its challenge (RFC 9110 §15.5.2)."""
    app.errorhandler(HTTPException)(lambda error: ({"error": error.description}, error.code))
    answer = app.test_client().get(path)
    assert seen(answer) == (401, {"error": "Unauthorized"})
    assert (answer.headers["WWW-Authenticate"], answer.headers["Cache-Control"]) == ("Bearer", "no-store")


@BOTH
def test_own_status_is_left_alone(app: Flask, path: str) -> None:
    """If the app responds with another status, such as a redirect to its login page, nothing is added."""
    app.errorhandler(AuthenticationError)(lambda error: ("", 303, {"Location": "/login"}))
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert "WWW-Authenticate" not in answer.headers


@BOTH
@pytest.mark.parametrize("kind", [PrivyError, AuthenticationError, TokenExpired])
def test_handler_for_a_class_of_the_core(app: Flask, expired: Header, path: str, kind: type[PrivyError]) -> None:
    """The handler gets the core's error with its ``code``, and is used before more general handlers."""
    app.errorhandler(HTTPException)(lambda error: ("general", 500))

    @app.errorhandler(kind)
    def on_error(error: PrivyError) -> tuple[dict[str, Any], int]:
        return {"reason": error.code}, error.status

    assert seen(app.test_client().get(path, headers=expired)) == (401, {"reason": "token_expired"})


@BOTH
@pytest.mark.parametrize("kind", [401, Unauthorized, PrivyHTTPException])
def test_handler_for_a_status(app: Flask, expired: Header, path: str, kind: Any) -> None:
    """A handler for the status, for Werkzeug's class or for ours gets an HTTP exception with the core's error."""

    @app.errorhandler(kind)
    def on_error(error: PrivyHTTPException) -> tuple[dict[str, Any], int]:
        assert isinstance(error, Unauthorized)
        return {"status": error.code, "reason": error.error.code}, error.error.status

    assert seen(app.test_client().get(path, headers=expired)) == (401, {"status": 401, "reason": "token_expired"})


@BOTH
def test_handler_that_returns_the_exception(app: Flask, path: str) -> None:
    """A handler with ``return error``, as Flask documents it, sends the error response."""
    app.errorhandler(401)(lambda error: error)
    assert seen(app.test_client().get(path)) == UNAUTHORIZED


@BOTH
def test_handlers_of_a_blueprint(app: Flask, path: str) -> None:
    """The handlers of a blueprint apply to its own views."""
    blueprint = Blueprint("blueprint", __name__)
    with_views(blueprint)
    blueprint.errorhandler(AuthenticationError)(lambda error: ("the blueprint's", error.status))
    app.register_blueprint(blueprint, url_prefix="/blueprint")
    client = app.test_client()
    assert client.get(f"/blueprint{path}").text == "the blueprint's"
    assert seen(client.get(path)) == UNAUTHORIZED


@BOTH
def test_handler_registered_before_set_up(issuer: DevelopmentIssuer, path: str) -> None:
    """The app's own handler for ``PrivyError`` is kept, whether it was registered before or after."""
    app = Flask(__name__)
    app.errorhandler(PrivyError)(lambda error: ("own", error.status))
    Privy(app, issuer.config())
    with_views(app)
    assert app.test_client().get(path).text == "own"


def test_async_handler(app: Flask) -> None:
    """A handler can be async."""

    @app.errorhandler(AuthenticationError)
    async def on_error(error: AuthenticationError) -> tuple[str, int]:
        return error.code, error.status

    for path in ("/decorated", "/inside"):
        assert app.test_client().get(path).text == "missing_token"


def test_view_may_catch_it(app: Flask) -> None:
    """A view can catch the core's errors."""

    @app.get("/caught")
    def caught() -> str:
        try:
            return privy_auth.require().id
        except AuthenticationError as error:
            return error.code

    assert app.test_client().get("/caught").text == "missing_token"


def test_other_errors_are_the_apps_own(make_app: Callable[..., Flask], ada: Header) -> None:
    """Other errors of the app, and its own 401, are not changed."""
    app = make_app()

    @app.get("/bug")
    @require_privy_user
    def bug() -> str:
        raise ZeroDivisionError

    app.get("/abort")(lambda: abort(401, "own"))
    answer = app.test_client().get("/bug", headers=ada)
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (500, False)
    answer = app.test_client().get("/abort", headers=ada)
    assert (answer.status_code, "own" in answer.text, "WWW-Authenticate" in answer.headers) == (401, True, False)


def test_configuration_error_stays_a_500(make_app: Callable[..., Flask]) -> None:
    """A wrong setting is not an error response, and tests see the error."""
    app = make_app()

    @app.get("/")
    def index() -> str:
        raise ConfigurationError("field", "fix it")

    caught: list[Any] = []

    @app.errorhandler(InternalServerError)
    def on_bug(error: InternalServerError) -> Any:
        caught.append(error.original_exception)
        return error

    answer = app.test_client().get("/")
    assert (answer.status_code, "fix it" in answer.text) == (500, False)
    assert isinstance(caught[0], ConfigurationError)
    app.testing = True
    with pytest.raises(ConfigurationError, match="fix it"):
        app.test_client().get("/")


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (MissingToken(), Unauthorized),
        (TokenExpired(), Unauthorized),
        (ConditionNotMet(), Forbidden),
        (AuthorizationError(), Forbidden),
        (KeysUnavailable(retry_after=7), ServiceUnavailable),
    ],
)
def test_raised_exception_carries_the_answer(app: Flask, error: PrivyError, base: type[HTTPException]) -> None:
    """Outside Flask's handlers, the exception has Werkzeug's class, and the status, body and headers of the core."""
    answer = Answer.to(error)
    for made in (to_raise(error, answer), to_answer(error, answer), type(to_raise(error, answer))(error)):
        response = made.get_response()
        assert isinstance(made, base)
        assert (made.code, made.error, made.data) == (error.status, error, error.payload)
        assert (response.status_code, response.get_data()) == (error.status, error.body)
        assert list(response.headers)[: len(error.headers)] == list(error.headers)
        assert type(made).__name__ == f"Privy{base.__name__}"
        assert made.get_response() is not response


def test_other_bodies(make_app: Callable[..., Flask]) -> None:
    """The exception's data is the JSON object in the form of the setting ``error_body``."""
    app = make_app(error_body="problem")
    with_views(app)
    seen_data: list[Any] = []

    @app.errorhandler(PrivyHTTPException)
    def remember(error: PrivyHTTPException) -> Any:
        seen_data.append(error.data)
        return error.get_response()

    answer = app.test_client().get("/decorated")
    assert answer.content_type == "application/problem+json"
    problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Unauthorized"}
    assert [answer.get_json(), *seen_data] == [problem, problem]


@pytest.mark.parametrize("code", [401, AuthenticationError, HTTPException])
def test_own_page(make_app: Callable[..., Flask], code: Any) -> None:
    """A page of the app has the headers of the error, but not the policy of the page that it replaces."""
    app = make_app(login_url="/login")
    with_views(app)
    app.errorhandler(code)(lambda error: ("<script>mine</script>", 401))
    browser = {"Accept": "text/html", "Cookie": "privy-redirects=lll"}
    answer = app.test_client(use_cookies=False).get("/decorated", headers=browser)
    assert (answer.status_code, answer.text) == (401, "<script>mine</script>")
    assert "Content-Security-Policy" not in answer.headers
    assert (answer.headers["WWW-Authenticate"], answer.content_type) == ("Bearer", "text/html; charset=utf-8")


def test_own_redirect_counts(make_app: Callable[..., Flask]) -> None:
    """If the app makes the redirect itself and sets cookies, the one that counts the redirects is added."""
    app = make_app(login_url="/login")
    with_views(app)

    @app.errorhandler(PageRedirect)
    def own(error: PageRedirect) -> Response:
        response = app.make_response(("", error.status, {"Location": error.location}))
        response.set_cookie("mine", "kept")
        return response

    answer = app.test_client(use_cookies=False).get("/decorated", headers={"Accept": "text/html"})
    cookies = answer.headers.getlist("Set-Cookie")
    assert [cookie.partition(";")[0] for cookie in cookies] == ["mine=kept", "privy-redirects=l"]


def test_redirect_of_a_page(make_app: Callable[..., Flask]) -> None:
    """Navigation is redirected to the refresh page, and an API call gets 401."""
    app = make_app(refresh_url="/refresh")
    with_views(app)
    client = app.test_client(use_cookies=False)
    for path in ("/decorated", "/inside"):
        answer = client.get(f"{path}?a=1", headers={"Accept": "text/html", "Cookie": "privy-session=t"})
        location = f"/refresh?redirect_uri=%2F{path[1:]}%3Fa%3D1"
        assert (answer.status_code, answer.headers["Location"]) == (302, location)
        assert client.get(path, headers={"Cookie": "privy-session=t"}).status_code == 401
