"""Mistakes that would leave a handler open, or let the client choose the user: the app cannot be created."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest
from litestar import Controller, Request, Router, WebSocket, get, post, websocket
from litestar.di import Provide
from litestar.params import Body

from litestar_privy import OptionalUser, Privy, requires_privy_user
from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyAuth, PrivyMiddleware, PrivyUser
from tests.litestar.serving import app_of, client_of, serve
from tests.support.issued import identity_header, issuer_config

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


# Type checkers report this.
UNCALLED: Any = requires_privy_user


@get("/page")
async def page() -> str:
    """Return the same to every client."""
    return "open"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"app_id": ""}, "app_id"),
        ({"APP_ID": "my-app", "LEEWAY": 600}, "leeway"),
        ({"APP_ID": "my-app", "ON_INVALID": "ignore"}, "on_invalid"),
        ("my-app", "config"),
    ],
)
def test_wrong_settings(settings: Any, field: str) -> None:
    """The error names the field when the plugin is created."""
    with pytest.raises(ConfigurationError, match=field):
        Privy(settings)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"protect": "/api"}, "protect"),
        ({"exempt": ["health"]}, "exempt"),
        ({"close_expired": False, "on_expired": print}, "on_expired"),
        ({"close_expired": True, "on_expired": "x"}, "on_expired"),
        ({"protects": ["/api"]}, "protects"),
    ],
)
def test_wrong_options(options: Any, field: str) -> None:
    """The error names the option when the app is created."""
    with pytest.raises(ConfigurationError, match=field):
        app_of(page, plugins=[Privy(issuer_config(), **options)])


def test_installed_twice() -> None:
    """The settings of one of the two plugins would be ignored."""
    with pytest.raises(ConfigurationError, match="plugins: has Privy twice"):
        app_of(page, plugins=[Privy(issuer_config()), Privy(issuer_config(), protect=["/"])])


def test_guard_that_is_not_called() -> None:
    """Litestar would call it with the request, and nothing would be checked."""

    @get("/guarded", guards=[UNCALLED])
    async def guarded() -> None:
        """Return nothing."""

    class Pages(Controller):
        guards = [UNCALLED]  # noqa: RUF012

        @get("/pages")
        async def page(self) -> None:
            """Return nothing."""

    routed = Router("/", route_handlers=[page], guards=[UNCALLED])
    for handler in (guarded, Pages, routed):
        with pytest.raises(ConfigurationError, match=r"guards=\[requires_privy_user\(\)\]"):
            app_of(handler)
    with pytest.raises(ConfigurationError, match="guards"):
        app_of(page, guards=[UNCALLED])


def test_conditions_that_are_none() -> None:
    """A value that is not a predicate, or that must be awaited, raises an error."""

    async def predicate(user: PrivyUser) -> bool:
        return True

    for wrong in (predicate, "ethereum", True):
        with pytest.raises(ConfigurationError, match="condition"):
            requires_privy_user(wrong)  # type: ignore[arg-type]


@dataclass
class Order:
    """A body with a user, for which a DTO of Litestar would create one."""

    number: int
    owner: PrivyUser


def taking(annotation: Any, name: str, default: Any = inspect.Parameter.empty) -> Any:
    """Return a handler with a parameter."""

    async def handler(**values: Any) -> None:
        """Return nothing."""

    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    handler.__annotations__ = {name: annotation, "return": None}
    vars(handler)["__signature__"] = inspect.Signature([parameter], return_annotation=None)
    return handler


@pytest.mark.parametrize(
    "annotation",
    [
        PrivyUser,
        PrivyUser | None,
        list[PrivyUser],
        AccessTokenClaims,
        Annotated[AccessTokenClaims, Body()],
        Order,
        list[Order],
        msgspec.defstruct("Struct", [("claims", AccessTokenClaims | None)]),
    ],
)
@pytest.mark.parametrize("name", ["user", "data", "privy_user"])
def test_user_that_would_be_read_from_the_request(annotation: Any, name: str) -> None:
    """A user parameter with any name raises an error, in a handler, a WebSocket or a dependency."""
    with pytest.raises(ConfigurationError, match=f"handler: would read {name} from the request: use current_user"):
        app_of(post("/page")(taking(annotation, name)))
    with pytest.raises(ConfigurationError, match=f"would read {name}"):
        app_of(page, dependencies={"thing": Provide(taking(annotation, name))})


def test_default_does_not_make_it_a_dependency() -> None:
    """Litestar reads such a parameter from the query, marked or not."""
    annotations: Any = (PrivyUser | None, OptionalUser)
    for annotation in annotations:
        with pytest.raises(ConfigurationError, match="would read admin"):
            app_of(get("/page")(taking(annotation, "admin", None)))


def test_requests_may_be_typed() -> None:
    """The reserved parameters of Litestar can be annotated with the user."""

    @get("/typed")
    async def typed(request: Request[PrivyUser | None, PrivyAuth, Any]) -> str:
        return request.auth.require().id

    @websocket("/ws")
    async def socket(socket: WebSocket[PrivyUser, PrivyAuth, Any]) -> None:
        await socket.accept()
        await socket.send_text(socket.user.id)

    client = client_of(typed, socket)
    assert client.get("/typed").status_code == 401
    with client.websocket_connect("/ws", headers=identity_header()) as connection:
        assert connection.receive_text().startswith("did:")


def test_guard_without_the_plugin() -> None:
    """No request is accepted, and the error says how to fix it."""

    @get("/guarded", guards=[requires_privy_user()])
    async def guarded() -> None:
        """Return nothing."""

    app: Any = app_of(guarded, plugins=[])
    errors: list[Any] = []
    app.after_exception.append(keep_in(errors))
    assert serve(app).get("/guarded", headers=identity_header()).status_code == 500
    assert "is not installed" in str(errors[0])
    # The middleware provides what the guard needs, but no error responses.
    assert serve(PrivyMiddleware(app, issuer_config())).get("/guarded", headers=identity_header()).status_code == 200  # type: ignore[arg-type]


def keep_in(errors: list[Any]) -> Any:
    """Return a hook that collects the errors."""

    async def hook(error: Exception, scope: Any) -> None:
        errors.append(error)

    return hook
