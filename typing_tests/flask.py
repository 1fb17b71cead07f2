"""Flask: the extension, its decorators, and the user of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from blinker import NamedSignal
from flask import Blueprint, Flask, Request, Response, request
from flask.views import MethodView

from flask_privy import (
    Privy,
    PrivyHTTPException,
    PrivyRequest,
    clear_privy_cookies,
    optional_privy_user,
    privy_auth,
    privy_user,
    require_privy_user,
    sign_out,
    signals,
)
from flask_privy.webhooks import webhook_view
from privy_middleware import AccessTokenClaims, PrivyAuth, PrivyConfig, PrivyError, PrivyUser
from privy_middleware.conditions import has_linked
from privy_middleware.webhooks import WebhookReceiver

app = Flask(__name__)
blueprint = Blueprint("blueprint", __name__)


def is_ada(user: PrivyUser) -> bool:
    return user.id == "did:privy:ada"


@app.get("/bare/<name>")
@require_privy_user
def bare(name: str, *, size: int = 1) -> dict[str, str]:
    assert_type(privy_user, PrivyUser)
    return {name: privy_user.id * size}


@app.post("/sign-out")
def leave() -> Response:
    assert_type(clear_privy_cookies(Response()), Response)
    assert_type(sign_out(Response()), Response)
    return clear_privy_cookies(app.make_response(""))


@app.get("/called/<name>")
@require_privy_user()
def called(name: str) -> str:
    return name


@require_privy_user(
    wallet="ethereum", linked="email", metadata={"role": "admin"}, guest=False, verified_within=60, owns_wallet="name"
)
def worded(name: str) -> str:
    return name


@require_privy_user(is_ada, linked="email")
def predicated(name: str) -> str:
    return name


@require_privy_user(lambda user: user.complete, guest=False)
def by_lambda() -> int:
    return 1


@require_privy_user(lambda user: user.is_guest)
def by_bare_lambda(name: str) -> str:
    return name


@app.get("/async/<name>")
@require_privy_user
async def asynchronous(name: str) -> str:
    return name


@require_privy_user(has_linked("email") & is_ada)
async def conditional(name: str) -> str:
    return name


@app.get("/optional")
@optional_privy_user
def optional(number: int) -> list[int]:
    assert_type(privy_auth.user, PrivyUser | None)
    return [number]


@app.get("/lenient")
@optional_privy_user(on_invalid="anonymous")
async def lenient() -> Response:
    return Response()


class Wallets(MethodView):
    decorators = [require_privy_user, require_privy_user(wallet="ethereum")]  # noqa: RUF012

    @require_privy_user
    def get(self, address: str) -> dict[str, str]:
        return {address: privy_user.id}

    @require_privy_user(owns_wallet="address")
    async def post(self, address: str) -> str:
        return address


async def signatures_are_kept(wallets: Wallets) -> None:
    assert_type(bare("name", size=2), dict[str, str])
    assert_type(called("name"), str)
    assert_type(worded(name="name"), str)
    assert_type(predicated("name"), str)
    assert_type(by_lambda(), int)
    # mypy cannot distinguish a lambda that tests a user from one that is a view, so the result is only a callable.
    name: str = by_bare_lambda("name")
    assert_type(name, str)
    assert_type(await asynchronous("name"), str)
    assert_type(await conditional("name"), str)
    assert_type(optional(1), list[int])
    assert_type(await lenient(), Response)
    assert_type(wallets.get("0x"), dict[str, str])
    assert_type(await wallets.post("0x"), str)
    plain: Callable[[str], str] = worded
    assert_type(plain("name"), str)


def set_up(config: PrivyConfig) -> None:
    assert_type(Privy(app), Privy)
    Privy(app, config)
    Privy(app, {"app_id": "app"})
    privy = Privy(config=config)
    privy.init_app(app)
    privy.init_app(app, config)
    privy.protect(app, exempt=["login", bare, Wallets])
    privy.protect(blueprint, is_ada, wallet="ethereum")


def proxies() -> None:
    assert_type(privy_user.id, str)
    assert_type(privy_auth, PrivyAuth)
    assert_type(privy_auth.require_access(), AccessTokenClaims)
    assert_type(privy_auth.error, str | None)


def on_the_request() -> None:
    assert isinstance(request, PrivyRequest)
    assert_type(request.privy_user, PrivyUser | None)
    assert_type(request.privy_auth, PrivyAuth)
    assert_type(request.path, str)


class OwnRequest(PrivyRequest, Request):
    """A project's own request class, with which no type has to be narrowed."""


def on_own_request(own: OwnRequest) -> None:
    assert_type(own.privy_user, PrivyUser | None)
    assert_type(own.args.get("page"), str | None)


@app.errorhandler(PrivyHTTPException)
def answered(error: PrivyHTTPException) -> tuple[str, int]:
    assert_type(error.error, PrivyError)
    assert_type(error.data, dict[str, Any])
    assert_type(error.get_headers(), list[tuple[str, str]])
    return error.get_body(), error.error.status


@app.errorhandler(PrivyError)
def refused_by_the_core(error: PrivyError) -> tuple[dict[str, str], int]:
    return error.payload, error.status


@signals.user_authenticated.connect
def on_user(_sender: Flask, user: PrivyUser, auth: PrivyAuth) -> None:
    assert_type(signals.user_authenticated, NamedSignal)
    assert_type(signals.request_refused, NamedSignal)


def webhooks(receiver: WebhookReceiver) -> None:
    app.add_url_rule("/webhooks", view_func=webhook_view(receiver), methods=["GET", "POST"])


def refused(privy: Privy) -> None:
    """Mistakes that a type checker must report."""
    bare(7)  # type: ignore[arg-type]
    bare("name", sizes=2)  # type: ignore[call-arg]
    require_privy_user(walet="ethereum")  # type: ignore[call-overload]
    require_privy_user(guest="no")  # type: ignore[call-overload]
    optional_privy_user(on_invalid="ignore")  # type: ignore[call-overload]
    privy.protect(blueprint, walet="ethereum")  # type: ignore[call-arg]
    privy.protect("blueprint")  # type: ignore[arg-type]
    privy_auth.user.id  # type: ignore[union-attr]
