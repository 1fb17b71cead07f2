"""The OpenAPI document: security schemes according to the settings, and the error responses."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security
from fastapi.openapi.models import OpenAPI
from fastapi.security import APIKeyHeader
from fastapi.testclient import TestClient

from fastapi_privy import AccessClaims, CurrentUser, OptionalUser, Privy, current_user, optional, require
from privy_middleware import PrivyUser, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyVerifier
from privy_middleware.verifiers.combined import CombinedVerifier
from tests.support.issued import INVALID_HEADER, ISSUER, access_header, identity_header, issuer_config

IDENTITY_FIRST = ["PrivyIdentityHeader", "PrivyAccessBearer", "PrivyIdentityCookie", "PrivyAccessCookie"]
REFUSALS = {"401", "403", "503"}


async def me(user: CurrentUser) -> PrivyUser:
    """Return the user."""
    return user


def documented(app: FastAPI, **settings: Any) -> dict[str, Any]:
    """Install the plugin and return the document, after a check that it is valid."""
    Privy(app, issuer_config(**settings))
    schema = TestClient(app).get("/openapi.json").json()
    OpenAPI(**schema)
    return dict(schema)


def names(operation: dict[str, Any]) -> list[str]:
    """Return the names of an operation's alternative security schemes; ``-`` means none."""
    return [next(iter(alternative), "-") for alternative in operation["security"]]


def app_of(path: str = "/me", endpoint: Any = me, **options: Any) -> FastAPI:
    """Return an app with one route."""
    app = FastAPI()
    app.get(path, **options)(endpoint)
    return app


def test_schemes() -> None:
    """Header, bearer token and cookie have the names that are configured."""
    schemes = documented(app_of())["components"]["securitySchemes"]
    assert list(schemes) == IDENTITY_FIRST
    for name, place, field in (
        ("PrivyIdentityHeader", "header", "privy-id-token"),
        ("PrivyIdentityCookie", "cookie", "privy-id-token"),
        ("PrivyAccessCookie", "cookie", "privy-token"),
    ):
        assert (schemes[name]["in"], schemes[name]["name"]) == (place, field)
    assert (schemes["PrivyAccessBearer"]["type"], schemes["PrivyAccessBearer"]["scheme"]) == ("http", "bearer")


def test_schemes_follow_the_settings() -> None:
    """Names, order and kinds are those of the settings."""
    own = {"identity_header": "x-id", "access_header": "x-access", "identity_cookie": "id", "access_cookie": "access"}
    schemes = documented(app_of(), **own)["components"]["securitySchemes"]
    assert [scheme["name"] for scheme in schemes.values()] == ["x-id", "x-access", "id", "access"]
    assert {scheme["type"] for scheme in schemes.values()} == {"apiKey"}
    cookies = documented(app_of(), sources=("cookie", "header"), tokens=("identity",))
    assert list(cookies["components"]["securitySchemes"]) == ["PrivyIdentityCookie", "PrivyIdentityHeader"]
    headers = documented(app_of(), sources=("header",))
    assert list(headers["components"]["securitySchemes"]) == ["PrivyIdentityHeader", "PrivyAccessBearer"]


def test_schemes_of_other_tokens() -> None:
    """Tokens of custom authentication keys in addition to Privy's are bearer tokens, and never in cookies."""
    own = CustomKeyConfig(public_key=ISSUER.public_key_pem, algorithms=("ES256",), issuer="own", audience="app")
    both = CombinedVerifier(PrivyVerifier(issuer_config(tokens=("identity",))), CustomKeyVerifier(own))
    app = app_of()
    Privy(app, both)
    schemes = app.openapi()["components"]["securitySchemes"]
    assert list(schemes) == ["PrivyIdentityHeader", "PrivyCustomBearer", "PrivyIdentityCookie"]


def test_schemes_do_what_they_say() -> None:
    """A request that uses a scheme as documented is accepted."""
    app = app_of()
    schemes = documented(app)["components"]["securitySchemes"]
    client = TestClient(app)
    token, session = identity_header()["privy-id-token"], access_header()["Authorization"].removeprefix("Bearer ")
    for name, scheme in schemes.items():
        value = token if "Identity" in name else session
        if scheme["type"] == "http":
            headers = {"Authorization": f"{scheme['scheme']} {value}"}
        else:
            headers = {"Cookie": f"{scheme['name']}={value}"} if scheme["in"] == "cookie" else {scheme["name"]: value}
        assert client.get("/me", headers=headers).status_code == 200
    assert "swagger-ui" in client.get("/docs").text


def test_operations() -> None:
    """Each operation lists what it accepts: any token, an access token, an optional token, or nothing."""

    async def session(claims: AccessClaims) -> str:
        return claims.session_id

    async def maybe(user: OptionalUser) -> None:
        return None

    async def lenient(user: Annotated[PrivyUser | None, Depends(optional(on_invalid="anonymous"))]) -> None:
        return None

    async def admin(user: Annotated[PrivyUser, Depends(require(metadata={"role": "admin"}))]) -> None:
        return None

    async def both(user: CurrentUser, claims: AccessClaims) -> None:
        return None

    app = app_of()
    for endpoint in (session, maybe, lenient, admin, both):
        app.get(f"/{endpoint.__name__}")(endpoint)
    app.get("/open")(lambda: None)
    paths = documented(app)["paths"]
    assert names(paths["/me"]["get"]) == names(paths["/admin"]["get"]) == IDENTITY_FIRST
    assert names(paths["/maybe"]["get"]) == names(paths["/lenient"]["get"]) == [*IDENTITY_FIRST, "-"]
    assert names(paths["/session"]["get"]) == names(paths["/both"]["get"]) == ["PrivyAccessBearer", "PrivyAccessCookie"]
    assert "security" not in paths["/open"]["get"]
    assert REFUSALS.isdisjoint(paths["/open"]["get"]["responses"])


def test_refusals() -> None:
    """Status, model, headers and examples are the same as in the real responses."""
    app = app_of()
    schema = documented(app)
    responses = schema["paths"]["/me"]["get"]["responses"]
    assert set(responses) == REFUSALS | {"200"}
    client = TestClient(app)
    for headers in ({}, INVALID_HEADER):
        answer = client.get("/me", headers=headers)
        described = responses[str(answer.status_code)]
        assert answer.json() in [
            each["value"] for each in described["content"]["application/json"]["examples"].values()
        ]
        assert set(described["headers"]) <= {name.title().replace("Www", "WWW") for name in answer.headers}
    assert list(responses["503"]["headers"]) == ["Retry-After"]
    assert "headers" not in responses["403"]
    for status in REFUSALS:
        reference = responses[status]["content"]["application/json"]["schema"]["$ref"]
        model = schema["components"]["schemas"][reference.removeprefix("#/components/schemas/")]
        assert model["required"] == ["message"]


@pytest.mark.parametrize(
    ("form", "media_type", "types"),
    [
        ("detail", "application/json", {"detail": "string"}),
        (
            "problem",
            "application/problem+json",
            {"type": "string", "title": "string", "status": "integer", "detail": "string"},
        ),
    ],
)
def test_other_bodies(form: str, media_type: str, types: dict[str, str]) -> None:
    """The model, the type and the examples follow the setting ``error_body``."""
    app = app_of()
    schema = documented(app, error_body=form)
    model = schema["components"]["schemas"]["PrivyRefusal"]
    assert {name: each["type"] for name, each in model["properties"].items()} == types
    assert model["required"] == [*types]
    responses = schema["paths"]["/me"]["get"]["responses"]
    assert {(*responses[status]["content"],) for status in REFUSALS} == {(media_type,)}
    answer = TestClient(app).get("/me", headers=INVALID_HEADER)
    assert answer.headers["content-type"] == media_type
    assert answer.json() == responses["401"]["content"][media_type]["examples"]["invalid_token"]["value"]


def test_user_is_documented() -> None:
    """The response model describes the real response."""
    schema = documented(app_of())
    reference = schema["paths"]["/me"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    user = schema["components"]["schemas"][reference.removeprefix("#/components/schemas/")]
    assert {"id", "created_at", "is_guest", "linked_accounts", "custom_metadata"} == set(user["properties"])


def test_own_descriptions_are_kept() -> None:
    """The operation's own responses and other security schemes are kept."""
    own = {401: {"description": "Our own words"}}
    key = APIKeyHeader(name="x-key", scheme_name="Key", auto_error=False)
    operation = documented(app_of(responses=own, dependencies=[Depends(key)]))["paths"]["/me"]["get"]
    assert operation["responses"]["401"]["description"] == "Our own words"
    assert sorted(names(operation)) == sorted([*IDENTITY_FIRST, "Key"])


def test_scopes_are_kept() -> None:
    """``Security(…, scopes=…)`` is in every alternative."""

    async def scoped(user: Annotated[PrivyUser, Security(current_user, scopes=["read", "write"])]) -> None:
        return None

    security = documented(app_of("/scoped", scoped))["paths"]["/scoped"]["get"]["security"]
    assert security == [{name: ["read", "write"]} for name in IDENTITY_FIRST]


def test_protected_paths() -> None:
    """Protected paths are documented as such, independently of the route."""

    async def maybe(user: OptionalUser) -> None:
        return None

    async def session(claims: AccessClaims) -> None:
        return None

    app = app_of("/api/plain", lambda: None)
    app.get("/api/maybe")(maybe)
    app.get("/api/session")(session)
    app.get("/other")(lambda: None)
    Privy(app, issuer_config(), protect=["/api"])
    paths = app.openapi()["paths"]
    assert names(paths["/api/plain"]["get"]) == names(paths["/api/maybe"]["get"]) == IDENTITY_FIRST
    assert names(paths["/api/session"]["get"]) == ["PrivyAccessBearer", "PrivyAccessCookie"]
    assert "security" not in paths["/other"]["get"]
    assert set(paths["/api/plain"]["get"]["responses"]) == REFUSALS | {"200"}
    assert app.openapi() == app.openapi()


def test_document_without_security() -> None:
    """Nothing is added if no operation needs a user."""
    assert "components" not in documented(app_of("/open", lambda: None))


def test_document_of_the_apps_own() -> None:
    """A document that the app creates itself is described too, with or without operations."""
    app = FastAPI()
    vars(app)["openapi"] = lambda: {
        "openapi": "3.1.0",
        "info": {"title": "Own", "version": "1"},
        "paths": {"/own": {"summary": "Own", "get": {"security": [{"Privy": []}]}}},
    }
    schema = documented(app)
    assert names(schema["paths"]["/own"]["get"]) == IDENTITY_FIRST
    assert set(schema["paths"]["/own"]["get"]["responses"]) == REFUSALS


def test_routes_added_later() -> None:
    """The document contains routes that are added later."""
    app = app_of()
    Privy(app, issuer_config())
    app.get("/later")(me)
    assert names(app.openapi()["paths"]["/later"]["get"]) == IDENTITY_FIRST


@pytest.mark.parametrize("own", [True, False])
def test_mounted_apps(own: bool) -> None:
    """The documents of mounted apps show the settings of their plugin."""
    app, sub = FastAPI(), app_of()
    app.mount("/sub", sub)
    if own:
        Privy(sub, issuer_config(identity_header="x-inner"))
    Privy(app, issuer_config(), protect=["/me"])
    schema = TestClient(app).get("/sub/openapi.json").json()
    assert names(schema["paths"]["/me"]["get"]) == IDENTITY_FIRST
    expected = "x-inner" if own else "privy-id-token"
    assert schema["components"]["securitySchemes"]["PrivyIdentityHeader"]["name"] == expected


def test_without_the_plugin() -> None:
    """A document without settings still says that a token is needed."""
    schema = app_of().openapi()
    assert names(schema["paths"]["/me"]["get"]) == ["Privy"]
    assert schema["components"]["securitySchemes"]["Privy"]["type"] == "http"
