"""Wrong use that would leave a route open, or let the client choose its user, is an error where it is written."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Security, WebSocket
from fastapi.testclient import TestClient
from pydantic import create_model

from fastapi_privy import (
    AccessClaims,
    CurrentUser,
    OptionalUser,
    Privy,
    current_access,
    current_user,
    optional,
    optional_user,
    require,
)
from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyUser
from privy_middleware.custom_keys.verifier import CustomKeyUser
from privy_middleware.web3auth import Web3AuthUser
from tests.support.issued import ADA, access_header, identity_header, issuer_config

CALLS: dict[str, Callable[..., Any]] = {"require": require, "optional": optional}
every_call = pytest.mark.parametrize("name", [*CALLS])
FORGED: dict[str, Any] = {
    "id": "did:privy:forged",
    "app_id": "a",
    "user_id": "did:privy:forged",
    "issuer": "i",
    "issued_at": 1,
    "expiration": 2,
    "session_id": "s",
    "subject": "forged",
}
MADE_FROM_TOKENS = [PrivyUser, AccessTokenClaims, Web3AuthUser, CustomKeyUser]
every_class = pytest.mark.parametrize("made", MADE_FROM_TOKENS)


@pytest.fixture
def app() -> FastAPI:
    """Return an app with the plugin and without routes."""
    app = FastAPI()
    Privy(app, issuer_config())
    return app


def as_default(app: FastAPI, depends: Any) -> None:
    """Use it as a parameter's default value."""

    @app.get("/")
    async def route(user: Any = depends) -> None: ...


def as_annotation(app: FastAPI, depends: Any) -> None:
    """Use it in a parameter's annotation."""

    async def route(user: Any) -> None: ...

    route.__annotations__["user"] = Annotated[Any, depends]
    app.get("/")(route)


def as_sub_dependency(app: FastAPI, depends: Any) -> None:
    """Use it in another dependency."""

    def other(user: Any = depends) -> None: ...

    as_default(app, Depends(other))


def as_route_dependency(app: FastAPI, depends: Any) -> None:
    """List it in the dependencies of a route."""
    app.get("/", dependencies=[depends])(lambda: None)


def as_router_dependency(app: FastAPI, depends: Any) -> None:
    """List it in the dependencies of a router."""
    APIRouter(dependencies=[depends]).get("/")(lambda: None)


def as_app_dependency(app: FastAPI, depends: Any) -> None:
    """List it in the dependencies of an app."""
    FastAPI(dependencies=[depends], openapi_url=None).get("/")(lambda: None)


def on_a_socket(app: FastAPI, depends: Any) -> None:
    """Use it on a WebSocket."""

    @app.websocket("/")
    async def route(websocket: WebSocket, user: Any = depends) -> None: ...


WAYS = [as_default, as_annotation, as_sub_dependency, as_route_dependency, as_router_dependency, as_app_dependency]
every_way = pytest.mark.parametrize("ask", [*WAYS, on_a_socket])


@every_call
@every_way
@pytest.mark.parametrize("depends", [Depends, Security])
def test_dependencies_that_must_be_called(
    app: FastAPI, name: str, ask: Callable[[FastAPI, Any], None], depends: Callable[..., Any]
) -> None:
    """Without the call, the client could choose the arguments, and the user would be a function."""
    with pytest.raises(ConfigurationError, match=rf"^{name}: .*Depends\({name}\(") as caught:
        ask(app, depends(CALLS[name]))
    assert caught.value.field == name


@every_call
def test_no_version_of_fastapi_can_call_what_stands_for_the_call(name: str) -> None:
    """If FastAPI did not read the signature, the call would raise the same error."""
    (parameter, *_) = inspect.signature(CALLS[name], eval_str=True).parameters.values()
    (depends,) = parameter.annotation.__metadata__
    for use in (inspect.signature, lambda dependency: dependency()):
        with pytest.raises(ConfigurationError, match=rf"^{name}: .*Depends\({name}\("):
            use(depends.dependency)


@every_call
def test_dependencies_of_an_included_router(app: FastAPI, name: str) -> None:
    """The error is also raised if FastAPI reads these dependencies only at the first request."""

    def run() -> None:
        router = APIRouter()
        router.get("/included")(lambda: "open")
        app.include_router(router, dependencies=[Depends(CALLS[name])])
        with TestClient(app):
            raise AssertionError("the app has started")

    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        run()


def test_the_right_calls(app: FastAPI) -> None:
    """The same functions work if they are called."""
    app.get("/admin", dependencies=[Depends(require(metadata={"role": "admin"}))])(lambda: "admin")
    app.get("/required", dependencies=[Security(require())])(lambda: "required")
    app.get("/optional", dependencies=[Depends(optional(on_invalid="reject"))])(lambda: "optional")
    client = TestClient(app)
    assert [client.get(path).status_code for path in ("/admin", "/required", "/optional")] == [401, 401, 200]
    assert client.get("/admin", headers=identity_header("grace")).status_code == 403
    assert client.get("/required", headers=identity_header("grace")).status_code == 200


@pytest.mark.parametrize("word", ["ignore", "", True, "Anonymous"])
def test_optional_takes_one_of_two_words(word: Any) -> None:
    """Any other value raises an error when the dependency is created."""
    with pytest.raises(ConfigurationError, match=r"^on_invalid: "):
        optional(on_invalid=word)


@every_class
@every_way
def test_classes_of_verified_things_are_no_dependencies(
    app: FastAPI, made: type, ask: Callable[[FastAPI, Any], None]
) -> None:
    """FastAPI would fill them with values from the client."""
    with pytest.raises(ConfigurationError, match=f"^{made.__name__}: .*verified tokens only"):
        ask(app, Depends(made))


@every_class
@pytest.mark.parametrize("optional", [False, True])
def test_nothing_verified_is_read_from_a_request(made: type, optional: bool) -> None:
    """FastAPI reads a parameter with the class as its type from the body, which can never be a user."""
    app = FastAPI()

    async def route(user: Any) -> Any:
        return {"user": repr(user)}

    if optional:
        route.__annotations__["user"] = made | None
        route.__defaults__ = (None,)
    else:
        route.__annotations__["user"] = made
    app.post("/")(route)
    client = TestClient(app)
    for body in (FORGED, {"user": FORGED}):
        answer = client.post("/", json=body)
        assert answer.status_code == 422
        assert "verified tokens only" in answer.text
    answer = client.post("/", params=FORGED)
    assert (answer.status_code, answer.json()) == (200, {"user": "None"}) if optional else answer.status_code == 422


def test_verified_things_are_answered_as_ever(app: FastAPI) -> None:
    """They can be returned: alone, in a union, and inside other types."""

    @app.get("/me")
    async def me(user: CurrentUser) -> PrivyUser:
        return user

    @app.get("/either")
    async def either(user: Annotated[PrivyUser | None, Depends(optional_user)]) -> PrivyUser | dict[str, str]:
        return user or {"hello": "stranger"}

    @app.get("/several")
    async def several(user: Annotated[PrivyUser, Depends(current_user)]) -> dict[str, list[PrivyUser]]:
        return {"users": [user]}

    @app.get("/session")
    async def session(claims: AccessClaims) -> AccessTokenClaims:
        return claims

    client = TestClient(app)
    expected = client.get("/me", headers=identity_header()).json()
    assert expected["id"] == ADA
    assert "claims" not in expected
    assert client.get("/either", headers=identity_header()).json() == expected
    assert client.get("/either").json() == {"hello": "stranger"}
    assert client.get("/several", headers=identity_header()).json() == {"users": [expected]}
    names = {field.name for field in fields(AccessTokenClaims)}
    assert set(client.get("/session", headers=access_header()).json()) == names
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert set(schemas["AccessTokenClaims"]["properties"]) == names
    assert schemas["PrivyUser"]["properties"]["id"] == {"title": "Id", "type": "string"}


@pytest.mark.parametrize(
    "default",
    [current_user, optional_user, current_access, require, optional, require(), optional(on_invalid="reject")],
)
def test_dependencies_without_depends(app: FastAPI, default: Any) -> None:
    """The function itself would be the parameter's value, which is always true."""

    @app.get("/")
    async def page(_user: Any = default) -> str:
        return "secret"

    with pytest.raises(ConfigurationError, match=r"page: its parameter _user lacks Depends"), TestClient(app):
        raise AssertionError("the app has started")


@pytest.mark.parametrize("alias", [CurrentUser, OptionalUser, AccessClaims])
def test_annotations_as_defaults(app: FastAPI, alias: Any) -> None:
    """An annotation as a default value is not a dependency, also in the parameters of another dependency."""

    def other(user: Any = alias) -> None: ...

    app.get("/", dependencies=[Depends(other)])(lambda: "secret")
    with pytest.raises(ConfigurationError, match=r"its parameter user lacks Depends"), TestClient(app):
        raise AssertionError("the app has started")


@every_class
@pytest.mark.parametrize("shape", ["plain", "optional", "list", "annotated", "field"])
def test_parameters_of_verified_classes_stop_the_start(app: FastAPI, made: Any, shape: str) -> None:
    """With the plugin, the error is raised at startup, before any request."""
    optional: Any = made | None
    body = create_model("Order", owner=(optional, None))
    shapes = {
        "plain": made,
        "optional": made | None,
        "list": list[made],
        "annotated": Annotated[made, Body()],
        "field": body,
    }

    async def page(user: Any) -> None: ...

    page.__annotations__["user"] = shapes[shape]
    router = APIRouter()
    router.post("/")(page)
    app.include_router(router, prefix="/included")
    expected = rf"page: its parameter user: {made.__name__} is read from the request"
    with pytest.raises(ConfigurationError, match=expected), TestClient(app):
        raise AssertionError("the app has started")


def test_other_parameters_are_left_alone(app: FastAPI) -> None:
    """Other default values and types cause no error."""

    class Odd:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("it was compared")

        __hash__ = object.__hash__

    @app.post("/{number}")
    async def page(
        *,
        number: int,
        user: CurrentUser,
        body: dict[str, list[int]],
        query: Annotated[str, Query()] = "x",
        odd: Any = Odd(),  # noqa: B008 (its identity is the point)
        function: Any = str.upper,
        header: Annotated[str | None, Header()] = None,
    ) -> str:
        return f"{user.id} {number} {body['a']} {query} {function('x')} {header}"

    with TestClient(app) as client:
        answer = client.post("/7", json={"a": [1]}, headers=identity_header())
    assert answer.json() == f"{ADA} 7 [1] x X None"
