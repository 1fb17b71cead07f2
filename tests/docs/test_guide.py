"""The examples of the documentation do what the text says."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
import types
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import path as django_path
from fastapi.testclient import TestClient
from flask import Flask
from starlette.testclient import WebSocketDenialResponse

from django_privy.channels import PrivyMiddlewareStack
from django_privy.checks import check_privy
from privy_middleware import InvalidToken, PrivyAuth, PrivyConfig, PrivyMiddleware, PrivyUser, PrivyVerifier, errors
from privy_middleware.development import PERSONAS, DevelopmentIssuer
from privy_middleware.keys import JWKSSource
from tests.docs.driving import request
from tests.docs.pages import APP_ID, ROOT, Section, blocks, own_logging, run
from tests.support.patience import PATIENCE

pytest_plugins = ["pytester"]

PAGE = ROOT / "docs" / "testing.md"
ADA = "did:privy:dev-ada"
STRANGER = {"hello": "stranger"}
ME = {"user_id": ADA}
BAD = {"privy-id-token": "garbage"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer that replaces Privy, and set its address in the environment."""
    with DevelopmentIssuer() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVY_APP_ID", running.app_id)
        patch.setenv("PRIVY_JWKS_URL", running.jwks_url)
        patch.setenv("PRIVY_APP_SECRET", running.app_secret)
        yield running


@pytest.fixture(scope="module")
def guide(issuer: DevelopmentIssuer) -> dict[str, dict[str, Section]]:
    """Run the pages of the documentation."""
    names = ["asgi_wsgi", "conditions", "configuration", "django", "errors", "fastapi", "flask", "keys", "sessions"]
    names += ["litestar", "starlette", "testing", "users_table"]
    return {name: run(ROOT / "docs" / f"{name}.md", issuer.jwks_url) for name in names}


def identity(issuer: DevelopmentIssuer, persona: str = "ada", **claims: Any) -> dict[str, str]:
    """Return the headers of a request with an identity token."""
    return {"privy-id-token": issuer.identity_token(persona, **claims)}


def access(issuer: DevelopmentIssuer) -> dict[str, str]:
    """Return the headers of a request with an access token."""
    return {"authorization": f"Bearer {issuer.access_token('ada')}"}


def user_of(issuer: DevelopmentIssuer, persona: str) -> PrivyUser:
    """Return the user of a persona's identity token."""
    return PrivyVerifier(issuer.config()).verify_identity_token(issuer.identity_token(persona))


def ask(section: Section, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Return the status of a response, and its JSON."""
    status, body = request(section, path, headers)
    return status, json.loads(body)


@contextmanager
def project(issuer: DevelopmentIssuer, *urls: Any, **settings: Any) -> Iterator[None]:
    """Use a Django project with these URLs, for the sections without their own settings."""
    module: Any = types.ModuleType("urls")
    module.urlpatterns = list(urls)
    privy = {"APP_ID": issuer.app_id, "JWKS_URL": issuer.jwks_url}
    with override_settings(ROOT_URLCONF=module, PRIVY=privy, **settings):
        yield


Guide = dict[str, dict[str, Section]]


# The pages of the frameworks.


@pytest.mark.parametrize(
    ("page", "name"),
    [("flask", "Flask"), ("fastapi", "FastAPI"), ("litestar", "Litestar"), ("starlette", "Starlette")],
)
def test_first_example(page: str, name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A user is required or optional, and an access token can be required."""
    section = guide[page][name]
    # The body depends on the handler that a later section of the page adds.
    assert ask(section, "/me", {})[0] == 401
    assert ask(section, "/me", identity(issuer))[1]["id"] == ADA
    assert ask(section, "/hello", {}) == (200, STRANGER)
    assert ask(section, "/hello", identity(issuer)) == (200, {"hello": ADA})
    assert ask(section, "/hello", BAD)[0] == 401
    if page != "starlette":
        assert ask(section, "/session", identity(issuer))[0] == 401
        assert ask(section, "/session", access(issuer))[1]["session_id"] == "dev-session-ada"


@pytest.mark.parametrize(("page", "name"), [("flask", "Users in JSON"), ("litestar", "The user")])
def test_users_in_json(page: str, name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A response contains the user as ``to_dict`` returns it."""
    expected = {"user": user_of(issuer, "ada").to_dict(), "admin": False}
    assert ask(guide[page][name], "/profile", identity(issuer)) == (200, expected)


@pytest.mark.django_db
def test_users_in_json_of_django(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The encoder does the same."""
    section = guide["django"]["Users in JSON"]
    with project(issuer, django_path("profile", section.names["profile"])):
        body = Client().get("/profile", headers=identity(issuer)).json()
    assert body == {"user": user_of(issuer, "ada").to_dict()}


def test_flask_factory(guide: Guide) -> None:
    """An app from the factory is set up."""
    app: Flask = guide["flask"]["Application factories"].names["create_app"]()
    assert app.extensions["privy"].settings.app_ids == (APP_ID,)


def test_flask_blueprint(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A protected blueprint requires a user, except for its exempt view."""
    section = guide["flask"]["Blueprints and whole apps"]
    assert ask(section, "/api/me", {})[0] == 401
    assert ask(section, "/api/me", identity(issuer)) == (200, ME)
    assert ask(section, "/api/health", {}) == (200, {"ok": True})


def test_flask_answers_and_signals(guide: Guide, issuer: DevelopmentIssuer, capsys: pytest.CaptureFixture[str]) -> None:
    """The app's own handler creates the response, with our headers, and the signals are sent."""
    section = guide["flask"]["Custom error responses"]
    answer = section.names["app"].test_client().get("/api/me")
    assert (answer.status_code, answer.json) == (401, {"error": "sign in first"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert ask(section, "/api/me", identity(issuer)) == (200, ME)
    lines = capsys.readouterr().out.splitlines()
    assert {"rejected: missing_token", f"authenticated: {ADA}"} <= set(lines)


def test_fastapi_conditions(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """If a condition is not met, the status is 403, and a router requires a user."""
    section = guide["fastapi"]["Conditions, routers, paths"]
    assert ask(section, "/admin", identity(issuer)) == (200, ME)
    assert ask(section, "/admin", identity(issuer, "grace")) == (403, {"message": "Forbidden"})
    assert ask(section, "/api/items", identity(issuer)) == (200, [])
    assert guide["fastapi"]["FastAPI"].names["app"] is section.names["app"]


@pytest.mark.parametrize(
    ("page", "name"), [("fastapi", "FastAPI"), ("litestar", "Litestar"), ("starlette", "Starlette")]
)
def test_sockets(page: str, name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A socket has its user, and is refused without one."""
    client = TestClient(guide[page][name].names["app"])
    with client.websocket_connect("/ws", headers=identity(issuer)) as socket:
        assert socket.receive_json() == ME
        socket.send_text("ping")
        assert socket.receive_text() == "ping"
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/ws"):
        pass
    assert denied.value.status_code == 401


def test_fastapi_document(guide: Guide) -> None:
    """The OpenAPI document contains the security schemes and the error responses."""
    document = TestClient(guide["fastapi"]["FastAPI"].names["app"]).get("/openapi.json").json()
    me, hello = document["paths"]["/me"]["get"], document["paths"]["/hello"]["get"]
    assert {"401", "403", "503"} <= set(me["responses"])
    assert {} in hello["security"]
    assert {} not in me["security"]
    assert "PrivyUser" in document["components"]["schemas"]


@pytest.mark.parametrize(("page", "status"), [("fastapi", 401), ("litestar", 401), ("starlette", 401)])
def test_custom_error_responses(page: str, status: int, guide: Guide) -> None:
    """The app's own handler creates the response for decorators, dependencies and protected paths."""
    client = TestClient(guide[page]["Custom error responses"].names["app"])
    answer = client.get("/me")
    assert (answer.status_code, answer.json()) == (status, {"detail": "sign in first"})
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("page", ["fastapi", "litestar", "starlette", "flask"])
def test_page_for_people(page: str, guide: Guide) -> None:
    """A person gets the app's own page, with the status of the error, and an API call gets JSON."""
    section = guide[page]["A page for people"]
    status, body = request(section, "/me", {"accept": "text/html,*/*;q=0.8"})
    assert (status, body.startswith(b"<!doctype html><title>")) == (401, True)
    status, body = request(section, "/me", {"accept": "application/json"})
    assert (status, body.startswith(b"{")) == (401, True)


def test_django_sign_in(guide: Guide) -> None:
    """The snippets route the views, for the admin too, and the settings pass the check."""
    section = guide["django"]["Signing in and out"]
    for path, wanted in (("/accounts/sign-in/", "/x"), ("/admin/login/", "/admin/"), ("/admin/", "/admin/")):
        urls: Any = types.ModuleType("urls")
        urls.urlpatterns = section.names["urlpatterns"]
        more: Any = {"ROOT_URLCONF": urls, "INSTALLED_APPS": settings.INSTALLED_APPS}
        with section.configured(**more):
            assert check_privy() == []
            answer = Client().get(path, {"next": wanted}, follow=False)
            if path == "/admin/":
                answer = Client().get(answer["Location"])
            assert answer["Location"].startswith(f"/login?redirect_uri={wanted.replace('/', '%2F')}")


def test_litestar(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Guards work on every layer, paths are protected, and the document is as the page says."""
    page = guide["litestar"]
    section = page["Litestar"]
    status, body = ask(section, "/admin", identity(issuer))
    assert (status, body["user_id"]) == (200, ADA)
    assert ask(section, "/admin", identity(issuer, "grace")) == (403, {"message": "Forbidden"})
    wallets, ada = page["Guards"], user_of(issuer, "ada")
    assert ask(wallets, "/api/wallets", identity(issuer)) == (200, [wallet.address for wallet in ada.wallets])
    assert ask(wallets, "/api/wallets", identity(issuer, "grace"))[0] == 403
    client = TestClient(wallets.names["app"], headers=identity(issuer))
    for address, body in (
        (ada.wallets[0].address, {"to": "x"}),
        ("0x1", {}),
        (ada.wallets[0].address, {"address": "0x1"}),
    ):
        answer = client.post(f"/api/wallets/{address}/transfers", json=body)
        assert answer.status_code == (201 if body == {"to": "x"} else 403)
    paths = page["Protected paths"]
    assert [ask(paths, path, {})[0] for path in ("/api/wallets", "/api/x", "/api/health", "/x")] == [401, 401, 404, 404]
    document = TestClient(page["OpenAPI"].names["app"]).get("/schema/openapi.json").json()
    assert len(document["components"]["securitySchemes"]) == 4
    assert len(document["paths"]["/items"]["get"]["security"]) == 2


def test_starlette_paths_and_backend(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The wrapper protects a path, and Starlette's own authentication has the user."""
    items = guide["starlette"]["Protecting paths only"]
    assert ask(items, "/api/items", {})[0] == 401
    assert ask(items, "/api/items", identity(issuer)) == (200, {"owner": ADA})
    client = TestClient(guide["starlette"]["Starlette's own authentication"].names["app"])
    known = client.get("/dashboard", headers=identity(issuer))
    assert known.json() == {"user_id": ADA, "name": "ada@example.com"}
    for headers in ({}, BAD, identity(issuer, "grace")):
        assert client.get("/dashboard", headers=headers).status_code == 403


def test_starlette_admin(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A condition applies in Starlette too."""
    assert ask(guide["starlette"]["Starlette"], "/admin", identity(issuer))[0] == 200
    assert ask(guide["starlette"]["Starlette"], "/admin", identity(issuer, "grace"))[0] == 403


# Django.


def test_django(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The views, sync and async, and the protected paths do what the page says."""
    section = guide["django"]["Setup"]
    assert ask(section, "/me", {}) == (401, {"message": "Unauthorized"})
    assert ask(section, "/me", identity(issuer))[1]["id"] == ADA
    assert ask(section, "/hello", {}) == (200, STRANGER)
    assert ask(section, "/hello", BAD)[0] == 401
    assert ask(section, "/session", access(issuer))[1]["session_id"] == "dev-session-ada"
    assert ask(section, "/api/health", {}) == (200, {"ok": True})
    assert ask(section, "/api/nothing", {})[0] == 401


def test_django_view_class(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The condition of the mixin applies."""
    section = Section(guide["django"]["View classes"].names, guide["django"]["Setup"].settings)
    assert ask(section, "/wallet", identity(issuer))[1]["address"].startswith("0x")
    assert ask(section, "/wallet", identity(issuer, "grace"))[0] == 403


def test_django_page_cache(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A page that declares what it depends on is cached for each user."""
    section = Section(guide["django"]["Caching"].names, guide["django"]["Setup"].settings)
    for _ in range(2):
        assert ask(section, "/front", {}) == (200, STRANGER)
        assert ask(section, "/front", identity(issuer)) == (200, {"hello": ADA})
    cache.clear()


@pytest.mark.django_db
def test_django_users(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A view that uses the Django user gets one, and a project's backend sets its fields."""
    page = guide["django"]["Django users"]
    section = Section({**page.names, "urlpatterns": [django_path("me", page.names["me"])]}, page.settings)
    status, body = ask(section, "/me", identity(issuer))
    assert (status, body["user_id"]) == (200, ADA)
    with section.configured():
        backend = section.names["Backend"]()
        users = [replace(user_of(issuer, name), id=f"did:privy:new-{name}") for name in ("ada", "hedy")]
        made = [backend.authenticate(None, privy_user=user).email for user in users]
    assert made == ["ada@example.com", ""]


@pytest.mark.django_db
def test_rest_framework_and_ninja(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Both have the user, and conditions apply."""
    view, api = guide["django"]["REST framework"].names["me"], guide["django"]["django-ninja"].names["api"]
    # The test project has an API with the same name.
    api.urls_namespace = "guide"
    with project(issuer, django_path("drf", view), django_path("ninja/", api.urls)):
        client = Client()
        assert client.get("/drf", headers=identity(issuer)).json() == {"user_id": ADA, "by": "header"}
        assert client.get("/drf", headers=identity(issuer, "grace")).status_code == 403
        assert client.get("/drf").status_code == 401
        assert client.get("/ninja/me", headers=identity(issuer)).json() == ME
        assert client.get("/ninja/wallet", headers=identity(issuer, "grace")).status_code == 403


def test_channels(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A consumer has its user, and a WebSocket without a user is rejected."""

    async def sockets() -> None:
        app: Any = PrivyMiddlewareStack(guide["django"]["Channels"].names["sockets"])
        headers = [(name.encode(), value.encode()) for name, value in identity(issuer).items()]
        communicator = WebsocketCommunicator(app, "/ws", headers=headers)
        assert (await communicator.connect(PATIENCE))[0]
        assert await communicator.receive_json_from(PATIENCE) == ME
        await communicator.disconnect(timeout=PATIENCE)
        assert await WebsocketCommunicator(app, "/ws").connect(PATIENCE) == (False, 1008)

    with project(issuer, INSTALLED_APPS=["django_privy"]):
        asyncio.run(sockets())


def test_checks() -> None:
    """The page lists exactly the checks that exist."""
    listed = set(re.findall(r"[EW]0\d\d", (ROOT / "docs" / "django.md").read_text()))
    source = (ROOT / "integrations" / "django_privy" / "checks.py").read_text()
    assert listed == set(re.findall(r"[EW]0\d\d", source))


def test_django_signals(guide: Guide, issuer: DevelopmentIssuer, capsys: pytest.CaptureFixture[str]) -> None:
    """The receivers are called."""
    section = guide["django"]["Setup"]
    ask(section, "/me", {})
    ask(section, "/me", identity(issuer))
    assert {"rejected: missing_token", f"authenticated: {ADA}"} <= set(capsys.readouterr().out.splitlines())


# Any ASGI or WSGI app.


@pytest.mark.parametrize("name", ["ASGI", "WSGI"])
def test_wrappers(name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """An open path has an optional user, and a protected one requires a user."""
    section = guide["asgi_wsgi"][name]
    assert request(section, "/", {}) == (200, b"stranger")
    assert request(section, "/", identity(issuer)) == (200, ADA.encode())
    for path in ("/api", "/api/x", "/API", "/api//health"):
        assert request(section, path, {})[0] == 401
    protects = section.names["app"].gate.protects
    assert all(map(protects, ("//api", "/x/../api", "/%2Fapi", "/api\\x")))
    assert request(section, "/apix", {})[0] == 200
    assert request(section, "/api/health", {})[0] == (200 if name == "ASGI" else 401)


@pytest.mark.parametrize("name", ["Quart", "Bottle", "Falcon"])
def test_other_frameworks(name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """If the app raises an error, the error response is sent."""
    section = guide["asgi_wsgi"][name]
    assert ask(section, "/me", {}) == (401, {"message": "Unauthorized"})
    assert ask(section, "/me", BAD) == (401, {"message": "Invalid token"})
    assert ask(section, "/me", identity(issuer))[1]["id"] == ADA


# Conditions.


def test_conditions(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Keywords, functions and combinations do what the page says."""
    page = guide["conditions"]
    assert ask(page["In each framework"], "/me", identity(issuer))[0] == 200
    assert ask(page["In each framework"], "/me", identity(issuer, "guest"))[0] == 403
    # An access token contains no accounts.
    assert ask(page["In each framework"], "/me", access(issuer))[0] == 403
    names = page["The wallet in the request"].names
    users = {name: user_of(issuer, name) for name in ("ada", "grace", "alan", "guest", "empty")}
    assert [name for name, user in users.items() if names["staff_with_wallet"](user)] == ["ada"]
    assert [name for name, user in users.items() if names["may_vote"](user)] == ["ada", "grace"]
    assert [name for name, user in users.items() if names["admins"](user)] == ["ada"]
    assert not any(names["recently"](user) for user in users.values())


def test_wallet_in_the_request(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Only the user's own wallet is accepted, compared without case."""
    section = guide["conditions"]["The wallet in the request"]
    own = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
    for path, status in ((own, 200), (own.lower(), 200), ("0x" + "0" * 40, 403), (f"{own}?address=0x1", 403)):
        assert ask(section, f"/wallets/{path}", identity(issuer))[0] == status
    user = user_of(issuer, "ada")
    assert section.names["check"](PrivyAuth(user), own) is user
    with pytest.raises(errors.ConditionNotMet):
        section.names["check"](PrivyAuth(user), None)


# Errors, keys, sessions.


def test_errors(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The function that verifies a token, and the counter of the callback, do what the page says."""
    user_id_of = guide["errors"]["Using the verifier directly"].names["user_id_of"]
    assert user_id_of(issuer.identity_token("ada")) == ADA
    assert user_id_of(issuer.identity_token("ada", exp=1)) == "rejected: token_expired"
    names = guide["errors"]["Finding the reason"].names
    names["config"].on_refused(errors.TokenExpired())
    assert names["rejections"] == {"token_expired": 1}


def test_keys(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The verifier has its keys, the client its options, and the configuration its cache."""
    assert request(guide["keys"]["At startup"], "/", {}) == (200, b"hello")
    names = guide["keys"]["A shared key cache"].names
    assert set(names["config"].client_options) == {"proxy", "headers"}
    source = JWKSSource(issuer.jwks_url, client_options=names["config"].client_options)
    assert source.stats().fetches == 0
    assert names["shared"].key_cache is not None
    signed = guide["keys"]["Sign the entries"].names["signed"]
    assert (signed.key_cache_secrets, signed.key_cache is None) == ((issuer.app_secret,), False)
    settings = guide["keys"]["A shared key cache"].settings
    assert PrivyConfig.from_mapping(settings["PRIVY"]).key_cache is not None


def test_cross_site(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Exactly the requests that the page lists are rejected."""
    assert guide["sessions"]["Cross-site requests"].names["config"].trusted_origins == ("https://app.example.com",)
    config = issuer.config(trusted_origins=["https://app.example.com"])
    inner = guide["asgi_wsgi"]["ASGI"].names["hello"]
    client = TestClient(PrivyMiddleware(inner, config, protect=["/"]))
    cookie = {"cookie": f"privy-id-token={issuer.identity_token('ada')}"}
    cross = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
    for method, headers, status in (
        ("POST", cookie, 200),
        ("GET", cookie | cross, 200),
        ("POST", cookie | cross, 403),
        ("POST", cookie | {"sec-fetch-site": "same-site"}, 403),
        ("POST", cookie | {"sec-fetch-site": "same-origin"}, 200),
        ("POST", cookie | cross | {"origin": "https://app.example.com"}, 200),
        ("POST", cookie | {"origin": "https://elsewhere.example"}, 403),
        ("POST", cookie | {"origin": "http://testserver"}, 200),
        ("POST", cookie | cross | identity(issuer), 200),
    ):
        assert client.request(method, "/", headers=headers).status_code == status, (method, [*headers])


def test_refresh_and_login(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Navigation is redirected as the table says, and API calls are not."""
    client = TestClient(guide["sessions"]["Refresh and login pages"].names["app"], follow_redirects=False)
    page, session = {"accept": "text/html,*/*;q=0.8"}, {"cookie": "privy-session=t"}
    refresh, login = "/refresh?redirect_uri=%2Faccount", "/login?redirect_uri=%2Faccount"
    for headers, location in (
        (page | session, refresh),
        (page, login),
        (page | {"cookie": f"privy-session=t; privy-id-token={issuer.identity_token('ada', exp=1)}"}, refresh),
        (page | {"cookie": "privy-session=t; privy-id-token=garbage"}, login),
        (page | session | BAD, None),
        (session | {"accept": "application/json"}, None),
        (page | session | {"sec-fetch-mode": "cors"}, None),
    ):
        answer = client.get("/account", headers=headers)
        assert (answer.status_code, answer.headers.get("location")) == (302 if location else 401, location)
    assert client.get("/refresh", headers=page | session).status_code == 200
    assert client.get("/account", headers=identity(issuer)).status_code == 200


def test_event_stream(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """The stream is sent to a user."""
    section = guide["sessions"]["WebSockets and event streams"]
    assert request(section, "/", identity(issuer)) == (200, b"data: hello\n\n")
    assert request(section, "/", {})[0] == 401


def test_revocation(guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Tokens from before the sign-out are rejected, and later ones are accepted."""
    names = guide["sessions"]["Sign-out and revocation"].names
    verifier = PrivyVerifier(issuer.config(is_revoked=names["is_revoked"]))
    old = issuer.identity_token("grace", iat=1_800_000_000 - 10**8)
    assert verifier.verify_identity_token(old).id == "did:privy:dev-grace"
    names["sign_out_everywhere"]("did:privy:dev-grace")
    with pytest.raises(InvalidToken):
        verifier.verify_identity_token(old)
    names["signed_out"]["did:privy:dev-grace"] -= 60
    assert verifier.verify_identity_token(issuer.identity_token("grace")).id == "did:privy:dev-grace"


# Testing.


TESTED = {
    "With pytest": ["test_me"],
    "Flask": ["test_me"],
    "FastAPI": ["test_me", "test_me_async", "test_me_without_tokens"],
    "Starlette": ["test_me"],
    "Litestar": ["test_me", "test_me_async", "test_me_without_tokens"],
    "Any ASGI or WSGI app": ["test_hello"],
}


def run_test(function: Any, request: pytest.FixtureRequest) -> None:
    """Run a test of the documentation with its fixtures."""
    given = {name: request.getfixturevalue(name) for name in inspect.signature(function).parameters}
    with own_logging():
        result = function(**given)
        if inspect.iscoroutine(result):
            asyncio.run(result)


@pytest.mark.parametrize("name", ["FastAPI", "Flask"])
def test_users_table(name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """A user has one row, whose address is that of the last identity token."""
    section = guide["users_table"][name]
    assert ask(section, "/account", {})[0] == 401
    status, first = ask(section, "/account", access(issuer))
    assert (status, isinstance(first["number"], int)) == (200, True)
    assert ask(section, "/account", identity(issuer))[1] == {"number": first["number"], "email": "ada@example.com"}
    assert ask(section, "/account", access(issuer))[1] == {"number": first["number"], "email": "ada@example.com"}
    assert ask(section, "/account", identity(issuer, "grace"))[1]["number"] != first["number"]


@pytest.mark.parametrize("name", ["The table", "SQLModel"])
def test_users_table_without_a_race(name: str, guide: Guide, issuer: DevelopmentIssuer) -> None:
    """Threads that see a user for the first time at the same time get the same row."""
    names = guide["users_table"][name].names
    user, together = user_of(issuer, "hedy"), threading.Barrier(4)
    # In an app the function is in the same module as the class of this section.
    account_of = types.FunctionType(names["account_of"].__code__, names)

    def number(_: int) -> int:
        together.wait(PATIENCE)
        with names["sessions"].begin() as session:
            row: int = account_of(session, user).id
            return row

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(number, range(4)))) == 1


def test_users_table_is_testable(guide: Guide, privy_user: Callable[..., PrivyUser]) -> None:
    """The test of the page passes."""
    guide["users_table"]["Test it"].names["test_account_of"](privy_user)


def test_testing(guide: Guide, request: pytest.FixtureRequest) -> None:
    """The tests of the page pass, with the fixtures of the plugin."""
    for section, names in TESTED.items():
        found = guide["testing"][section].names
        for name in names:
            run_test(found[name], request)


@pytest.fixture
def project_of_the_page(guide: Guide, issuer: DevelopmentIssuer) -> Iterator[None]:
    """Serve the view of the Django page until the fixture ``settings``, which is created later, has been undone."""
    with project(issuer, django_path("me", guide["django"]["Setup"].names["me"]), INSTALLED_APPS=["django_privy"]):
        yield


@pytest.mark.usefixtures("project_of_the_page")
def test_testing_django(guide: Guide, request: pytest.FixtureRequest) -> None:
    """The tests of Django pass, with pytest-django and without it."""
    names = guide["testing"]["Django"].names
    for name in ("test_me", "test_me_async", "test_me_by_api_client", "test_with_another_leeway"):
        run_test(names[name], request)
    result = unittest.TestResult()
    unittest.TestSuite([names["MeTests"]("test_me")]).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


def test_testing_an_app_in_a_module(guide: Guide, pytester: pytest.Pytester) -> None:
    """The test of a module's app passes with the settings of the page."""
    [block] = [each for each in blocks(PAGE) if each.section == "An app in a module" and each.language == "python"]
    [option] = [each for each in blocks(PAGE) if each.section == "An app in a module" and each.language == "toml"]
    pytester.makefile(".toml", pyproject=option.text)
    pytester.makepyfile(block.text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.runpytest_subprocess("-p", "privy").assert_outcomes(passed=1)


def test_invalid_tokens(guide: Guide) -> None:
    """The invalid tokens of the page are rejected."""
    names = guide["testing"]["Invalid tokens"].names
    for wrong in ("expired", "another_app", "no_accounts", "forged"):
        with pytest.raises(InvalidToken):
            names["verifier"].verify_identity_token(names[wrong])
    assert names["verifier"].verify_identity_token(names["token"]).custom_metadata == {"role": "editor"}


def test_personas() -> None:
    """The page lists exactly the personas that exist."""
    section = PAGE.read_text().partition("## Personas\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*PERSONAS]
