"""The statements of the sessions page about origins and expired tokens."""

from __future__ import annotations

import time
from typing import Any

from starlette.testclient import TestClient

from privy_middleware import PrivyMiddleware
from privy_middleware.asgi import Receive, Scope, Send
from privy_middleware.development import DevelopmentIssuer

PAGE = "https://app.example.com"
LOCAL_PAGE = "http://localhost:3000"


async def api(scope: Scope, receive: Receive, send: Send) -> None:
    """Return the user's ID."""
    user = scope["state"]["privy_user"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": user.id.encode()})


def client(issuer: DevelopmentIssuer, base_url: str, **settings: Any) -> TestClient:
    """Return a client of an API at an address, which requires a user."""
    return TestClient(PrivyMiddleware(api, issuer.config(**settings), protect=["/"]), base_url=base_url)


def cookie(issuer: DevelopmentIssuer, **claims: Any) -> dict[str, str]:
    """Return the header that a browser sends for both cookies."""
    tokens = (issuer.identity_token("ada", **claims), issuer.access_token("ada", **claims))
    return {"cookie": "privy-id-token={}; privy-token={}".format(*tokens)}


def test_api_on_another_subdomain(issuer: DevelopmentIssuer) -> None:
    """Cookies of the same site can read, but write only from a trusted origin."""
    from_page = {"origin": PAGE, "sec-fetch-site": "same-site"} | cookie(issuer)
    closed = client(issuer, "https://api.example.com")
    assert closed.get("/", headers=from_page).status_code == 200
    assert closed.post("/", headers=from_page).status_code == 403
    trusting = client(issuer, "https://api.example.com", trusted_origins=[PAGE])
    assert trusting.post("/", headers=from_page).status_code == 200
    other_subdomain = from_page | {"origin": "https://blog.example.com"}
    assert trusting.post("/", headers=other_subdomain).status_code == 403


def test_headers_work_everywhere(issuer: DevelopmentIssuer) -> None:
    """Tokens in headers need no trusted origin, on another site or on localhost; cookies are accepted there too."""
    tokens = {
        "privy-id-token": issuer.identity_token("ada"),
        "authorization": f"Bearer {issuer.access_token('ada')}",
    }
    elsewhere = {"origin": PAGE, "sec-fetch-site": "cross-site"} | tokens
    assert client(issuer, "https://api.example.org").post("/", headers=elsewhere).status_code == 200
    local = {"origin": LOCAL_PAGE, "sec-fetch-site": "same-site"}
    server = client(issuer, "http://localhost:8000")
    assert server.post("/", headers=local | tokens).status_code == 200
    assert server.get("/", headers=local | cookie(issuer)).status_code == 200
    trusting = client(issuer, "http://localhost:8000", trusted_origins=[LOCAL_PAGE])
    assert trusting.post("/", headers=local | cookie(issuer)).status_code == 200


def test_link_from_another_site_with_strict_cookies(issuer: DevelopmentIssuer) -> None:
    """A user who arrives without any cookie is redirected to the login page, not to the refresh page."""
    pages = client(issuer, "https://example.com", refresh_url="/refresh", login_url="/login")
    link = {"accept": "text/html", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = pages.get("/account", headers=link, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/login?redirect_uri=%2Faccount")
    assert pages.get("/account", headers=link | cookie(issuer)).status_code == 200


def test_expired_tokens(issuer: DevelopmentIssuer) -> None:
    """An expired token in a header is invalid, and an expired cookie is missing; the leeway applies."""
    codes: list[str] = []
    server = client(issuer, "https://example.com", on_refused=lambda error: codes.append(error.code))
    token = issuer.access_token("ada", exp=int(time.time()) - 60)
    expired = server.get("/", headers={"authorization": f"Bearer {token}"})
    assert (expired.status_code, expired.json(), codes) == (401, {"message": "Invalid token"}, ["token_expired"])
    gone = server.get("/", headers={"cookie": "privy-session=t"})
    assert (gone.status_code, gone.json()) == (401, {"message": "Unauthorized"})
    lenient = client(issuer, "https://example.com", leeway=60)
    assert lenient.get("/", headers=cookie(issuer, exp=int(time.time()) - 1)).status_code == 200
