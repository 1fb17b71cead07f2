"""``owns_wallet``: the condition checks the value that FastAPI passes to the endpoint."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

import pytest
from fastapi import Body, Depends, FastAPI, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from fastapi_privy import Privy, require
from tests.starlette.test_parameters import FILE, FORBIDDEN, LARGE, MINE, OTHER, QUERY
from tests.support.forms import MULTIPART, multipart
from tests.support.issued import identity_header, issuer_config

OWNER = [Depends(require(owns_wallet="address"))]


@pytest.fixture
def app() -> FastAPI:
    """Return an app without routes."""
    app = FastAPI(strict_content_type=False)
    Privy(app, issuer_config())
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Return a client that is signed in as Ada."""
    return TestClient(app, headers=identity_header())


class Transfer(BaseModel):
    """The body of an endpoint."""

    address: str
    amount: int = 0


class Camel(BaseModel):
    """A body whose names have two spellings, of which the alias takes precedence."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    wallet_address: str


def test_body(app: FastAPI, client: TestClient) -> None:
    """JSON as a model, as single fields, as any value, as a dict, as bytes, and from the request itself."""

    @app.post("/model", dependencies=OWNER)
    async def model(transfer: Transfer) -> str:
        return transfer.address

    @app.post("/parts", dependencies=OWNER)
    async def parts(address: Annotated[str, Body()], amount: Annotated[int, Body()] = 0) -> str:
        return address

    @app.post("/any", dependencies=OWNER)
    async def anything(body: Annotated[Any, Body()]) -> str:
        return str((json.loads(body) if isinstance(body, bytes) else body)["address"])

    @app.post("/dict", dependencies=OWNER)
    async def fields(body: dict[str, Any]) -> str:
        return str(body["address"])

    @app.post("/request", dependencies=OWNER)
    async def request(request: Request) -> str:
        return str(json.loads(b"".join([piece async for piece in request.stream()]))["address"])

    for path in ("/model", "/parts", "/any", "/dict", "/request"):
        assert client.post(path, json={"address": MINE, "amount": 5}).json() == MINE
        assert client.post(path, json={"address": OTHER}).json() == FORBIDDEN
        assert client.post(path, params=QUERY, json={"address": OTHER}).json() == FORBIDDEN
    for content_type in ("application/x-www-form-urlencoded", MULTIPART, "text/plain", "image/png"):
        sent: dict[str, Any] = {"content": json.dumps({"address": OTHER}), "headers": {"content-type": content_type}}
        assert client.post("/any", params=QUERY, **sent).json() == FORBIDDEN


def test_form(app: FastAPI, client: TestClient) -> None:
    """FastAPI parses a form before the dependency runs, and stores large files on disk."""

    @app.post("/form", dependencies=OWNER)
    async def form(address: Annotated[str, Form()]) -> str:
        return address

    @app.put("/file", dependencies=OWNER)
    async def file(address: Annotated[str, Form()], file: Annotated[bytes, File()]) -> str:
        return f"{address} {hashlib.sha256(file).hexdigest()}"

    @app.put("/upload", dependencies=OWNER)
    async def upload(file: UploadFile, address: Annotated[str, Form()]) -> str:
        return f"{address} {hashlib.sha256(await file.read()).hexdigest()}"

    assert client.post("/form", data={"address": MINE}).json() == MINE
    assert client.post("/form", params=QUERY, data={"address": OTHER}).json() == FORBIDDEN
    assert client.post("/form", data={"address": [OTHER, MINE]}).json() == FORBIDDEN
    headers = {"content-type": MULTIPART}
    for path in ("/file", "/upload"):
        for content in (FILE, LARGE):
            body = multipart(("address", MINE), ("file", content))
            found = client.put(path, content=body, headers=headers).json()
            assert found == f"{MINE} {hashlib.sha256(content).hexdigest()}"
            both = multipart(("address", MINE), ("file", content), ("address", OTHER))
            assert client.put(path, content=both, headers=headers).json() == FORBIDDEN


def test_optional_form(app: FastAPI, client: TestClient) -> None:
    """If a form is empty or missing, the path alone is used."""

    @app.post("/{address}", dependencies=OWNER)
    async def form(request: Request, address: str, note: Annotated[str, Form()] = "") -> str:
        return note or (await request.body()).decode()

    assert client.post(f"/{MINE}").json() == ""
    assert client.post(f"/{MINE}", data={"note": "x"}).json() == "x"
    assert client.post(f"/{MINE}", json={"x": 1}).json() == '{"x":1}'
    assert client.post(f"/{MINE}", json={"address": OTHER}).json() == FORBIDDEN


def test_names_of_a_model(app: FastAPI, client: TestClient) -> None:
    """A model accepts either spelling of a name, so the other must not have another value."""

    @app.post("/", dependencies=[Depends(require(owns_wallet="wallet_address"))])
    async def camel(body: Camel) -> str:
        return body.wallet_address

    assert client.post("/", json={"wallet_address": MINE}).json() == MINE
    assert client.post("/", json={"wallet_address": MINE, "walletAddress": OTHER}).json() == FORBIDDEN
    assert client.post("/", params={"wallet_address": MINE}, json={"walletAddress": OTHER}).json() == FORBIDDEN
    assert client.post("/", json={"wallet_address": MINE, "walletAddress": MINE}).json() == MINE


def test_query(app: FastAPI, client: TestClient) -> None:
    """FastAPI uses the last of two values in the query."""

    @app.get("/", dependencies=OWNER)
    async def query(address: Annotated[str, Query()]) -> str:
        return address

    assert client.get("/", params=QUERY).json() == MINE
    assert client.get("/", params={"address": [MINE, OTHER]}).json() == FORBIDDEN


@pytest.mark.parametrize("path_type", ["int", "float", "uuid"])
def test_converted_path(app: FastAPI, client: TestClient, path_type: str) -> None:
    """A converted path parameter is not an address, and not a text that the query could repeat."""

    @app.get(f"/{{address:{path_type}}}", dependencies=OWNER)
    async def converted(address: Any) -> None: ...

    value = {"int": "5", "float": "5.0", "uuid": "5f1a9b1e-0000-4000-8000-000000000000"}[path_type]
    assert client.get(f"/{value}").json() == FORBIDDEN
    assert client.get(f"/{value}", params=QUERY).json() == FORBIDDEN


def test_files_of_a_refused_form_are_closed(app: FastAPI, client: TestClient) -> None:
    """Otherwise they would stay open."""
    forms: list[Any] = []

    async def keep(request: Request) -> None:
        forms.append(request)

    @app.post("/", dependencies=[Depends(keep), *OWNER])
    async def unread() -> None: ...

    body = multipart(("address", OTHER), ("file", LARGE))
    assert client.post("/", content=body, headers={"content-type": MULTIPART}).json() == FORBIDDEN
    assert forms[0]._form["file"].file.closed


class Limited:
    """Reject a body that is too large."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request."""

        async def limited() -> Any:
            message = await receive()
            if len(message.get("body", b"")) > 100:
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)


def test_limit_of_the_app(app: FastAPI, client: TestClient) -> None:
    """A body that is too large for the app cannot be checked."""
    app.add_middleware(Limited)

    @app.post("/owned", dependencies=OWNER)
    async def owned(request: Request) -> int:
        return len(await request.body())

    assert client.post("/owned", params=QUERY, content=b"x" * 100).json() == 100
    assert client.post("/owned", params=QUERY, content=b"x" * 101).json() == FORBIDDEN
