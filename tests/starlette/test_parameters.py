"""``owns_wallet``: the endpoint can still read the body, and a body that has been read before counts as missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from anyio import from_thread
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from fastapi_privy.starlette import Privy, require_privy_user
from privy_middleware.conditions import owns_wallet
from privy_middleware.development import PERSONAS
from privy_middleware.errors import ConditionNotMet
from privy_middleware.http.parameters import LARGEST_BODY
from tests.support.forms import MULTIPART, multipart
from tests.support.issued import identity_header, issuer_config

MINE = next(each["address"] for each in PERSONAS["ada"].linked_accounts if each["type"] == "wallet")
OTHER = "0x0000000000000000000000000000000000000001"
QUERY = {"address": MINE}
BODY = json.dumps({"address": MINE, "note": "é"}).encode()
FILE = bytes(range(256)) * 10
LARGE = bytes(range(256)) * 12_000
FORBIDDEN = {"message": "Forbidden"}

Read = Callable[[Request], Awaitable[str | bytes]]
READERS: dict[str, Read] = {}


def reader(read: Read) -> Read:
    """Register a way to read the body under its name."""
    READERS[getattr(read, "__name__", "")] = read
    return read


@reader
async def body(request: Request) -> bytes:
    """Read the whole body."""
    return await request.body()


@reader
async def stream(request: Request) -> bytes:
    """Read the stream."""
    return b"".join([piece async for piece in request.stream()])


@reader
async def messages(request: Request) -> bytes:
    """Receive the messages of the server."""
    read, more = b"", True
    while more:
        message = await request.receive()
        read += message.get("body", b"")
        more = message.get("more_body", False)
    return read


@reader
async def copied_request(request: Request) -> bytes:
    """Read a new request that is created from the same scope."""
    return await Request(request.scope, request.receive).body()


@reader
async def json_note(request: Request) -> str:
    """Read JSON."""
    return str((await request.json())["note"])


@reader
async def form(request: Request) -> str:
    """Read a form with a file."""
    async with request.form() as fields:
        file: Any = fields["file"]
        return f"{fields['address']} {fields['note']} {hashlib.sha256(await file.read()).hexdigest()}"


@reader
async def connection(request: Request) -> str:
    """Check whether the client is still connected."""
    return str(await request.is_disconnected())


def make_client(read: Read, before: Read | None = None) -> TestClient:
    """Return a client of an app that returns the body that it reads: to the owner of the wallet, or to every user."""

    async def answer(request: Request) -> Response:
        return PlainTextResponse(await read(request))

    async def owned(request: Request) -> Response:
        if before is not None:
            await before(request)
        return await require_privy_user(owns_wallet="address")(answer)(request)

    @require_privy_user(owns_wallet="address")
    def in_thread(request: Request) -> Response:
        return from_thread.run(answer, request)

    anyway = require_privy_user(owns_wallet("address") | (lambda user: True))(answer)
    both = ["GET", "POST"]
    paths = ["/owned", "/owned/{address}"]
    routes = [Route(path, owned, methods=both) for path in paths]
    routes += [Route(f"/thread{path}", in_thread, methods=both) for path in paths]
    app = Starlette(routes=[*routes, Route("/anyway", anyway, methods=both)])
    Privy(app, issuer_config())
    return TestClient(app, headers=identity_header())


def pieces(content: bytes) -> Iterator[bytes]:
    """Send a body of unknown length in parts."""
    size = max(len(content) // 3, 1)
    yield from (content[start : start + size] for start in range(0, len(content), size))


PATHS = pytest.mark.parametrize("path", ["/owned", "/thread/owned"])


@PATHS
@pytest.mark.parametrize("read", ["body", "stream", "messages", "copied_request"])
def test_body(path: str, read: str) -> None:
    """The endpoint gets the body unchanged, in every way in which Starlette can read it."""
    client = make_client(READERS[read])
    assert client.post(path, content=BODY).content == BODY
    assert client.post(path, content=pieces(BODY)).content == BODY


@PATHS
def test_json(path: str) -> None:
    """The endpoint gets the same JSON."""
    client = make_client(json_note)
    assert client.post(path, content=BODY).text == "é"
    assert client.post(path, content=pieces(BODY)).text == "é"


@PATHS
@pytest.mark.parametrize("file", [FILE, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_form_with_a_file(path: str, file: bytes, chunked: bool) -> None:
    """A file may be larger than the limit for memory; in this case Starlette parses the form."""
    client = make_client(form)
    content = multipart(("address", MINE), ("note", "é"), ("file", file))
    sent = pieces(content) if chunked else content
    answer = client.post(path, content=sent, headers={"content-type": MULTIPART})
    assert answer.text == f"{MINE} é {hashlib.sha256(file).hexdigest()}"


@PATHS
@pytest.mark.parametrize("fields", [[OTHER], [MINE, OTHER], [FILE], [MINE, FILE]])
def test_another_address_beside_a_large_file(path: str, fields: list[Any]) -> None:
    """The form that Starlette parsed must contain the same address."""
    content = multipart(*(("address", each) for each in fields), ("file", LARGE))
    answer = make_client(form).post(path, params=QUERY, content=content, headers={"content-type": MULTIPART})
    assert answer.json() == FORBIDDEN


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_body(chunked: bool) -> None:
    """A body that is too large is not read, but an endpoint with another condition can read it."""
    assert len(LARGE) > LARGEST_BODY
    client = make_client(stream)
    for path, content_type in (("/owned", "text/plain"), ("/owned", MULTIPART), ("/anyway", "text/plain")):
        sent = pieces(LARGE) if chunked else LARGE
        answer = client.post(path, params=QUERY, content=sent, headers={"content-type": content_type})
        assert answer.content == LARGE if path == "/anyway" else answer.json() == FORBIDDEN


def test_two_guards() -> None:
    """The second check reads the body again."""

    @require_privy_user(owns_wallet="address")
    async def guard(request: Request) -> bytes:
        return b""

    assert make_client(stream, guard).post("/owned", content=pieces(BODY)).content == BODY


def test_connection() -> None:
    """No client counts as disconnected."""
    assert make_client(connection).post("/owned", content=BODY).text == "False"


@pytest.mark.parametrize("before", [body, json_note])
def test_body_that_was_read_before(before: Read) -> None:
    """A body that can still be read is used."""
    client = make_client(body, before)
    assert client.post("/owned", content=BODY).content == BODY
    other = json.dumps({"address": OTHER, "note": ""})
    assert client.post("/owned", params=QUERY, content=other).json() == FORBIDDEN


async def form_alone(request: Request) -> str:
    """Parse the form, and leave its files open."""
    return str(await request.form())


def test_form_that_was_read_before() -> None:
    """After a form was parsed, only the form can be read; other bodies are not consumed by that."""
    client = make_client(form_alone, form_alone)
    assert MINE in client.post("/owned", data={"address": MINE}).text
    for data in ({"address": OTHER}, {"address": [MINE, OTHER]}):
        assert client.post("/owned", params=QUERY, data=data).json() == FORBIDDEN
    assert client.post("/owned", content=BODY).status_code == 200
    assert client.post("/owned", params=QUERY, content=BODY.replace(MINE.encode(), b"0x1")).json() == FORBIDDEN
    empty = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/owned", params=QUERY, content=b"", headers=empty).status_code == 200


def test_body_that_was_used_up() -> None:
    """A body that has been read counts as missing, because other code may have kept it and pass it to the endpoint."""
    other = json.dumps({"address": OTHER})
    assert make_client(connection, stream).post("/owned", params=QUERY, content=other).json() == FORBIDDEN


async def ask(app: Any, *parts: bytes, end: dict[str, Any] | Exception) -> tuple[int, bytes]:
    """Send a body in the given messages, and return the response."""
    received = iter([*({"type": "http.request", "body": part, "more_body": True} for part in parts), end])
    sent: list[Any] = []

    async def receive() -> Any:
        await checkpoint()
        message = next(received)
        if isinstance(message, Exception):
            raise message
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in identity_header().items()]
    scope = {"type": "http", "method": "POST", "path": "/owned", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@pytest.mark.anyio
@pytest.mark.parametrize("end", [{"type": "http.disconnect"}, OSError("the connection is lost")])
async def test_body_without_an_end(end: Any) -> None:
    """This neither reaches the endpoint nor causes a 500: the address counts as missing."""
    assert (await ask(make_client(body).app, BODY, end=end))[0] == ConditionNotMet.status


def test_endpoint_outside_a_thread() -> None:
    """A sync endpoint that is called on the event loop cannot read the body."""

    @require_privy_user(owns_wallet="address")
    def endpoint(request: Request) -> Response:
        return Response()

    async def by_hand(request: Request) -> Response:
        return endpoint(request)

    app = Starlette(routes=[Route("/", by_hand)])
    Privy(app, issuer_config())
    assert TestClient(app, headers=identity_header()).get("/", params=QUERY).json() == FORBIDDEN


@PATHS
def test_path_and_query(path: str) -> None:
    """An EVM address is compared without case, and a missing address is never owned."""
    client = make_client(body)
    for target in (f"{path}/{{}}", f"{path}?address={{}}"):
        assert client.get(target.format(MINE)).status_code == 200
        assert client.get(target.format(MINE.lower())).status_code == 200
        assert client.get(target.format(OTHER)).json() == FORBIDDEN
    assert client.get(path).json() == FORBIDDEN


@PATHS
def test_nobody(path: str) -> None:
    """Without a user the response is 401 for any address, and the body is not read."""
    client = make_client(body)

    read: list[bytes] = []

    def parts() -> Iterator[bytes]:
        read.append(BODY)
        yield BODY

    answer = client.post(f"{path}/{MINE}", content=parts(), headers={"privy-id-token": "garbage"})
    assert answer.json() == {"message": "Invalid token"}
    assert read == []


def test_websocket() -> None:
    """A handshake has a query."""

    @require_privy_user(owns_wallet="address")
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("yours")
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute("/ws", chat)])
    Privy(app, issuer_config())
    with TestClient(app, headers=identity_header()).websocket_connect(f"/ws?address={MINE}") as socket:
        assert socket.receive_text() == "yours"


@pytest.mark.anyio
async def test_requests_at_once() -> None:
    """Each request reads its own body."""
    app, answers = make_client(json_note).app, dict[int, tuple[int, bytes]]()

    async def ask_one(number: int) -> None:
        content = json.dumps({"address": MINE, "note": number}).encode()
        end = {"type": "http.request", "body": content[9:]}
        answers[number] = await ask(app, content[:4], content[4:9], end=end)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask_one, number)
    assert answers == {number: (200, str(number).encode()) for number in range(50)}
