"""Several families of tokens in one app: each has its own rules."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.auth import PrivyAuth
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyUser, CustomKeyVerifier
from privy_middleware.errors import ConfigurationError, KeysUnavailable
from privy_middleware.gate import build_gate
from privy_middleware.lookup import Lookup
from privy_middleware.tokens.jws import read_payload
from privy_middleware.users.user import PrivyUser
from privy_middleware.verifiers import CombinedVerifier, user_of
from privy_middleware.verifiers import combined as combined_module
from privy_middleware.web3auth import Web3AuthUser
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer, hang_up
from tests.support.signers import Signer
from tests.support.tokens import (
    APP_ID,
    HEADER,
    NOW,
    SIGNER,
    Request,
    access,
    bearer,
    cookies,
    found,
    id_header,
    identity,
    sign,
)
from tests.support.tokens import verifier as privy_verifier
from tests.support.ways import Way, call, every_way
from tests.web3auth.support import CLIENT_ID, EXTERNAL, EXTERNAL_ISSUER, SOCIAL_ISSUER, external, social, verifier

WEB3AUTH_SIGNER = Signer("web3auth-kid")
CUSTOM_SIGNER = Signer()
CUSTOM = {"iss": "my-server", "aud": "my-app", "sub": "did:privy:test-user", "iat": NOW, "exp": NOW + 600}


def custom(signer: Signer = CUSTOM_SIGNER, **claims: Any) -> str:
    """Return a token of a custom authentication key, with changes."""
    return sign({"alg": "ES256", "typ": "JWT"}, {**CUSTOM, **claims}, signer.private)


def custom_verifier(**settings: Any) -> CustomKeyVerifier:
    """Return a verifier for custom authentication keys, at ``NOW``."""
    given = {"public_key": CUSTOM_SIGNER.pem, "algorithms": ("ES256",), "issuer": "my-server", "audience": "my-app"}
    return CustomKeyVerifier(CustomKeyConfig(**{**given, **settings}), clock=Clock(NOW))


def combined(**privy: Any) -> CombinedVerifier:
    """Return a verifier of all three families, each with its own keys."""
    web3auth = verifier(verification_key=WEB3AUTH_SIGNER.pem, **EXTERNAL)
    return CombinedVerifier(privy_verifier(**privy), web3auth, custom_verifier())


def ask(*fields: tuple[str, str], method: str = "GET", **privy: Any) -> PrivyAuth:
    """Return the gate's ``PrivyAuth`` of a request."""
    return found(build_gate(combined(**privy)), Request(*fields, method=method))


@pytest.mark.parametrize(
    ("field", "kind", "family"),
    [
        (id_header(identity()), "identity", PrivyUser),
        (bearer(access()), "access", PrivyUser),
        (cookies(("privy-id-token", identity())), "identity", PrivyUser),
        (cookies(("privy-token", access())), "access", PrivyUser),
        (bearer(social(WEB3AUTH_SIGNER)), "web3auth", Web3AuthUser),
        (bearer(external()), "web3auth", Web3AuthUser),
        (bearer(custom()), "custom", CustomKeyUser),
    ],
)
def test_each_family_is_accepted(field: tuple[str, str], kind: str, family: type) -> None:
    """Each is accepted in its own headers and cookies."""
    auth = ask(field)
    assert (auth.error, auth.kind) == (None, kind)
    assert type(user_of(auth, family)) is family


def test_privys_two_tokens_still_go_together() -> None:
    """An identity and an access token of the same user are accepted together."""
    auth = ask(id_header(identity()), bearer(access()))
    assert auth.error is None
    assert [token.kind for token in auth.tokens] == ["identity", "access"]
    assert auth.session_id == "test-session"


def test_a_payload_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which verifier has to accept a token is remembered, for a limited number of tokens."""
    decoded: list[str] = []

    def read(segment: str) -> dict[str, Any]:
        decoded.append(segment)
        return read_payload(segment)

    monkeypatch.setattr(combined_module, "read_payload", read)
    monkeypatch.setattr(combined_module, "_MOST_HASHES", 2)
    gate = build_gate(combined())
    one, two, three = (bearer(custom(number=number)) for number in range(3))
    for field, count in ((one, 1), (one, 1), (two, 2), (one, 2), (three, 3), (three, 3), (one, 4)):
        lookup = Lookup(gate, Request(field))
        assert lookup.settled() in (True, False)
        assert lookup.find().user is not None
        assert len(decoded) == count


def test_equal_subjects_of_two_issuers_are_two_users() -> None:
    """A custom authentication key cannot create a Privy user."""
    own = user_of(ask(bearer(custom())), CustomKeyUser)
    privy = user_of(ask(bearer(access())), PrivyUser)
    assert own.subject == privy.id
    assert own.id == "custom:my-server:did%3Aprivy%3Atest-user"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(access(iss=SOCIAL_ISSUER, aud=CLIENT_ID, wallets=[]), id="privy's key, Web3Auth's claims"),
        pytest.param(access(iss=EXTERNAL_ISSUER, aud=CLIENT_ID), id="privy's key, an external wallet's claims"),
        pytest.param(access(iss="my-server", aud="my-app"), id="privy's key, one's own claims"),
        pytest.param(social(WEB3AUTH_SIGNER, iss="privy.io", aud=APP_ID, sub="s", sid="s"), id="Web3Auth's key"),
        pytest.param(social(WEB3AUTH_SIGNER, aud=APP_ID), id="Web3Auth's key, privy's audience"),
        pytest.param(social(WEB3AUTH_SIGNER, iss=EXTERNAL_ISSUER), id="social key, external issuer"),
        pytest.param(custom(iss="privy.io", aud=APP_ID, sid="s"), id="one's own key, privy's claims"),
        pytest.param(custom(iss=SOCIAL_ISSUER, aud=CLIENT_ID, wallets=[]), id="one's own key, Web3Auth's claims"),
        pytest.param(custom(aud=APP_ID), id="one's own key, privy's audience"),
        pytest.param(custom(iss="somebody"), id="nobody's issuer"),
        pytest.param(custom(iss=["my-server"]), id="a list of issuers"),
        pytest.param(custom(iss=None), id="no issuer"),
        pytest.param("not a token", id="no token"),
        pytest.param("x" * 20_000, id="too long"),
    ],
)
def test_no_family_vouches_for_another(token: str) -> None:
    """Neither the key, nor the issuer, nor the audience of another family is accepted."""
    auth = ask(bearer(token))
    assert auth.user is None
    assert auth.refusal is not None
    assert auth.refusal.status == 401


def test_other_places_are_privys_alone() -> None:
    """A token of another family is rejected there, whatever its issuer."""
    for field in (
        id_header(social(WEB3AUTH_SIGNER)),
        cookies(("privy-token", social(WEB3AUTH_SIGNER))),
        cookies(("privy-id-token", custom())),
    ):
        assert ask(field).error is not None


def test_what_the_client_says_otherwise_is_not_asked() -> None:
    """Neither another header nor ``kid`` selects the keys."""
    auth = ask(bearer(sign(HEADER, CUSTOM, SIGNER.private)), ("X-Provider", "privy"))
    assert auth.error == "bad_signature"


@pytest.mark.parametrize("other", [id_header(identity()), cookies(("privy-id-token", identity()))])
def test_two_families_in_one_request_are_refused(other: tuple[str, str]) -> None:
    """They are neither merged, nor is one of them chosen."""
    assert ask(bearer(social(WEB3AUTH_SIGNER)), other).error == "tokens_disagree"


def test_a_privy_app_that_takes_no_access_token_still_takes_none() -> None:
    """Its bearer tokens are rejected, so they do not disable the cross-site rule for a cookie."""
    settings: dict[str, Any] = {"tokens": ("identity",)}
    for field in (id_header(identity()), bearer(social(WEB3AUTH_SIGNER)), bearer(custom())):
        assert ask(field, **settings).error is None
    assert ask(bearer(access()), **settings).error == "wrong_issuer"
    assert ask(bearer(access()), cookies(("privy-id-token", identity())), **settings).error == "wrong_issuer"


def test_cookies_are_still_held_to_the_cross_site_rule() -> None:
    """The same rule applies as with Privy's verifier alone."""
    cookie, foreign = cookies(("privy-id-token", identity())), ("Sec-Fetch-Site", "cross-site")
    assert ask(cookie, foreign, method="POST").error == "cross_site_request"
    assert ask(bearer(social(WEB3AUTH_SIGNER)), foreign, method="POST").error is None


def test_the_first_settings_are_the_apps() -> None:
    """They apply if there is no token, and if it is invalid."""
    gate = build_gate(combined(on_missing="reject", on_invalid="anonymous"))
    assert gate.settings.on_missing == "reject"
    assert found(gate, Request(bearer(social(WEB3AUTH_SIGNER)))).on_invalid == "anonymous"
    assert found(gate, Request(bearer("bad"))).optional() is None
    assert set(gate.vary) == {"Cookie", "Authorization", "privy-id-token"}


def test_without_privy() -> None:
    """Two families of bearer tokens can be combined."""
    gate = build_gate(CombinedVerifier(verifier(), custom_verifier()))
    assert found(gate, Request(bearer(social()))).kind == "web3auth"
    assert found(gate, Request(bearer(custom()))).kind == "custom"
    assert found(gate, Request(bearer(access()))).error == "wrong_issuer"
    assert gate.vary == ("Authorization",)


@every_way
def test_keys_can_be_fetched_ahead(way: Way) -> None:
    """The keys of every family are fetched."""
    with KeyServer(SIGNER) as privy, KeyServer(WEB3AUTH_SIGNER) as web3auth:
        both = CombinedVerifier(
            privy_verifier(verification_key=None, jwks_url=privy.url),
            verifier(verification_key=None, jwks_url=web3auth.url),
        )
        call(way, both.ready, both.aready)
        assert (privy.count, web3auth.count) == (1, 1)
        lookup = Lookup(build_gate(both), Request(bearer(social(WEB3AUTH_SIGNER))))
        auth = call(way, lookup.find, lookup.afind)
        assert auth.kind == "web3auth"


def test_an_outage_of_one_is_none_of_the_others() -> None:
    """Each family waits for its own keys."""
    down = privy_verifier(verification_key=None, jwks_url="http://127.0.0.1:9/jwks", key_timeout=2)
    gate = build_gate(CombinedVerifier(down, verifier()))
    assert found(gate, Request(bearer(social()))).error is None
    assert isinstance(found(gate, Request(bearer(access()))).refusal, KeysUnavailable)


@every_way
def test_a_new_key_of_a_family_whose_server_fails(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its token gets 503; the tokens of the other family are not affected."""
    monkeypatch.setattr("privy_middleware.keys.jwks_source._JUST_FETCHED", 0)
    new = Signer("new")
    with KeyServer(SIGNER) as privy, KeyServer(WEB3AUTH_SIGNER) as web3auth:
        both = CombinedVerifier(
            privy_verifier(verification_key=None, jwks_url=privy.url),
            verifier(verification_key=None, jwks_url=web3auth.url),
        )
        both.ready()
        gate = build_gate(both)
        web3auth.behave = hang_up
        for token in (social(new), social(new)):
            lookup = Lookup(gate, Request(bearer(token)))
            refusal = call(way, lookup.find, lookup.afind).refusal
            assert isinstance(refusal, KeysUnavailable)
            assert refusal.retry_after >= 1
        assert found(gate, Request(bearer(social(WEB3AUTH_SIGNER)))).kind == "web3auth"
        assert found(gate, Request(bearer(access()))).kind == "access"
        assert found(gate, Request(bearer(access({"kid": "new"})))).error == "unknown_key"
        assert (privy.count, web3auth.count) == (2, 2)


@pytest.mark.parametrize(
    ("verifiers", "field"),
    [
        ((), "verifiers"),
        ((privy_verifier(),), "verifiers"),
        ((verifier(), privy_verifier()), "verifiers"),
        ((verifier(), verifier()), "verifiers"),
        ((verifier(), custom_verifier(issuer=SOCIAL_ISSUER)), "verifiers"),
        ((privy_verifier(sources=("cookie",)), verifier()), "sources"),
    ],
)
def test_wrong_combinations_are_refused(verifiers: tuple[Any, ...], field: str) -> None:
    """An error is raised at startup."""
    with pytest.raises(ConfigurationError) as refused:
        CombinedVerifier(*verifiers)
    assert refused.value.field == field
