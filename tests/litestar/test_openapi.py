"""The OpenAPI document: security schemes as configured, and the operations that require a user."""

from __future__ import annotations

from typing import Any

from litestar import Controller, delete, get, post
from litestar.app import DEFAULT_OPENAPI_CONFIG
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from litestar_privy import CurrentUser, OptionalUser, Privy, requires_privy_user
from tests.litestar.serving import PrivyRequest, client_of
from tests.support.issued import issuer_config

SCHEMES = ["PrivyIdentityHeader", "PrivyAccessBearer", "PrivyIdentityCookie", "PrivyAccessCookie"]


@get("/me")
async def me(current_user: CurrentUser) -> str:
    """Return the user."""
    return current_user.id


@get("/open")
async def open_page(request: PrivyRequest, optional_user: OptionalUser) -> str:
    """Return the same to every client."""
    return "open"


@get("/bare")
async def bare() -> str:
    """Return the same to every client."""
    return "bare"


def documented(*handlers: Any, **options: Any) -> Any:
    """Return the document of an app."""
    return client_of(*handlers, **options).get("/schema/openapi.json").json()


def test_schemes() -> None:
    """Header, bearer token and cookie have the configured names."""
    schemes = documented(me)["components"]["securitySchemes"]
    assert list(schemes) == SCHEMES
    assert schemes["PrivyAccessBearer"] == {
        "type": "http",
        "description": "The access token, in `authorization`.",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    assert (schemes["PrivyIdentityCookie"]["in"], schemes["PrivyIdentityCookie"]["name"]) == (
        "cookie",
        "privy-id-token",
    )
    own = Privy(issuer_config(sources=("header",), tokens=("identity",), identity_header="x-id"))
    schemes = documented(me, plugins=[own])["components"]["securitySchemes"]
    assert {name: scheme["name"] for name, scheme in schemes.items()} == {"PrivyIdentityHeader": "x-id"}


def test_operations() -> None:
    """Operations with a guard or a user parameter list every scheme as an alternative, others none."""

    @post("/guarded", guards=[requires_privy_user(wallet="ethereum")])
    async def guarded() -> None:
        """Return nothing."""

    class Pages(Controller):
        path = "/pages"
        guards = [requires_privy_user()]  # noqa: RUF012
        security = [{"Own": []}]  # noqa: RUF012

        @delete()
        async def page(self) -> None:
            """Return nothing."""

    @get(["/two", "/three"], security=[{"PrivyAccessBearer": []}])
    async def twice(current_user: CurrentUser) -> None:
        """Return nothing."""

    paths = documented(me, open_page, guarded, Pages, twice)["paths"]
    alternatives: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
    assert paths["/me"]["get"]["security"] == paths["/guarded"]["post"]["security"] == alternatives
    assert paths["/pages"]["delete"]["security"] == [{"Own": []}, *alternatives]
    assert "security" not in paths["/open"]["get"]
    for path in ("/two", "/three"):
        assert {name for each in paths[path]["get"]["security"] for name in each} == {*SCHEMES}


def test_other_apps_are_left_alone() -> None:
    """Litestar's default configuration is one object for all apps, so it must not be changed."""
    own = OpenAPIConfig("Title", "1", components=[Components(security_schemes={"Own": SecurityScheme("http")})])
    assert list(documented(me, openapi_config=own)["components"]["securitySchemes"]) == ["Own", *SCHEMES]
    assert len(own.components if isinstance(own.components, list) else []) == 1
    documented(me)
    assert "securitySchemes" not in documented(bare, plugins=[])["components"]
    assert DEFAULT_OPENAPI_CONFIG.components == Components()


def test_without_a_document() -> None:
    """An app without a document is protected as well."""
    client = client_of(me, openapi_config=None)
    assert client.get("/schema/openapi.json").status_code == 404
    assert client.get("/me").status_code == 401
