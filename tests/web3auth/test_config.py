"""Settings that are rejected at startup, and the effect of valid ones."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.errors import ConfigurationError
from privy_middleware.verifiers.bearer import verifier_for
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthVerifier
from tests.support.signers import Signer
from tests.support.tokens import SIGNER
from tests.web3auth.support import CLIENT_ID, EXTERNAL, EXTERNAL_ISSUER, SOCIAL_ISSUER, config

KEYS = "https://keys.example.com/jwks"


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("client_id", {"client_id": ""}),
        ("client_id", {"client_id": "two words"}),
        ("client_id", {"client_id": None}),
        ("verification_key", {"verification_key": "not a key"}),
        ("jwks_url", {"verification_key": None, "jwks_url": "http://keys.example.com/jwks"}),
        ("sources", {"sources": ("header", "cookie")}),
        ("issuer", {"issuer": ()}),
        ("issuer", {"issuer": ""}),
        ("issuer", {"issuer": None}),
        ("issuer", {"issuer": ("web3auth.io", 1)}),
        ("issuer", {"issuer": "web3auth.io "}),
        ("issuer", {"issuer": ("web3auth.io", "web3auth.io")}),
        ("issuer", {"issuer": "privy.io"}),
        ("issuer", {"issuer": (SOCIAL_ISSUER, "privy.io")}),
        ("jwks_url", {"verification_key": None, "issuer": "web3auth.io"}),
        ("jwks_url", {"verification_key": None, "issuer": (SOCIAL_ISSUER, "web3auth.io")}),
        ("jwks_url", {"verification_key": {SOCIAL_ISSUER: SIGNER.pem}, "issuer": (SOCIAL_ISSUER, "web3auth.io")}),
        ("jwks_url", {"verification_key": None, "issuer": (SOCIAL_ISSUER, "web3auth.io"), "jwks_url": KEYS}),
        ("jwks_url", {"verification_key": None, "jwks_url": {"web3auth.io": KEYS}}),
        ("jwks_url", {"verification_key": None, "jwks_url": {SOCIAL_ISSUER: 1}}),
        ("jwks_url", {"verification_key": None, "jwks_url": {SOCIAL_ISSUER: "http://keys.example.com/jwks"}}),
        ("jwks_url", {"jwks_url": 1}),
        ("jwks_url", {"verification_key": None, "jwks_url": ""}),
        ("verification_key", {"issuer": (SOCIAL_ISSUER, "web3auth.io")}),
        ("verification_key", {"verification_key": {SOCIAL_ISSUER: SIGNER.pem, "web3auth.io": SIGNER.pem}}),
        ("verification_key", {"verification_key": {SOCIAL_ISSUER: "not a key"}}),
        ("external_issuers", {**EXTERNAL, "external_issuers": ("metamask", "metamask")}),
        ("external_issuers", {**EXTERNAL, "issuer": "metamask"}),
        ("external_issuers", {"external_audiences": ("app.example.com",)}),
        ("external_audiences", {"external_issuers": ("metamask",)}),
        ("external_issuers", {**EXTERNAL, "external_issuers": ("",)}),
        ("external_audiences", {**EXTERNAL, "external_audiences": (CLIENT_ID, 1)}),
        ("external_issuers", {**EXTERNAL, "external_issuers": (SOCIAL_ISSUER,)}),
        ("external_issuers", {**EXTERNAL, "external_issuers": ("metamask", "privy.io")}),
        ("external_max_age", {"external_max_age": True}),
        ("external_max_age", {"external_max_age": "86400"}),
        ("external_max_age", {"external_max_age": 0}),
        ("external_max_age", {"external_max_age": float("nan")}),
        ("external_max_age", {"external_max_age": 31 * 86400}),
        ("external_jwks_url", {"external_jwks_url": "ftp://authjs.web3auth.io/jwks"}),
        ("external_verification_key", {"external_verification_key": {"kty": "oct", "k": "AAAA"}}),
    ],
)
def test_wrong_settings_are_refused(field: str, settings: dict[str, Any]) -> None:
    """Each error names the setting, and none repeats key material."""
    with pytest.raises(ConfigurationError) as refused:
        config(**settings)
    assert refused.value.field == field


def test_the_client_id_is_never_optional() -> None:
    """Without an audience, tokens of any project would be accepted."""
    with pytest.raises(TypeError, match="client_id"):
        Web3AuthConfig()  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="client_id"):
        Web3AuthConfig.from_mapping({})


def test_the_environment_has_its_own_prefix() -> None:
    """Lists are separated by commas; variables with other prefixes are ignored."""
    key = Signer().pem.replace("\n", "\\n")
    found = Web3AuthConfig.from_env(
        {
            "WEB3AUTH_CLIENT_ID": CLIENT_ID,
            "WEB3AUTH_VERIFICATION_KEY": key,
            "WEB3AUTH_EXTERNAL_ISSUERS": f"{EXTERNAL_ISSUER}, metamask",
            "WEB3AUTH_EXTERNAL_AUDIENCES": "app.example.com",
            "PRIVY_CLIENT_ID": "another",
        }
    )
    assert found.client_id == CLIENT_ID
    assert set(found.key_sets) == {SOCIAL_ISSUER}
    assert found.issuers == (SOCIAL_ISSUER, EXTERNAL_ISSUER, "metamask")
    assert found.external_audiences == ("app.example.com",)


@pytest.mark.parametrize(
    ("issuer", "url", "expected"),
    [
        ("web3auth.io", KEYS, {"web3auth.io": KEYS}),
        (f"{SOCIAL_ISSUER}, web3auth.io", f'{{"web3auth.io": "{KEYS}"}}', {SOCIAL_ISSUER: None, "web3auth.io": KEYS}),
        (
            f"{SOCIAL_ISSUER},web3auth.io",
            f' {{"{SOCIAL_ISSUER}": "{KEYS}/1", "web3auth.io": "{KEYS}/2"}} ',
            {SOCIAL_ISSUER: f"{KEYS}/1", "web3auth.io": f"{KEYS}/2"},
        ),
    ],
)
def test_issuers_in_the_environment(issuer: str, url: str, expected: dict[str, str | None]) -> None:
    """One issuer is an address, several are a JSON object of addresses; the documented one needs no address."""
    environ = {"WEB3AUTH_CLIENT_ID": CLIENT_ID, "WEB3AUTH_ISSUER": issuer, "WEB3AUTH_JWKS_URL": url}
    found = Web3AuthConfig.from_env(environ)
    documented = "https://api-auth.web3auth.io/.well-known/jwks.json"
    assert found.social_issuers == tuple(expected)
    assert {each: found.jwks_url_of(each) for each in expected} == {
        each: address or documented for each, address in expected.items()
    }


@pytest.mark.parametrize("url", ["{", '{"web3auth.io": 1}', '{"web3auth.io": "u", "web3auth.io": "v"}', "{}{}"])
def test_a_wrong_object_in_the_environment(url: str) -> None:
    """The error names it like any other variable, and does not repeat its text."""
    environ = {"WEB3AUTH_CLIENT_ID": CLIENT_ID, "WEB3AUTH_JWKS_URL": url}
    with pytest.raises(ConfigurationError, match=r"^WEB3AUTH_JWKS_URL \(jwks_url: ") as refused:
        Web3AuthConfig.from_env(environ)
    assert url not in str(refused.value)


def test_a_wrong_variable_is_named() -> None:
    """The error contains the name of the variable."""
    with pytest.raises(ConfigurationError, match="WEB3AUTH_CLIENT_ID"):
        Web3AuthConfig.from_env({})


def test_a_configuration_gets_its_verifier() -> None:
    """The documented key addresses are used if no key is configured."""
    settings = Web3AuthConfig(client_id=CLIENT_ID)
    made = verifier_for(settings)
    assert isinstance(made, Web3AuthVerifier)
    assert made.settings is settings
    assert settings.jwks_url_of(SOCIAL_ISSUER) == "https://api-auth.web3auth.io/.well-known/jwks.json"
    assert settings.external_jwks_url == "https://authjs.web3auth.io/jwks"
    assert settings.issuers == (SOCIAL_ISSUER,)


def test_the_repr_shows_no_key() -> None:
    """It contains neither the configured key nor the parsed one."""
    shown = repr(config(**EXTERNAL))
    assert "BEGIN" not in shown
    assert "KeySet" not in shown
