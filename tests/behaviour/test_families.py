"""The other token families, and single kinds of Privy's tokens, in every framework."""

from __future__ import annotations

import json
from typing import Any

import pytest

from privy_middleware import PrivyVerifier
from privy_middleware.custom_keys import AccessTokenSigner, CustomKeyConfig, CustomKeyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.verifiers.combined import CombinedVerifier
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthVerifier
from tests.behaviour.conftest import MakeClient
from tests.behaviour.test_table import INVALID, UNAUTHORIZED, bearer, broken, cookie, identity, refused
from tests.web3auth.support import PUBLISHED, PUBLISHED_KEYS

API_KEY = "MeBuUuLaut2vHvuwb5Blc-LhMhagxDevCv1tcLAp45o="
SIGNER = AccessTokenSigner(API_KEY, "e8IzzIUOc08BL0HBiV2B4zpxGwoFWdz6olY7RJr73M4=")
CUSTOM = CustomKeyConfig(public_key=SIGNER.public_key, algorithms=("EdDSA",), issuer=API_KEY, audience="api.privy.io")
WEB3AUTH = Web3AuthConfig(client_id=PUBLISHED["client_id"], verification_key=PUBLISHED_KEYS["spki_pem"])
SOCIAL: str = PUBLISHED["tokens"]["social_2025"]["token"]


def user_id(client: Any, *headers: tuple[str, str]) -> Any:
    """Return the user ID in the response of the optional route."""
    answer = client.request("GET", "/optional", headers)
    assert answer.status == 200
    return json.loads(answer.body)["user_id"]


def test_web3auth(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A Web3Auth token is accepted only as a bearer token, and Privy's tokens are rejected."""
    client = make_client(WEB3AUTH)
    assert user_id(client) is None
    assert user_id(client, bearer(SOCIAL)).startswith("web3auth:")
    assert user_id(client, cookie(SOCIAL), cookie(SOCIAL, "privy-token")) is None
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
    refused(client.request("GET", "/me", [bearer(broken(SOCIAL))]), 401, INVALID)
    refused(client.request("GET", "/me", [bearer(issuer.access_token("ada"))]), 401, INVALID)


def test_custom_keys(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The user IDs have their own namespace."""
    client = make_client(CUSTOM)
    token = SIGNER.create_access_token("did:privy:dev-ada")
    assert user_id(client, bearer(token)).startswith("custom:")
    refused(client.request("GET", "/me", [bearer(broken(token))]), 401, INVALID)
    refused(client.request("GET", "/me", [bearer(issuer.access_token("ada"))]), 401, INVALID)


def test_several_families_at_once(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The issuer determines the family, and only its keys and rules are used."""
    verifier = CombinedVerifier(PrivyVerifier(issuer.config()), Web3AuthVerifier(WEB3AUTH), CustomKeyVerifier(CUSTOM))
    client = make_client(verifier)
    assert user_id(client, identity(issuer.identity_token("ada"))) == "did:privy:dev-ada"
    assert user_id(client, bearer(issuer.access_token("grace"))) == "did:privy:dev-grace"
    assert user_id(client, bearer(SOCIAL)).startswith("web3auth:")
    assert user_id(client, bearer(SIGNER.create_access_token("ada"))).startswith("custom:")
    forged = issuer.access_token("ada", iss="https://api-auth.web3auth.io", aud=PUBLISHED["client_id"])
    refused(client.request("GET", "/me", [bearer(forged)]), 401, INVALID)
    both = [identity(issuer.identity_token("ada")), bearer(SOCIAL)]
    refused(client.request("GET", "/me", both), 401, INVALID)


@pytest.mark.parametrize("value", ["", "null", "undefined"])
def test_what_a_signed_out_page_sends_is_no_token(
    make_client: MakeClient, issuer: DevelopmentIssuer, value: str
) -> None:
    """An empty bearer token, ``null`` and ``undefined`` count as no token for every family."""
    verifier = CombinedVerifier(PrivyVerifier(issuer.config()), Web3AuthVerifier(WEB3AUTH), CustomKeyVerifier(CUSTOM))
    for settings in (WEB3AUTH, CUSTOM, verifier):
        client = make_client(settings)
        for header in (bearer(value), ("Authorization", f"Bearer{value and ' '}{value}")):
            refused(client.request("GET", "/me", [header]), 401, UNAUTHORIZED)
            assert user_id(client, header) is None
    with_cookie = [bearer(value), cookie(issuer.identity_token("ada"))]
    assert user_id(make_client(verifier), *with_cookie) == "did:privy:dev-ada"
    refused(make_client(verifier).request("GET", "/me", [bearer(value), bearer(SOCIAL)]), 401, INVALID)


def test_identity_tokens_alone(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """An access token is ignored."""
    client = make_client(issuer.config(tokens=("identity",)))
    assert user_id(client, identity(issuer.identity_token("ada"))) == "did:privy:dev-ada"
    refused(client.request("GET", "/me", [bearer(issuer.access_token("ada"))]), 401, UNAUTHORIZED)


def test_access_tokens_alone(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """An identity token is ignored."""
    client = make_client(issuer.config(tokens=("access",)))
    assert user_id(client, bearer(issuer.access_token("ada"))) == "did:privy:dev-ada"
    refused(client.request("GET", "/me", [identity(issuer.identity_token("ada"))]), 401, UNAUTHORIZED)
