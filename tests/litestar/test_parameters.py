"""``owns_wallet`` and the body: the handler can read it as usual, and never reads another address."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from litestar import Request, get, post
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.middleware.csrf import generate_csrf_token
from litestar.params import Body, FromPath, FromQuery
from litestar.types import ASGIApp, Receive, Scope, Send

from litestar_privy import requires_privy_user
from privy_middleware.conditions import has_wallet, owns_wallet
from tests.litestar.serving import client_of
from tests.parameters.test_agreement import BODIES, MINE, OTHER, mine
from tests.support.forms import MULTIPART, multipart
from tests.support.issued import identity_header

OWNER: Any = [requires_privy_user(owns_wallet="address")]
FORM = "application/x-www-form-urlencoded"
Anything = Request[Any, Any, Any]


def answer(client: Any, path: str, body: bytes, content_type: str = "application/json") -> Any:
    """Send a body as the user, and return the answer."""
    return client.post(path, headers={**identity_header(), "content-type": content_type}, content=body)


@post("/body")
async def read_body(request: Anything) -> str:
    """Read bytes."""
    return (await request.body()).decode()


@post("/stream")
async def read_stream(request: Anything) -> str:
    """Read in pieces."""
    return b"".join([piece async for piece in request.stream()]).decode()


@post("/json")
async def read_json(request: Anything) -> Any:
    """Read JSON."""
    return await request.json()


@post("/data")
async def read_data(data: Annotated[dict[str, Any], Body()]) -> Any:
    """Read parsed JSON."""
    return data


@post("/form")
async def read_form(request: Anything) -> Any:
    """Read a form."""
    return (await request.form()).dict()


@post("/form-data")
async def read_form_data(
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Any:
    """Read a parsed form."""
    return data


@post("/files")
async def read_files(
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, Any]:
    """Read a parsed form with a file."""
    file = data["file"]
    assert isinstance(file, UploadFile)
    return {"address": data["address"], "file": (await file.read()).decode()}


@pytest.mark.parametrize(
    ("path", "content_type", "body", "read"),
    [
        ("/body", "application/json", '{"address": "MINE"}', '{"address": "MINE"}'),
        ("/stream", "application/json", '{"address": "MINE"}', '{"address": "MINE"}'),
        ("/json", "application/json", '{"address": "MINE", "amount": 5}', {"address": "MINE", "amount": 5}),
        ("/data", "application/json", '{"address": "MINE", "amount": 5}', {"address": "MINE", "amount": 5}),
        ("/form", FORM, "address=MINE&x=%20", {"address": ["MINE"], "x": [" "]}),
        ("/form-data", FORM, "address=MINE&x=%20", {"address": "MINE", "x": " "}),
        ("/files", MULTIPART, multipart(("address", "MINE"), ("file", b"text")), {"address": "MINE", "file": "text"}),
        ("/form", MULTIPART, multipart(("address", "MINE"), ("x", "y")), {"address": ["MINE"], "x": ["y"]}),
    ],
)
def test_handler_reads_the_body(path: str, content_type: str, body: str | bytes, read: Any) -> None:
    """Handlers can read the body in every way that Litestar has."""
    handlers = [read_body, read_stream, read_json, read_data, read_form, read_form_data, read_files]
    client = client_of(*handlers, guards=OWNER)
    text = body.decode() if isinstance(body, bytes) else body
    got = answer(client, path, mine(text).encode(), content_type)
    assert got.status_code == 201
    expected = msgspec.json.decode(mine(msgspec.json.encode(read).decode()))
    assert (got.text if isinstance(read, str) else got.json()) == expected
    assert answer(client, path, text.replace("MINE", OTHER).encode(), content_type).status_code == 403


def test_handler_reads_a_body_that_no_condition_can() -> None:
    """A condition without parameters is met, although the body is too large to be read."""
    guard = requires_privy_user(has_wallet("ethereum") | owns_wallet("address"))
    either = requires_privy_user(owns_wallet("address") | has_wallet("ethereum"))
    body = b"x" * 3_000_000
    for each in (guard, either):
        client = client_of(read_body, read_stream, guards=[each])
        for path in ("/body", "/stream"):
            assert answer(client, path, body, "text/plain").content == body


def test_path_and_query() -> None:
    """An address in the body counts if no other part of the request has a different one."""

    @get(["/path/{address:str}"], guards=OWNER)
    async def of_path(address: FromPath[str]) -> str:
        return address

    @get("/query", guards=OWNER)
    async def of_query(address: FromQuery[str]) -> str:
        return address

    client = client_of(of_path, of_query)
    for path, status in (
        (f"/path/{MINE}", 200),
        (f"/path/{OTHER}", 403),
        (f"/path/{MINE}?address={OTHER}", 403),
        (f"/query?address={MINE}", 200),
        (f"/query?address={OTHER}", 403),
        (f"/query?address={MINE}&address={OTHER}", 403),
        ("/query", 403),
    ):
        assert client.get(path, headers=identity_header()).status_code == status
    assert client.get(f"/query?address={MINE}").status_code == 401


DECLARED: dict[str, Any] = {
    "json": Body(media_type=RequestEncodingType.JSON),
    "msgpack": Body(media_type=RequestEncodingType.MESSAGEPACK),
    "form": Body(media_type=RequestEncodingType.URL_ENCODED),
    "multipart": Body(media_type=RequestEncodingType.MULTI_PART),
}
PACKED = msgspec.msgpack.encode({"address": OTHER})
PACKED_TWICE = b"\x82" + PACKED[1:] + msgspec.msgpack.encode({"address": MINE})[1:]
EMPTY_BOUNDARY = f'--\r\nContent-Disposition: form-data; name="address"\r\n\r\n{OTHER}\r\n----\r\n'.encode()
ATTACKS = [
    *(each[1:] for each in BODIES),
    *((kind, PACKED) for kind in ("", "text/plain", "application/json", "application/x-msgpack", FORM, MULTIPART)),
    ("text/plain", PACKED_TWICE),
    ("text/plain", EMPTY_BOUNDARY),
    ("", EMPTY_BOUNDARY),
    ("text/plain; boundary=", EMPTY_BOUNDARY),
    ('text/plain; boundary=""', EMPTY_BOUNDARY),
]


@pytest.mark.parametrize("encoding", DECLARED)
def test_another_address_in_a_declared_body(encoding: str) -> None:
    """Whatever the content type is, no handler reads a different address than the user's in the query."""
    entered: list[Any] = []

    async def handler(data: Any) -> None:
        entered.append((data or {}).get("address", MINE))

    handler.__annotations__["data"] = Annotated[dict[str, Any] | None, DECLARED[encoding]]
    client = client_of(post("/owned", guards=OWNER, status_code=200)(handler))
    for content_type, body in ATTACKS:
        raw = body if isinstance(body, bytes) else mine(body).encode()
        headers = {**identity_header(), **({"content-type": content_type} if content_type else {})}
        got = client.post(f"/owned?address={MINE}", headers=headers, content=raw)
        assert (got.status_code, entered) == (403, []) or set(entered) <= {MINE}, (content_type, raw[:200])


def test_message_pack() -> None:
    """Its members count like those of JSON, unless the content type is one that no other parser reads."""

    @post("/packed")
    async def packed(data: Annotated[dict[str, Any], DECLARED["msgpack"]]) -> Any:
        return data

    client = client_of(packed, guards=OWNER)
    own = msgspec.msgpack.encode({"address": MINE})
    assert answer(client, "/packed", own, "application/octet-stream").json() == {"address": MINE}
    assert answer(client, "/packed", PACKED, "application/octet-stream").status_code == 403
    assert answer(client, "/packed", msgspec.msgpack.encode([MINE]), "application/octet-stream").status_code == 403


@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
def test_form_that_middleware_has_read(content_type: str) -> None:
    """Litestar's CSRF middleware reads the form before any guard runs."""
    token = generate_csrf_token("secret")

    def form(address: str) -> bytes:
        if content_type == FORM:
            return f"address={address}&_csrf_token={token}".encode()
        return multipart(("address", address), ("_csrf_token", token))

    client = client_of(read_form, guards=OWNER, csrf_config=CSRFConfig(secret="secret"))
    client.cookies = {"csrftoken": token}
    got = answer(client, "/form", form(MINE), content_type)
    assert (got.status_code, got.json()["address"]) == (201, [MINE])
    assert answer(client, "/form", form(OTHER), content_type).status_code == 403
    assert answer(client, f"/form?address={MINE}", form(OTHER), content_type).status_code == 403


def test_body_that_middleware_has_read() -> None:
    """A body that was read before can be read again."""

    def reading(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await Request[Any, Any, Any](scope, receive, send).body()
            await app(scope, receive, send)

        return serve

    client = client_of(read_json, guards=OWNER, middleware=[reading])
    assert answer(client, "/json", mine('{"address": "MINE"}').encode()).json() == {"address": MINE}
    assert answer(client, "/json", mine('{"address": "OTHER"}').encode()).status_code == 403


def test_no_body_is_read_for_nobody() -> None:
    """Without a user the response comes at once, and the body is not read."""
    received: list[str] = []

    def watching(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            async def watched() -> Any:
                received.append("body")
                return await receive()

            await app(scope, watched, send)

        return serve

    client = client_of(read_json, guards=OWNER, middleware=[watching])
    assert client.post("/json", json={"address": MINE}).status_code == 401
    assert received == []
    assert client.post("/json", json={"address": MINE}, headers=identity_header()).status_code == 201
    assert received == ["body"]
