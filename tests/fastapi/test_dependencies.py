"""The dependencies, for HTTP and WebSockets, combined with other features of FastAPI."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, Form, HTTPException, Request, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from fastapi_privy import (
    AccessClaims,
    CurrentUser,
    OptionalUser,
    Privy,
    current_access,
    current_user,
    optional,
    optional_user,
    privy_auth,
    require,
)
from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyUser, PrivyVerifier
from privy_middleware.conditions import has_linked, has_wallet
from privy_middleware.development import PERSONAS
from tests.support.issued import (
    ADA,
    GRACE,
    INVALID_HEADER,
    ISSUER,
    access_header,
    identity_cookie,
    identity_header,
    issuer_config,
)

UNAUTHORIZED = {"message": "Unauthorized"}
INVALID = {"message": "Invalid token"}
FORBIDDEN = {"message": "Forbidden"}
MINE = next(each["address"] for each in PERSONAS["ada"].linked_accounts if each["type"] == "wallet")
OTHER = "0x0000000000000000000000000000000000000001"


@pytest.fixture
def app() -> FastAPI:
    """Return an app with the plugin and without routes."""
    app = FastAPI()
    Privy(app, issuer_config())
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Return a client of the app."""
    with TestClient(app) as running:
        yield running


def test_current_user(app: FastAPI, client: TestClient) -> None:
    """In async and sync endpoints, by annotation and by default value."""

    @app.get("/async")
    async def in_loop(user: CurrentUser) -> str:
        return user.id

    @app.get("/sync")
    def in_thread(user: PrivyUser = Depends(current_user)) -> str:  # noqa: B008 - as many FastAPI apps write it
        return user.id

    for path in ("/async", "/sync"):
        assert client.get(path, headers=identity_header()).json() == ADA
        assert client.get(path, headers=identity_cookie("grace")).json() == GRACE
        assert client.get(path).json() == UNAUTHORIZED
        assert client.get(path, headers=INVALID_HEADER).json() == INVALID


def test_refusal_is_not_fastapis(app: FastAPI, client: TestClient) -> None:
    """Body and headers are the documented ones, not FastAPI's."""

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    answer = client.get("/me")
    assert (answer.status_code, answer.content) == (401, b'{"message": "Unauthorized"}')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


def test_optional_user(app: FastAPI, client: TestClient) -> None:
    """An invalid token is rejected, or counts as no token if the route says so."""

    @app.get("/optional")
    async def strict(user: OptionalUser) -> str | None:
        return None if user is None else user.id

    @app.get("/lenient")
    async def lenient(user: Annotated[PrivyUser | None, Depends(optional(on_invalid="anonymous"))]) -> str | None:
        return None if user is None else user.id

    for path in ("/optional", "/lenient"):
        assert client.get(path).json() is None
        assert client.get(path, headers=identity_header()).json() == ADA
    assert client.get("/optional", headers=INVALID_HEADER).json() == INVALID
    assert client.get("/lenient", headers=INVALID_HEADER).json() is None


def test_access_claims(app: FastAPI, client: TestClient) -> None:
    """All six claims are returned, also as the response model."""

    @app.get("/session")
    async def session(claims: AccessClaims) -> AccessTokenClaims:
        return claims

    answer = client.get("/session", headers=access_header()).json()
    assert (answer["app_id"], answer["user_id"], answer["session_id"]) == (ISSUER.app_id, ADA, "dev-session-ada")
    assert len(answer) == len(fields(AccessTokenClaims))
    assert client.get("/session", headers=identity_header()).json() == UNAUTHORIZED


def test_conditions(app: FastAPI, client: TestClient) -> None:
    """Keywords, predicates and combinations: 403 if the condition is not met, and 401 without a user."""
    conditions = {
        "words": require(wallet="ethereum", linked="email", metadata={"role": "admin"}, guest=False),
        "predicate": require(lambda user: user.email is not None),
        "combined": require(has_wallet("ethereum", embedded=True) & ~has_linked("farcaster")),
    }
    for name, dependency in conditions.items():
        app.get(f"/{name}", dependencies=[Depends(dependency)])(lambda: "hello")
        assert client.get(f"/{name}", headers=identity_header()).json() == "hello"
        assert client.get(f"/{name}", headers=identity_header("grace")).json() == FORBIDDEN
        assert client.get(f"/{name}", headers=access_header()).json() == FORBIDDEN
        assert client.get(f"/{name}").json() == UNAUTHORIZED


def test_no_condition(app: FastAPI, client: TestClient) -> None:
    """``require()`` without a condition requires a user."""

    @app.get("/any")
    async def anybody(user: Annotated[PrivyUser, Depends(require())]) -> str:
        return user.id

    assert client.get("/any", headers=access_header("grace")).json() == GRACE
    assert client.get("/any").json() == UNAUTHORIZED


def test_wallet_in_the_request(app: FastAPI, client: TestClient) -> None:
    """The address is the route's own parameter (path, query, JSON or form), and there must be no other."""
    owner = [Depends(require(owns_wallet="address"))]

    @app.post("/path/{address}", dependencies=owner)
    @app.post("/query", dependencies=owner)
    def by_url(address: str) -> str:
        return address

    @app.post("/json", dependencies=owner)
    def by_json(address: Annotated[str, Body(embed=True)]) -> str:
        return address

    @app.post("/form", dependencies=owner)
    def by_form(address: Annotated[str, Form()]) -> str:
        return address

    for path, sent in (
        ("/path/{}", {}),
        ("/query?address={}", {}),
        ("/json", {"json": {"address": "{}"}}),
        ("/form", {"data": {"address": "{}"}}),
    ):
        for address, status in ((MINE, 200), (OTHER, 403)):
            filled: dict[str, Any] = {key: {"address": address} for key in sent}
            assert client.post(path.format(address), headers=identity_header(), **filled).status_code == status
    smuggled = client.post(f"/json?address={MINE}", json={"address": OTHER}, headers=identity_header())
    assert smuggled.json() == FORBIDDEN


def test_response_model(app: FastAPI, client: TestClient) -> None:
    """A ``PrivyUser`` as the response model returns the same as ``to_dict``."""

    @app.get("/model")
    async def model(user: CurrentUser) -> PrivyUser:
        return user

    @app.get("/list", response_model=list[PrivyUser])
    async def many(user: CurrentUser) -> Any:
        return [user]

    verifier = PrivyVerifier(issuer_config())
    for name in PERSONAS:
        headers = identity_header(name)
        expected = verifier.verify_identity_token(headers["privy-id-token"]).to_dict()
        assert client.get("/model", headers=headers).json() == expected
        assert client.get("/list", headers=headers).json() == [expected]
    assert client.get("/model", headers=access_header()).json() == {"id": ADA}


def test_overrides(app: FastAPI, client: TestClient) -> None:
    """The tests of an app can replace the user without a token, also for conditions."""

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    @app.get("/admin")
    async def admin(user: Annotated[PrivyUser, Depends(require(metadata={"role": "admin"}))]) -> str:
        return user.id

    @app.get("/optional")
    async def maybe(user: OptionalUser) -> str | None:
        return None if user is None else user.id

    @app.get("/lenient")
    async def lenient(user: Annotated[PrivyUser | None, Depends(optional(on_invalid="anonymous"))]) -> str | None:
        return None if user is None else user.id

    @app.get("/session")
    async def session(claims: AccessClaims) -> str:
        return claims.session_id

    somebody = PrivyUser("did:privy:somebody", custom_metadata={"role": "admin"})
    claims = AccessTokenClaims("app", "did:privy:somebody", "privy.io", 1, 2, "session")
    for dependency in (current_user, optional_user, optional(on_invalid="anonymous")):
        app.dependency_overrides[dependency] = lambda: somebody
    app.dependency_overrides[current_access] = lambda: claims
    for path in ("/me", "/admin", "/optional", "/lenient"):
        assert client.get(path).json() == "did:privy:somebody"
    assert client.get("/session").json() == "session"
    app.dependency_overrides[current_user] = lambda: PrivyUser("did:privy:other")
    assert client.get("/admin").json() == FORBIDDEN
    app.dependency_overrides.clear()
    assert client.get("/me").json() == UNAUTHORIZED


def test_overrides_need_no_middleware() -> None:
    """An override replaces everything that the dependency depends on."""
    app = FastAPI()
    app.get("/")(_id_of)
    app.dependency_overrides[current_user] = lambda: PrivyUser("did:privy:somebody")
    assert TestClient(app).get("/").json() == "did:privy:somebody"


closed: list[str] = []


async def account_of(user: CurrentUser) -> AsyncIterator[dict[str, str]]:
    """Yield a resource for the user, and close it after the response."""
    yield {"id": user.id}
    closed.append(user.id)


async def _id_of(user: CurrentUser) -> str:
    return user.id


def test_missing_middleware() -> None:
    """The error says how to fix it."""
    app = FastAPI()
    app.get("/")(_id_of)
    with pytest.raises(ConfigurationError, match=r"Privy\(app\)"):
        TestClient(app).get("/", headers=identity_header())


def test_routers(app: FastAPI, client: TestClient) -> None:
    """A router's dependency protects all its routes, and nested routers have the same user."""
    inner = APIRouter(prefix="/inner")
    inner.get("/me")(_id_of)
    guarded = APIRouter(prefix="/guarded", dependencies=[Depends(require(linked="email"))])
    guarded.get("/open")(lambda: "hello")
    guarded.include_router(inner)
    app.include_router(guarded)
    assert client.get("/guarded/open").json() == UNAUTHORIZED
    assert client.get("/guarded/open", headers=identity_header("grace")).json() == FORBIDDEN
    assert client.get("/guarded/open", headers=identity_header()).json() == "hello"
    assert client.get("/guarded/inner/me", headers=identity_header()).json() == ADA


def test_dependencies_of_the_app(app: FastAPI, client: TestClient) -> None:
    """An app's own dependency can depend on ours, also with ``yield``."""

    @app.get("/account")
    async def mine(account: Annotated[dict[str, str], Depends(account_of)]) -> str:
        return account["id"]

    closed.clear()
    assert client.get("/account", headers=identity_header()).json() == ADA
    assert client.get("/account").json() == UNAUTHORIZED
    assert closed == [ADA]


def test_refusal_raised_in_an_endpoint(app: FastAPI, client: TestClient) -> None:
    """An endpoint can require a user itself; its other errors are not changed."""

    @app.get("/late")
    async def late(request: Request) -> str:
        return privy_auth(request).require().id

    @app.get("/teapot")
    async def teapot(user: CurrentUser) -> None:
        raise HTTPException(418)

    @app.get("/broken")
    async def broken(user: CurrentUser) -> None:
        raise ValueError(user.id)

    assert client.get("/late").json() == UNAUTHORIZED
    assert client.get("/late", headers=identity_header()).json() == ADA
    assert client.get("/teapot", headers=identity_header()).json() == {"detail": "I'm a Teapot"}
    with pytest.raises(ValueError, match=ADA):
        client.get("/broken", headers=identity_header())


def test_missing_parameter_stays_422(app: FastAPI, client: TestClient) -> None:
    """FastAPI's validation errors are not changed, and a token is never validated by FastAPI."""

    @app.get("/page")
    async def page(user: CurrentUser, number: int) -> int:
        return number

    assert client.get("/page?number=x", headers=identity_header()).status_code == 422
    assert client.get("/page?number=1", headers=INVALID_HEADER).json() == INVALID
    assert client.get("/page?number=x", headers=INVALID_HEADER).json() == INVALID


def test_background_and_streaming(app: FastAPI, client: TestClient) -> None:
    """Both have the user after the endpoint has returned."""
    done: list[str] = []

    @app.get("/background")
    async def background(user: CurrentUser, tasks: BackgroundTasks, request: Request) -> str:
        tasks.add_task(lambda: done.append(user.id + request.state.privy_user.id))
        return user.id

    @app.get("/stream")
    async def stream(user: CurrentUser, request: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield user.id
            yield request.state.privy_user.id

        return StreamingResponse(parts())

    assert client.get("/background", headers=identity_header()).json() == ADA
    assert done == [ADA * 2]
    assert client.get("/stream", headers=identity_header("grace")).text == GRACE * 2


def test_websockets(app: FastAPI, client: TestClient) -> None:
    """The same dependencies work, and a WebSocket is rejected before it is accepted."""

    @app.websocket("/me")
    async def me(websocket: WebSocket, user: CurrentUser) -> None:
        await websocket.accept()
        await websocket.send_text(user.id)
        await websocket.close()

    @app.websocket("/optional")
    async def maybe(websocket: WebSocket, user: OptionalUser) -> None:
        await websocket.accept()
        await websocket.send_text(str(user and user.id))
        await websocket.close()

    @app.websocket("/wallet")
    async def wallet(websocket: WebSocket, user: Annotated[PrivyUser, Depends(require(owns_wallet="address"))]) -> None:
        await websocket.accept()
        await websocket.send_text(user.id)
        await websocket.close()

    for path in ("/me", "/optional", f"/wallet?address={MINE}"):
        with client.websocket_connect(path, headers=identity_header()) as socket:
            assert socket.receive_text() == ADA
    with client.websocket_connect("/optional") as socket:
        assert socket.receive_text() == "None"
    for path, headers, status in (
        ("/me", {}, 401),
        ("/optional", INVALID_HEADER, 401),
        (f"/wallet?address={OTHER}", identity_header(), 403),
        ("/me", {**identity_cookie(), "Origin": "https://evil.example"}, 403),
    ):
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(path, headers=headers):
            pass
        assert denied.value.status_code == status
        assert json.loads(denied.value.content)["message"]


def test_websocket_refused_after_it_was_accepted(app: FastAPI, client: TestClient) -> None:
    """It is closed with the code for policy violations."""

    @app.websocket("/late")
    async def late(websocket: WebSocket) -> None:
        await websocket.accept()
        privy_auth(websocket).require()

    with client.websocket_connect("/late") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == 1008


def test_preflights_do_not_run_routes_that_ask_for_a_user(app: FastAPI, client: TestClient) -> None:
    """If a route lists ``OPTIONS``, a preflight gets a response; any other ``OPTIONS`` needs a user."""
    runs: list[str] = []

    @app.api_route("/current", methods=["POST", "OPTIONS"])
    async def current(user: CurrentUser) -> None:
        runs.append(user.id)

    @app.api_route("/optional", methods=["POST", "OPTIONS"])
    async def maybe(user: OptionalUser) -> None:
        runs.append("run")

    preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for path in ("/current", "/optional"):
        answer = client.options(path, headers=preflight)
        assert (answer.status_code, answer.content, runs) == (204, b"", [])
    assert client.options("/current").status_code == 401
