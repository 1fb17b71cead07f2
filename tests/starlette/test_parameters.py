"""``owns_wallet``: the endpoint can read the body as if nobody had, and a body that is used up counts for nothing."""

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
    """Keep a way to read the body, by its name."""
    READERS[getattr(read, "__name__", "")] = read
    return read


@reader
async def body(request: Request) -> bytes:
    """Read all."""
    return await request.body()


@reader
async def stream(request: Request) -> bytes:
    """Read the pieces."""
    return b"".join([piece async for piece in request.stream()])


@reader
async def messages(request: Request) -> bytes:
    """Read what the server sends."""
    read, more = b"", True
    while more:
        message = await request.receive()
        read += message.get("body", b"")
        more = message.get("more_body", False)
    return read


@reader
async def copied_request(request: Request) -> bytes:
    """Read a request that is made of the same parts."""
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
    """Ask whether the client is there."""
    return str(await request.is_disconnected())


def make_client(read: Read, before: Read | None = None) -> TestClient:
    """Return a client of an app that answers with what it reads: to the owner of the wallet, or to everybody."""

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
    """Send a body of unknown length in pieces."""
    size = max(len(content) // 3, 1)
    yield from (content[start : start + size] for start in range(0, len(content), size))


PATHS = pytest.mark.parametrize("path", ["/owned", "/thread/owned"])


@PATHS
@pytest.mark.parametrize("read", ["body", "stream", "messages", "copied_request"])
def test_body(path: str, read: str) -> None:
    """It is there byte for byte, in each way in which Starlette gives it."""
    client = make_client(READERS[read])
    assert client.post(path, content=BODY).content == BODY
    assert client.post(path, content=pieces(BODY)).content == BODY


@PATHS
def test_json(path: str) -> None:
    """So is what Starlette reads from it."""
    client = make_client(json_note)
    assert client.post(path, content=BODY).text == "é"
    assert client.post(path, content=pieces(BODY)).text == "é"


@PATHS
@pytest.mark.parametrize("file", [FILE, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_form_with_a_file(path: str, file: bytes, chunked: bool) -> None:
    """A file may be larger than what is held in memory; then Starlette alone reads the form."""
    client = make_client(form)
    content = multipart(("address", MINE), ("note", "é"), ("file", file))
    sent = pieces(content) if chunked else content
    answer = client.post(path, content=sent, headers={"content-type": MULTIPART})
    assert answer.text == f"{MINE} é {hashlib.sha256(file).hexdigest()}"


@PATHS
@pytest.mark.parametrize("fields", [[OTHER], [MINE, OTHER], [FILE], [MINE, FILE]])
def test_another_address_beside_a_large_file(path: str, fields: list[Any]) -> None:
    """The form that Starlette reads must agree too."""
    content = multipart(*(("address", each) for each in fields), ("file", LARGE))
    answer = make_client(form).post(path, params=QUERY, content=content, headers={"content-type": MULTIPART})
    assert answer.json() == FORBIDDEN


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_body(chunked: bool) -> None:
    """What is too large is not looked at, and left to an endpoint that another condition lets in."""
    assert len(LARGE) > LARGEST_BODY
    client = make_client(stream)
    for path, content_type in (("/owned", "text/plain"), ("/owned", MULTIPART), ("/anyway", "text/plain")):
        sent = pieces(LARGE) if chunked else LARGE
        answer = client.post(path, params=QUERY, content=sent, headers={"content-type": content_type})
        assert answer.content == LARGE if path == "/anyway" else answer.json() == FORBIDDEN


def test_two_guards() -> None:
    """The second one reads it again."""

    @require_privy_user(owns_wallet="address")
    async def guard(request: Request) -> bytes:
        return b""

    assert make_client(stream, guard).post("/owned", content=pieces(BODY)).content == BODY


def test_connection() -> None:
    """Nobody is taken for disconnected."""
    assert make_client(connection).post("/owned", content=BODY).text == "False"


@pytest.mark.parametrize("before", [body, json_note])
def test_body_that_was_read_before(before: Read) -> None:
    """What is still there to be read counts."""
    client = make_client(body, before)
    assert client.post("/owned", content=BODY).content == BODY
    other = json.dumps({"address": OTHER, "note": ""})
    assert client.post("/owned", params=QUERY, content=other).json() == FORBIDDEN


async def form_alone(request: Request) -> str:
    """Read the form, and leave it open."""
    return str(await request.form())


def test_form_that_was_read_before() -> None:
    """Nobody can read anything else then; of what is no form it has read nothing."""
    client = make_client(form_alone, form_alone)
    assert MINE in client.post("/owned", data={"address": MINE}).text
    for data in ({"address": OTHER}, {"address": [MINE, OTHER]}):
        assert client.post("/owned", params=QUERY, data=data).json() == FORBIDDEN
    assert client.post("/owned", content=BODY).status_code == 200
    assert client.post("/owned", params=QUERY, content=BODY.replace(MINE.encode(), b"0x1")).json() == FORBIDDEN
    empty = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/owned", params=QUERY, content=b"", headers=empty).status_code == 200


def test_body_that_was_used_up() -> None:
    """Somebody may have kept it, and give it to the endpoint."""
    other = json.dumps({"address": OTHER})
    assert make_client(connection, stream).post("/owned", params=QUERY, content=other).json() == FORBIDDEN


async def ask(app: Any, *parts: bytes, end: dict[str, Any] | Exception) -> tuple[int, bytes]:
    """Send a body in messages of the test's own, and return the answer."""
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
    """That is not the endpoint's business, nor a 500: the address counts as missing."""
    assert (await ask(make_client(body).app, BODY, end=end))[0] == ConditionNotMet.status


def test_endpoint_outside_a_thread() -> None:
    """Called by hand on the event loop, a function that is not async cannot be told what the body says."""

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
    """An EVM address is the user's in whichever case, and no address is never owned."""
    client = make_client(body)
    for target in (f"{path}/{{}}", f"{path}?address={{}}"):
        assert client.get(target.format(MINE)).status_code == 200
        assert client.get(target.format(MINE.lower())).status_code == 200
        assert client.get(target.format(OTHER)).json() == FORBIDDEN
    assert client.get(path).json() == FORBIDDEN


@PATHS
def test_nobody(path: str) -> None:
    """Who is not signed in is asked to, whatever the address; nothing is read for nobody."""
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
    """Each one reads its own body."""
    app, answers = make_client(json_note).app, dict[int, tuple[int, bytes]]()

    async def ask_one(number: int) -> None:
        content = json.dumps({"address": MINE, "note": number}).encode()
        end = {"type": "http.request", "body": content[9:]}
        answers[number] = await ask(app, content[:4], content[4:9], end=end)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask_one, number)
    assert answers == {number: (200, str(number).encode()) for number in range(50)}
