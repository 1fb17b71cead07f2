"""Handlers that answer with users: the response is what ``to_dict`` returns, in JSON and MessagePack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Controller, MediaType, Request, Response, WebSocket, get, post, websocket
from litestar.di import Provide
from litestar.response import Stream
from litestar.routes import HTTPRoute

from litestar_privy import CurrentUser, OptionalUser
from privy_middleware import AccessTokenClaims, LinkedAccount, PrivyUser, UnknownAccount
from tests.litestar.serving import PrivyRequest, app_of, client_of, serve
from tests.support.issued import access_header, identity_header


@get("/user")
async def user(current_user: CurrentUser) -> PrivyUser:
    """Return the user."""
    return current_user


@get("/optional")
async def optional(optional_user: OptionalUser) -> PrivyUser | None:
    """Return the user or nothing."""
    return optional_user


@get("/users", sync_to_thread=False)
def users(current_user: CurrentUser) -> list[PrivyUser]:
    """Return a list of users, without a coroutine."""
    return [current_user]


@get("/accounts")
async def accounts(current_user: CurrentUser) -> tuple[LinkedAccount, ...]:
    """Return accounts."""
    return current_user.linked_accounts


@get("/nested")
async def nested(current_user: CurrentUser) -> dict[str, Any]:
    """Return a user that no annotation names."""
    return {"users": {"one": [current_user], "two": (current_user,)}, "count": 2}


@get("/anything")
async def anything(current_user: CurrentUser) -> Any:
    """Return the user as anything."""
    return current_user


def answering(annotation: Any, answer: Callable[[PrivyUser], Any]) -> Any:
    """Return a function with a return annotation that type checkers refuse."""

    async def handler(current_user: CurrentUser) -> Any:
        return answer(current_user)

    handler.__annotations__["return"] = annotation
    return handler


bare = get("/bare")(answering(dict, lambda user: {"user": user}))
response = get("/response")(answering(Response, lambda user: Response({"user": user}, headers={"x-own": "1"})))


@get("/typed")
async def typed(current_user: CurrentUser) -> Response[list[PrivyUser]]:
    """Return a typed response with a user."""
    return Response([current_user])


@get("/session")
async def session(request: PrivyRequest) -> AccessTokenClaims:
    """Return the claims of the access token."""
    return request.auth.require_access()


HANDLERS = [user, optional, users, accounts, nested, bare, anything, response, typed, session]


def expected(header: dict[str, str]) -> dict[str, Any]:
    """Return the ``to_dict`` of the user."""

    @get("/expected")
    async def handler(current_user: CurrentUser) -> dict[str, Any]:
        return current_user.to_dict()

    found: dict[str, Any] = client_of(handler).get("/expected", headers=header).json()
    assert "linked_accounts" in found
    return found


def test_users_in_answers() -> None:
    """Users are converted wherever a handler returns them, whether its annotation names them or not."""
    header = identity_header()
    one, client = expected(header), client_of(*HANDLERS)
    answers = {
        "/user": one,
        "/optional": one,
        "/users": [one],
        "/accounts": one["linked_accounts"],
        "/nested": {"users": {"one": [one], "two": [one]}, "count": 2},
        "/bare": {"user": one},
        "/anything": one,
        "/response": {"user": one},
        "/typed": [one],
    }
    for path, body in answers.items():
        assert client.get(path, headers=header).json() == body, path
    assert client.get("/response", headers=header).headers["x-own"] == "1"
    assert client.get("/user").status_code == 401
    assert client.get("/optional").json() is None


def test_session() -> None:
    """The claims of an access token have the six names of ``to_dict``."""
    body = client_of(session).get("/session", headers=access_header()).json()
    assert body.keys() == {"app_id", "user_id", "issuer", "issued_at", "expiration", "session_id"}


def test_messagepack() -> None:
    """MessagePack has the same content as JSON."""
    header = identity_header()

    @get("/packed", media_type=MediaType.MESSAGEPACK)
    async def packed(current_user: CurrentUser) -> dict[str, Any]:
        return {"user": current_user}

    assert msgspec.msgpack.decode(client_of(packed).get("/packed", headers=header).content) == {
        "user": expected(header)
    }


def test_hooks_of_the_app_still_run() -> None:
    """The closest ``after_request`` is called with the response, before users are converted."""
    seen: list[Any] = []

    def note(answer: Any) -> Any:
        seen.append(type(answer.content))
        return answer

    async def add(answer: Any) -> Any:
        return Response({"added": answer.content})

    @get("/own")
    async def own(current_user: CurrentUser) -> PrivyUser:
        return current_user

    class Pages(Controller):
        path = "/pages"
        after_request: Any = add

        @get()
        async def page(self, current_user: CurrentUser) -> PrivyUser:
            """Return the user."""
            return current_user

    header = identity_header()
    client = client_of(own, Pages, after_request=note)
    assert client.get("/own", headers=header).json() == expected(header)
    assert seen == [PrivyUser]
    assert client.get("/pages", headers=header).json() == {"added": expected(header)}


def test_other_answers_are_left_alone() -> None:
    """Handlers whose annotation excludes users are left as they are, and a stream is sent as it is."""

    @get("/text")
    async def text() -> str:
        return "text"

    @get("/numbers")
    async def numbers() -> list[int]:
        return [1]

    @get("/stream")
    async def stream() -> Response[Any]:
        return Stream(iter(["a", "b"]))

    @post("/empty")
    async def empty() -> None:
        """Return nothing."""

    app = app_of(text, numbers, stream, empty)
    client = serve(app)
    assert client.get("/text").text == "text"
    assert client.get("/numbers").json() == [1]
    assert client.get("/stream").text == "ab"
    assert client.post("/empty").status_code == 201
    hooked = {
        handler.fn.__name__
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.after_request
    }
    assert hooked & {"text", "numbers", "stream", "empty"} == {"stream"}


@dataclass
class Profile:
    """A class of an app with a user."""

    user: PrivyUser
    name: str


def test_users_in_other_classes() -> None:
    """In an app's own dataclass msgspec writes the fields of the user, of which the claims are none."""

    @get("/profile")
    async def profile(current_user: CurrentUser) -> Profile:
        return Profile(current_user, "Ada")

    @get("/profiles")
    async def profiles(current_user: CurrentUser) -> dict[str, Any]:
        return {"profile": Profile(current_user, "Ada")}

    @websocket("/ws")
    async def socket(socket: WebSocket[Any, Any, Any], current_user: CurrentUser) -> None:
        await socket.accept()
        await socket.send_json({"user": current_user})

    header = identity_header()
    client = client_of(profile, profiles, socket)
    for path in ("/profile", "/profiles"):
        text = client.get(path, headers=header).text
        assert "did:privy:" in text
        assert "claims" not in text
        assert "privy.io" not in text
    with client.websocket_connect("/ws", headers=header) as connection:
        assert "claims" not in connection.receive_text()


def test_document() -> None:
    """The OpenAPI document describes the user without claims, and requires only the ID."""
    schemas = client_of(user).get("/schema/openapi.json").json()["components"]["schemas"]
    assert schemas["PrivyUser"]["required"] == ["id"]
    assert "claims" not in schemas["PrivyUser"]["properties"]


def test_dependencies_may_return_users() -> None:
    """A user that a dependency provides is converted too."""

    async def loaded() -> PrivyUser:
        account = UnknownAccount(type="new", fields={"type": "new", "name": "Ada"})
        return PrivyUser("did:privy:other", linked_accounts=(account,))

    @get("/loaded", dependencies={"current_user": Provide(loaded)})
    async def handler(current_user: CurrentUser, request: Request[Any, Any, Any]) -> PrivyUser:
        return current_user

    body = client_of(handler).get("/loaded").json()
    assert body == {
        "id": "did:privy:other",
        "is_guest": False,
        "linked_accounts": [{"type": "new", "name": "Ada"}],
    }
    assert json.dumps(body)
