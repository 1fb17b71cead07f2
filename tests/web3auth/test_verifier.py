"""Which of Web3Auth's tokens are accepted and which are rejected."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from privy_middleware.errors import (
    BadSignature,
    InvalidClaims,
    InvalidToken,
    KeysUnavailable,
    TokenExpired,
    UnknownKey,
    WrongAlgorithm,
    WrongAudience,
    WrongIssuer,
)
from privy_middleware.web3auth import Web3AuthVerifier
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer
from tests.support.signers import Signer
from tests.support.tokens import MISSING, NOW, SIGNER, runs_of
from tests.support.tokens import identity as privy_identity
from tests.support.ways import Way, call, every_way
from tests.web3auth.support import (
    CLIENT_ID,
    EXTERNAL,
    EXTERNAL_ISSUER,
    EXTERNAL_SIGNER,
    PUBLISHED,
    PUBLISHED_AT,
    PUBLISHED_KEYS,
    SOCIAL_ISSUER,
    config,
    external,
    published,
    social,
    user_of,
    verifier,
)


def judge(**settings: Any) -> Web3AuthVerifier:
    """Return a verifier for the published examples, soon after they were issued."""
    found = {
        "client_id": PUBLISHED["client_id"],
        "verification_key": PUBLISHED_KEYS["spki_pem"],
        "external_verification_key": PUBLISHED_KEYS["jwks"],
        **settings,
    }
    return Web3AuthVerifier(config(**found), clock=Clock(PUBLISHED_AT + 60))


@pytest.mark.parametrize("name", ["social_2025", "social_no_pii", "social_docs_xonly_pubkey"])
def test_published_social_logins(name: str) -> None:
    """They are valid with only the client ID and the key."""
    user = judge().verify_token(published(name))
    assert user.issuer == SOCIAL_ISSUER
    assert user.complete
    assert user.claims == {**PUBLISHED["tokens"][name]["payload"], "wallets": user.claims["wallets"]}


@pytest.mark.parametrize(
    ("name", "issuer", "audience"),
    [
        ("external_ethereum_docs2026", EXTERNAL_ISSUER, PUBLISHED["client_id"]),
        ("external_ethereum_url_aud", "wallet-connect-v2", "https://app.example.com"),
    ],
)
def test_published_external_wallets(name: str, issuer: str, audience: str) -> None:
    """Both forms are valid if their issuer and audience are listed, and otherwise not."""
    user = judge(external_issuers=(issuer,), external_audiences=(audience,)).verify_token(published(name))
    assert user.issuer == issuer
    assert user.id == "web3auth:wallet:ethereum:0x809d4310d578649d8539e718030ee11e603ee8f3"
    with pytest.raises(WrongIssuer):
        judge().verify_token(published(name))


def test_the_claims_of_2022_are_no_issuer_and_no_audience() -> None:
    """A token with ``issuer`` instead of ``iss`` is rejected with any list, because RFC 7519 has no such claim."""
    strict = judge(external_issuers=("metamask",), external_audiences=("app.example.com",))
    with pytest.raises(WrongIssuer):
        strict.verify_token(published("external_legacy_2022_claims"))


@every_way
def test_keys_are_fetched(way: Way) -> None:
    """The keys of each kind of login are fetched once, from their address."""
    with KeyServer(SIGNER) as social_keys, KeyServer(EXTERNAL_SIGNER) as external_keys:
        found = verifier(
            verification_key=None,
            jwks_url=social_keys.url,
            **{**EXTERNAL, "external_verification_key": None, "external_jwks_url": external_keys.url},
        )
        for token, issuer in ((social(), SOCIAL_ISSUER), (external(iss="metamask"), "metamask")):
            blocking = functools.partial(found.verify_token, token)
            assert call(way, blocking, functools.partial(found.averify_token, token)).issuer == issuer
        assert found.verify_token(external()).issuer == EXTERNAL_ISSUER
        assert (social_keys.count, external_keys.count) == (1, 1)


@every_way
def test_keys_can_be_fetched_ahead(way: Way) -> None:
    """All keys are fetched, or the outage is reported."""
    with KeyServer(SIGNER) as server:
        found = verifier(verification_key=None, jwks_url=server.url)
        call(way, found.ready, found.aready)
        assert server.count == 1
    down = verifier(verification_key=None, jwks_url=server.url)
    with pytest.raises(KeysUnavailable):
        call(way, down.ready, down.aready)


def test_the_issuer_is_looked_at_before_any_key() -> None:
    """A token of another issuer causes no fetch, whatever its ``kid``."""
    with KeyServer(SIGNER) as server:
        found = verifier(verification_key=None, jwks_url=server.url)
        others: list[Any] = [
            "privy.io",
            EXTERNAL_ISSUER,
            f"{SOCIAL_ISSUER}/",
            "",
            None,
            [SOCIAL_ISSUER],
            {},
            1,
            MISSING,
        ]
        for issuer in others:
            with pytest.raises(WrongIssuer):
                found.verify_token(social(iss=issuer))
        with pytest.raises(WrongIssuer):
            found.verify_token(privy_identity())
        assert server.count == 0


def test_each_issuer_has_its_own_keys() -> None:
    """A token of one issuer is not valid with the keys of the other."""
    for token in (social(EXTERNAL_SIGNER), external(SIGNER)):
        with pytest.raises((BadSignature, UnknownKey)):
            verifier(**EXTERNAL).verify_token(token)


def test_a_stranger_is_refused() -> None:
    """The configured key decides, and neither ``kid`` nor a key in the header matters."""
    stranger = Signer(SIGNER.kid)
    with pytest.raises(BadSignature):
        verifier().verify_token(social(stranger))
    with pytest.raises(InvalidToken):
        verifier().verify_token(social(stranger, {"jwk": stranger.jwk}))


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "ES384", "RS256", "EdDSA", "es256"])
def test_other_algorithms_are_refused(alg: str) -> None:
    """Only ES256 is accepted, by its exact name."""
    with pytest.raises(WrongAlgorithm):
        verifier().verify_token(social(SIGNER, {"alg": alg}))


@pytest.mark.parametrize(
    "audience",
    ["another", "", CLIENT_ID.upper(), f"{CLIENT_ID}x", CLIENT_ID[:-1], "app.example.com", [CLIENT_ID], None, MISSING],
)
def test_social_audience(audience: Any) -> None:
    """It is the client ID as a string, even if external wallets have other audiences."""
    for settings in ({}, EXTERNAL):
        with pytest.raises(WrongAudience):
            verifier(**settings).verify_token(social(aud=audience))


@pytest.mark.parametrize(
    "audience",
    [
        "evil.com",
        "app.example.com.evil.com",
        "evil-app.example.com",
        "https://app.example.com",
        "example.com",
        [],
        MISSING,
    ],
)
def test_external_audience(audience: Any) -> None:
    """It must be exactly one of the list."""
    with pytest.raises(WrongAudience):
        verifier(**EXTERNAL).verify_token(external(aud=audience))


@pytest.mark.parametrize("issuer", ["metamask2", "meta", "Metamask", "https://authjs.web3auth.io/", "walletconnect-v2"])
def test_external_issuer(issuer: str) -> None:
    """It must be exactly one of the list."""
    with pytest.raises(WrongIssuer):
        verifier(**EXTERNAL).verify_token(external(iss=issuer))


def test_an_external_wallet_expires_by_its_own_age() -> None:
    """Its ``exp`` can be years away, also for a cached token."""
    clock = Clock(NOW)
    found = verifier(clock, external_max_age=600, leeway=0, token_cache_seconds=86400, **EXTERNAL)
    token = external(exp=NOW + 10**9)
    assert found.verify_token(token).issuer == EXTERNAL_ISSUER
    clock.advance(599)
    assert found.verify_token(token).issuer == EXTERNAL_ISSUER
    clock.advance(1)
    with pytest.raises(TokenExpired):
        found.verify_token(token)


@pytest.mark.parametrize("iat", [MISSING, None, str(NOW), True, 0, -1, [NOW]])
def test_a_token_says_when_it_was_issued(iat: Any) -> None:
    """For both kinds, ``iat`` is needed to know the age of a token."""
    for token in (external(iat=iat), social(iat=iat)):
        with pytest.raises(InvalidClaims):
            verifier(**EXTERNAL).verify_token(token)


@pytest.mark.parametrize("iat", [NOW - 10**8, NOW + 9, float(NOW)])
def test_an_old_social_login_is_valid_until_it_expires(iat: float) -> None:
    """Its issuer decides about its lifetime."""
    assert user_of(social(iat=iat)).issuer == SOCIAL_ISSUER


NEWER = "web3auth.io"
NEWER_SIGNER = Signer("newer-kid")


def test_several_issuers_at_once() -> None:
    """Each has its own configured key; the token says which, and the user is the same for all of them."""
    found = verifier(
        issuer=(SOCIAL_ISSUER, NEWER), verification_key={SOCIAL_ISSUER: SIGNER.pem, NEWER: NEWER_SIGNER.jwk}, **EXTERNAL
    )
    older, newer = found.verify_token(social()), found.verify_token(social(NEWER_SIGNER, iss=NEWER))
    assert (older.issuer, newer.issuer) == (SOCIAL_ISSUER, NEWER)
    assert older.id == newer.id
    assert found.verify_token(external()).issuer == EXTERNAL_ISSUER
    for forged in (social(NEWER_SIGNER), social(iss=NEWER), social(EXTERNAL_SIGNER, iss=NEWER)):
        with pytest.raises((BadSignature, UnknownKey)):
            found.verify_token(forged)
    for audience in ("another", "app.example.com", MISSING):
        with pytest.raises(WrongAudience):
            found.verify_token(social(NEWER_SIGNER, iss=NEWER, aud=audience))
    with pytest.raises(InvalidClaims):
        found.verify_token(social(NEWER_SIGNER, iss=NEWER, iat=MISSING))


def test_the_keys_of_several_issuers_are_fetched_apart() -> None:
    """This holds even for the same ``kid``: a token causes no fetch from another issuer, and outages are separate."""
    newer = Signer(SIGNER.kid)
    with KeyServer(SIGNER) as first, KeyServer(newer) as second:
        urls = {SOCIAL_ISSUER: first.url, NEWER: second.url}
        found = verifier(issuer=[SOCIAL_ISSUER, NEWER], jwks_url=urls, verification_key=None)
        assert found.verify_token(social(newer, iss=NEWER)).issuer == NEWER
        assert (first.count, second.count) == (0, 1)
        for forged in (social(newer), social(iss=NEWER)):
            with pytest.raises(BadSignature):
                found.verify_token(forged)
        assert found.verify_token(social()).issuer == SOCIAL_ISSUER
        assert (first.count, second.count) == (1, 1)
    down = verifier(issuer=[SOCIAL_ISSUER, NEWER], jwks_url=urls, verification_key={NEWER: newer.pem}, key_timeout=2)
    assert down.verify_token(social(newer, iss=NEWER)).issuer == NEWER
    with pytest.raises(KeysUnavailable):
        down.verify_token(social())


def test_another_issuer_in_the_place_of_the_documented_one() -> None:
    """Then tokens of the documented one are rejected."""
    found = verifier(issuer=NEWER, verification_key=NEWER_SIGNER.pem)
    assert found.verify_token(social(NEWER_SIGNER, iss=NEWER)).issuer == NEWER
    for token in (social(), social(NEWER_SIGNER), social(NEWER_SIGNER, iss=f"{NEWER}/")):
        with pytest.raises(WrongIssuer):
            found.verify_token(token)


def test_the_exp_of_an_external_wallet_counts_too() -> None:
    """The earlier time is used."""
    with pytest.raises(TokenExpired):
        verifier(Clock(NOW + 100), **EXTERNAL).verify_token(external(exp=NOW + 50))


@pytest.mark.parametrize("exp", [NOW - 11, str(NOW + 60), None, MISSING, True])
def test_expiry_is_required(exp: Any) -> None:
    """This is the same for every token."""
    with pytest.raises(InvalidToken):
        verifier().verify_token(social(exp=exp))


@pytest.mark.parametrize("token", ["", "a.b.c", "not a token", None, 1, b"a.b.c", "x" * 20_000])
def test_what_is_no_token_is_refused(token: Any) -> None:
    """The error is always of the same class."""
    with pytest.raises(InvalidToken):
        verifier().verify_token(token)


def test_errors_hold_nothing_of_the_token() -> None:
    """Neither their text nor their repr contains a part of it."""
    token = social(aud="another")
    with pytest.raises(WrongAudience) as refused:
        verifier().verify_token(token)
    shown = f"{refused.value!r} {refused.value} {refused.value.detail}"
    assert not any(run in shown for run in runs_of(token))


def test_a_revoked_token_is_refused() -> None:
    """This also applies to a cached token."""
    revoked: set[str] = set()
    found = verifier(is_revoked=lambda claims: claims["userId"] in revoked)
    token = social()
    assert found.verify_token(token).user_id == "ada@example.com"
    revoked.add("ada@example.com")
    with pytest.raises(InvalidToken, match="is_revoked returned true"):
        found.verify_token(token)
