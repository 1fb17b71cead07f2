"""Settings: a mistake is reported at startup, with the field and how to fix it."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from privy_middleware import ConfigurationError, PrivyConfig
from privy_middleware.config import RequestSettings
from privy_middleware.http.credentials import TokenLocation
from tests.support.signers import Signer
from tests.support.tokens import APP_ID, SIGNER, config

PRIVATE_PEM = SIGNER.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def spki(key: Any) -> str:
    """Return a public key as PEM."""
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_the_defaults() -> None:
    """The defaults are secure."""
    settings = PrivyConfig(app_id=APP_ID)
    assert settings.leeway == 10
    assert settings.max_token_bytes == 16384
    assert settings.sources == ("header", "cookie")
    assert (settings.on_missing, settings.on_invalid) == ("anonymous", "reject")
    assert (settings.key_cooldown, settings.key_grace) == (30, 86400)
    assert settings.app_ids == (APP_ID,)
    assert settings.jwks_url_of(APP_ID) == f"https://auth.privy.io/api/v1/apps/{APP_ID}/jwks.json"
    assert settings.locations == (
        TokenLocation("identity", "privy-id-token", "privy-id-token"),
        TokenLocation("access", "authorization", "privy-token", bearer=True),
    )


def test_settings_are_frozen() -> None:
    """Settings cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        config().leeway = 60  # type: ignore[misc]


def test_repr_hides_keys_and_secrets() -> None:
    """A configuration can be logged."""
    text = repr(config(app_secret="a-secret-to-hide", key_cache_secret="a-secret-to-hide" * 2))
    assert APP_ID in text
    assert "hide" not in text
    assert SIGNER.jwk["x"] not in text


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("app_id", None, "copy the app id"),
        ("app_id", "", "copy the app id"),
        ("app_id", 1, "copy the app id"),
        ("app_id", b"test-app", "copy the app id"),
        ("app_id", (), "copy the app id"),
        ("app_id", ["a", ""], "copy the app id"),
        ("app_id", ["a", None], "copy the app id"),
        ("app_id", "test app", "exactly"),
        ("app_id", "test-app\n", "exactly"),
        ("app_id", "a/b", "exactly"),
        ("app_id", ["a", "a"], "once"),
        ("verification_key", "", "it is empty"),
        ("verification_key", "garbage", "copy the verification key"),
        ("verification_key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "copy the verification key"),
        ("verification_key", 1, "wrong type"),
        ("verification_key", PRIVATE_PEM, "private"),
        ("verification_key", {**SIGNER.jwk, "d": "AA"}, "private"),
        ("verification_key", {"kty": "oct", "k": "AAAA"}, "private"),
        ("verification_key", spki(ec.generate_private_key(ec.SECP384R1())), "ES256"),
        ("verification_key", spki(ec.generate_private_key(ec.SECP256K1())), "ES256"),
        ("verification_key", spki(ed25519.Ed25519PrivateKey.generate()), "ES256"),
        ("verification_key", spki(rsa.generate_private_key(65537, 2048)), "ES256"),
        ("verification_key", "https://auth.privy.io/jwks.json", "jwks_url"),
        ("verification_key", {"keys": []}, "no usable key"),
        ("jwks_url", "http://auth.privy.io/jwks.json", "https"),
        ("jwks_url", "file:///etc/passwd", "https"),
        ("jwks_url", "ftp://auth.privy.io/", "https"),
        ("jwks_url", "auth.privy.io", "https"),
        ("jwks_url", 1, "give an address"),
        ("jwks_url", {"test-app": 1}, "give an address"),
        ("jwks_url", {"other": "https://a.example/"}, "one of the app ids"),
        ("jwks_url", {"test-app": "http://a.example/"}, "https"),
        ("tokens", (), "identity"),
        ("tokens", ("web3auth",), "identity"),
        ("tokens", ("identity", "web3auth"), "identity"),
        ("tokens", [["identity"]], "identity"),
        ("tokens", None, "list"),
        ("identity_header", "", "HTTP field name"),
        ("identity_header", "a b", "HTTP field name"),
        ("identity_header", "a:b", "HTTP field name"),
        ("identity_header", None, "HTTP field name"),
        ("access_header", "a\n", "HTTP field name"),
        ("identity_header", "Authorization", "differ"),
        ("identity_cookie", "", "cookie name"),
        ("identity_cookie", "a=b", "cookie name"),
        ("identity_cookie", None, "cookie name"),
        ("access_cookie", "a;b", "cookie name"),
        ("identity_cookie", "privy-token", "differ"),
        ("sources", (), "header"),
        ("sources", ("query",), "header"),
        ("sources", ("header", "query"), "header"),
        ("sources", ("header", "header"), "once"),
        ("sources", [["header"]], "header"),
        ("sources", None, "list"),
        ("on_missing", "ignore", "anonymous"),
        ("on_invalid", None, "anonymous"),
        ("trusted_origins", ["https://a.example/path"], "without a path"),
        ("trusted_origins", ["*"], "wildcard"),
        ("trusted_origins", 1, "list"),
        ("leeway", -1, "from 0 to 60"),
        ("leeway", 61, "from 0 to 60"),
        ("leeway", True, "number"),
        ("leeway", "10", "number"),
        ("leeway", math.nan, "number"),
        ("max_token_bytes", 255, "number"),
        ("max_token_bytes", 1 << 21, "number"),
        ("max_token_bytes", 1024.5, "whole"),
        ("token_cache_size", -1, "number"),
        ("token_cache_size", 0.5, "whole"),
        ("token_cache_bytes", 65535, "number"),
        ("token_cache_bytes", 1e6, "whole"),
        ("token_cache_bytes", True, "number"),
        ("token_cache_seconds", math.inf, "number"),
        ("key_lifetime", 59, "number"),
        ("key_grace", -1, "number"),
        ("key_cooldown", 0, "number"),
        ("key_timeout", 0, "number"),
        ("fail_fast", "no", "True or False"),
        ("is_revoked", "no", "callable"),
        ("on_refused", 1, "callable"),
        ("client_options", [], "dict"),
        ("client_options", {"timeout": 1}, "only these can be set"),
        ("client_options", {"verify": False}, "certificates are always checked"),
        ("refresh_url", "refresh", "/refresh"),
        ("refresh_url", "//evil.example", "/refresh"),
        ("refresh_url", "/\\evil.example", "/refresh"),
        ("refresh_url", "javascript:alert(1)", "/refresh"),
        ("refresh_url", 1, "/refresh"),
        ("login_url", "", "/refresh"),
        ("login_url", "/login\r\nSet-Cookie: a=b", "percent-encoded"),
        ("login_url", "/sign in", "percent-encoded"),
        ("login_url", "/anmelden/für-alle", "percent-encoded"),
        ("refresh_url", "https://example.com\\@other.example", "percent-encoded"),
        ("key_cache_secret", "", "32 characters"),
        ("key_cache_secret", "too-short", "openssl rand"),
        ("key_cache_secret", [], "32 characters"),
        ("key_cache_secret", ["s" * 32, b"s" * 32], "32 characters"),
        ("key_cache_secret", 1, "32 characters"),
        ("app_secret", "", "app secret"),
        ("app_secret", 1, "app secret"),
        ("app_secret", "a secret", "exactly"),
        ("app_secret", {"other": "s"}, "one of the app ids"),
        ("app_secret", {"test-app": ""}, "app secret"),
    ],
)
def test_wrong_values(field: str, value: Any, fix: str) -> None:
    """A ``ConfigurationError`` names the field and how to fix it, and never contains key material."""
    settings = {"app_id": APP_ID, field: value}
    with pytest.raises(ConfigurationError, match=rf"^{field}: .*({fix})") as caught:
        PrivyConfig(**settings)
    assert caught.value.field == field
    assert SIGNER.jwk["x"] not in str(caught.value)
    if field not in ("verification_key", "is_revoked", "on_refused"):
        with pytest.raises(ConfigurationError, match=f"^{field}: "):
            PrivyConfig.from_mapping({"APP_ID": APP_ID, field: value} if field != "app_id" else {"app_id": value})


def test_limits_are_allowed() -> None:
    """Values at the limits are valid."""
    config(leeway=0, max_token_bytes=256, token_cache_size=0, token_cache_seconds=0, key_grace=0, key_timeout=0.1)
    config(leeway=60, max_token_bytes=1 << 20, token_cache_size=1 << 24, token_cache_seconds=86400, key_lifetime=60)


def test_bytes_of_the_token_cache() -> None:
    """They can be set in a mapping or in the environment, as an integer."""
    assert PrivyConfig.from_mapping({"APP_ID": "app", "TOKEN_CACHE_BYTES": 65536}).token_cache_bytes == 65536
    environ = {"PRIVY_APP_ID": "app", "PRIVY_TOKEN_CACHE_BYTES": "1000000"}
    assert PrivyConfig.from_env(environ).token_cache_bytes == 1_000_000
    for wrong in ("1e6", "1000000.0", "64 MiB", "1"):
        with pytest.raises(ConfigurationError, match=r"^PRIVY_TOKEN_CACHE_BYTES \("):
            PrivyConfig.from_env({**environ, "PRIVY_TOKEN_CACHE_BYTES": wrong})


def test_one_string_for_a_list() -> None:
    """For a setting that is a list, a string is a list with one item."""
    settings = config(sources="cookie", tokens="identity", trusted_origins="https://a.example:443")
    assert settings.sources == ("cookie",)
    assert settings.tokens == ("identity",)
    assert settings.trusted_origins == ("https://a.example",)


def test_places_of_one_kind() -> None:
    """If only one kind of token is accepted, the places of the other kind are not checked."""
    settings = config(tokens=("identity",), identity_header="Authorization", identity_cookie="privy-token")
    assert settings.locations == (TokenLocation("identity", "authorization", "privy-token", bearer=True),)
    assert config(tokens=("access",), access_header="X-Token").locations == (
        TokenLocation("access", "x-token", "privy-token"),
    )


def test_several_apps() -> None:
    """Each app has its own keys, configured or fetched."""
    other = Signer("other")
    settings = PrivyConfig.from_mapping(
        {"app_id": ["a", "b"], "verification_key": {"a": SIGNER.pem}, "jwks_url": {"b": "https://b.example/k"}}
    )
    assert settings.app_ids == ("a", "b")
    assert set(settings.key_sets) == {"a"}
    assert settings.jwks_url_of("b") == "https://b.example/k"
    assert settings.jwks_url_of("a") == "https://auth.privy.io/api/v1/apps/a/jwks.json"
    templated = PrivyConfig(app_id=("a", "b"), jwks_url="https://k.example/{app_id}/jwks.json")
    assert templated.jwks_url_of("b") == "https://k.example/b/jwks.json"
    both = PrivyConfig(app_id=("a", "b"), verification_key={"a": SIGNER.pem, "b": other.jwk})
    assert set(both.key_sets) == {"a", "b"}
    assert PrivyConfig(app_id=("a",), verification_key=SIGNER.pem).key_sets["a"].keys


def test_secrets_of_several_apps() -> None:
    """Each app has its own secret, or none."""
    keys = {"a": SIGNER.pem, "b": SIGNER.pem}
    settings = PrivyConfig(app_id=("a", "b"), verification_key=keys, app_secret={"a": "s"})
    assert (settings.app_secret_of("a"), settings.app_secret_of("b")) == ("s", None)
    assert config(app_secret="s").app_secret_of(APP_ID) == "s"
    assert config().app_secret_of(APP_ID) is None
    with pytest.raises(ConfigurationError, match=r"^app_secret: for several apps"):
        PrivyConfig(app_id=("a", "b"), verification_key=keys, app_secret="s")


@pytest.mark.parametrize("material", [SIGNER.pem, {"keys": [SIGNER.jwk]}, {"a": SIGNER.pem, "c": SIGNER.pem}])
def test_several_apps_do_not_share_a_key_by_mistake(material: Any) -> None:
    """The settings must say which key belongs to which app."""
    with pytest.raises(ConfigurationError, match=r"^verification_key: .*app id"):
        PrivyConfig(app_id=("a", "b"), verification_key=material)


def test_from_mapping() -> None:
    """Names can be in upper or lower case, as in Django's and Flask's settings."""
    settings = PrivyConfig.from_mapping({"APP_ID": APP_ID, "leeway": 5, "Sources": ["cookie"]})
    assert (settings.app_id, settings.leeway, settings.sources) == (APP_ID, 5, ("cookie",))


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "app_id: set it, as it is required"),
        ({"APP_IDD": "a"}, 'APP_IDD: is not a setting; did you mean "APP_ID"'),
        ({"PRIVY_LEEWAY": 1}, 'PRIVY_LEEWAY: is not a setting; did you mean "LEEWAY"'),
        ({"zzzzzz": 1}, "zzzzzz: is not a setting$"),
        ({1: 1}, "1: is not a setting$"),
        ({"APP_ID": "a", "app_id": "b"}, "app_id: the setting is given twice"),
        ({"APP_ID": "a", "KEY_SETS": {}}, "KEY_SETS: is not a setting"),
        ([("APP_ID", "a")], "settings: give a dict"),
        ("APP_ID=a", "settings: give a dict"),
    ],
)
def test_wrong_mappings(mapping: Any, message: str) -> None:
    """An unknown setting raises an error that suggests the right name."""
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        PrivyConfig.from_mapping(mapping)


def test_from_env() -> None:
    """Each type is parsed from text; empty variables count as unset, and other variables are ignored."""
    environ = {
        "PRIVY_APP_ID": " test-app ",
        "PRIVY_VERIFICATION_KEY": json.dumps({"keys": [SIGNER.jwk]}),
        "PRIVY_JWKS_URL": "",
        "PRIVY_TOKENS": "identity, access,",
        "PRIVY_LEEWAY": "2.5",
        "PRIVY_MAX_TOKEN_BYTES": "4096",
        "PRIVY_FAIL_FAST": "Yes",
        "PRIVY_APP_SECRET": "s",
        "PRIVY_CLIENT_OPTIONS": "ignored",
        "PRIVY_SOMETHING_ELSE": "1",
        "PRIVY_KEY_SETS": "ignored",
    }
    settings = PrivyConfig.from_env(environ)
    assert (settings.app_id, settings.jwks_url, settings.app_secret) == (APP_ID, None, "s")
    assert (settings.leeway, settings.max_token_bytes, settings.fail_fast) == (2.5, 4096, True)
    assert settings.tokens == ("identity", "access")
    assert APP_ID in settings.key_sets
    assert PrivyConfig.from_env({"X_APP_ID": "a, b"}, prefix="X_").app_id == ("a", "b")
    assert not PrivyConfig.from_env({"PRIVY_APP_ID": "a", "PRIVY_FAIL_FAST": "off"}).fail_fast


def test_objects_in_the_environment() -> None:
    """A dict by app ID is a JSON object in the environment."""
    environ = {
        "PRIVY_APP_ID": "a,b",
        "PRIVY_JWKS_URL": '{"b": "https://b.example/k"}',
        "PRIVY_APP_SECRET": '{"a": "one", "b": "two"}',
    }
    settings = PrivyConfig.from_env(environ)
    assert settings.jwks_url_of("a") == "https://auth.privy.io/api/v1/apps/a/jwks.json"
    assert settings.jwks_url_of("b") == "https://b.example/k"
    assert (settings.app_secret_of("a"), settings.app_secret_of("b")) == ("one", "two")
    with pytest.raises(ConfigurationError, match=r"^PRIVY_APP_SECRET \(app_secret: ") as caught:
        PrivyConfig.from_env({"PRIVY_APP_ID": "a", "PRIVY_APP_SECRET": '{"a": "a-secret-to-hide"'})
    assert "hide" not in str(caught.value)


@pytest.mark.parametrize(("words", "value"), [("1 true YES On", True), ("0 false NO Off", False)])
def test_flags_in_the_environment(words: str, value: bool) -> None:
    """Common words for true and false are accepted."""
    for word in words.split():
        assert PrivyConfig.from_env({"PRIVY_APP_ID": "a", "PRIVY_FAIL_FAST": word}).fail_fast is value


def test_from_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the environment of the process is read."""
    monkeypatch.setenv("PRIVY_APP_ID", "from-the-environment")
    assert PrivyConfig.from_env().app_id == "from-the-environment"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "PRIVY_APP_ID .*is required"),
        ({"PRIVY_APP_ID": "  "}, "PRIVY_APP_ID .*is required"),
        ({"PRIVY_APP_ID": ","}, "PRIVY_APP_ID .*copy the app id"),
        ({"PRIVY_APP_ID": "a", "PRIVY_LEEWAY": "ten"}, "PRIVY_LEEWAY .*set a number"),
        ({"PRIVY_APP_ID": "a", "PRIVY_LEEWAY": "100"}, "PRIVY_LEEWAY .*from 0 to 60"),
        ({"PRIVY_APP_ID": "a", "PRIVY_MAX_TOKEN_BYTES": "1e4"}, "PRIVY_MAX_TOKEN_BYTES .*set a number"),
        ({"PRIVY_APP_ID": "a", "PRIVY_FAIL_FAST": "maybe"}, "PRIVY_FAIL_FAST .*true"),
        ({"PRIVY_APP_ID": "a", "PRIVY_JWKS_URL": "http://a.example"}, "PRIVY_JWKS_URL .*https"),
        ({"PRIVY_APP_ID": "a", "PRIVY_VERIFICATION_KEY": PRIVATE_PEM}, "PRIVY_VERIFICATION_KEY .*private"),
        ({"PRIVY_APP_ID": "a", "PRIVY_SOURCES": "query"}, "PRIVY_SOURCES .*header"),
    ],
)
def test_wrong_variables(environ: dict[str, str], message: str) -> None:
    """The message names the variable."""
    with pytest.raises(ConfigurationError, match=f"^{message}") as caught:
        PrivyConfig.from_env(environ)
    assert environ.get("PRIVY_VERIFICATION_KEY", "nothing") not in str(caught.value)


def test_settings_of_no_family_have_no_places() -> None:
    """Each token family defines the places of its tokens."""
    with pytest.raises(NotImplementedError):
        _ = RequestSettings().locations
