"""The plugin on the page for authors of plugins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from privy_middleware.development import PERSONAS, DevelopmentIssuer
from tests.behaviour.clients.wsgi import call, environ_of
from tests.docs.pages import ROOT, run


@pytest.fixture(scope="module")
def app(issuer: DevelopmentIssuer) -> Any:
    """Return the app of the page, with settings from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVY_APP_ID", issuer.app_id)
        patch.setenv("PRIVY_JWKS_URL", issuer.jwks_url)
        return run(ROOT / "docs" / "plugins.md", issuer.jwks_url)["A complete plugin"].names["app"]


PREFLIGHT = [("Access-Control-Request-Method", "GET")]


def test_plugin(app: Any, issuer: DevelopmentIssuer) -> None:
    """It responds like the project's own plugins."""

    def get(path: str, *fields: tuple[str, str], method: str = "GET") -> Any:
        return call(app, environ_of(method, path, list(fields)))

    token = ("privy-id-token", issuer.identity_token("ada"))
    address = next(each["address"] for each in PERSONAS["ada"].linked_accounts if each["type"] == "wallet")
    missing, bad, known = get("/me"), get("/me", ("privy-id-token", "x.y.z")), get("/me", token)
    assert [each.status for each in (missing, bad, known)] == [401, 401, 200]
    assert (json.loads(missing.body), json.loads(bad.body)) == (
        {"message": "Unauthorized"},
        {"message": "Invalid token"},
    )
    assert dict(known.headers)["cache-control"] == "private, no-store"
    assert get("/private").status == 401
    assert get("/private", token).status == 404
    assert get(f"/wallets/{address}", token).status == 200
    assert get(f"/wallets/{address}?address=0x0", token).status == 403
    assert get("/wallets/0x0", token).status == 403
    assert get("/private", *PREFLIGHT, method="OPTIONS").status == 204
    assert get("/open").status == 404
