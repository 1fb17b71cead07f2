"""Addresses, client options, and the times in HTTP headers."""

from __future__ import annotations

import email.utils
import ssl
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from privy_middleware import PrivyConfig
from privy_middleware.errors import ConfigurationError
from privy_middleware.fetching.client import (
    check_client_options,
    check_jwks_url,
    client_settings,
    is_weakened,
    max_age_of,
    retry_after_of,
)
from tests.support.certificates import Authority
from tests.support.signers import Signer

_URL = "https://auth.privy.io/api/v1/apps/x/jwks.json"


@pytest.mark.parametrize(
    "url",
    [
        _URL,
        "HTTPS://auth.privy.io/jwks.json?app=1",
        "https://10.0.0.1:8443/",
        "https://127.0.0.1/jwks",
        "http://127.0.0.1:8000/jwks",
        "http://127.8.9.10/jwks",
        "http://localhost:8000/jwks",
        "http://LOCALHOST/jwks",
        "http://[::1]:8000/jwks",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    """Any ``https`` address is accepted, and ``http`` on loopback."""
    assert check_jwks_url(url, "jwks_url") == url


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("http://auth.privy.io/jwks", "use https"),
        ("http://localhost.example.com/", "use https"),
        ("http://example.localhost/", "use https"),
        ("http://127.0.0.1.example.com/", "use https"),
        ("http://128.0.0.1/", "use https"),
        ("http://0.0.0.0/", "use https"),
        ("http://[::]/", "use https"),
        ("http://10.0.0.1/", "use https"),
        ("file:///etc/passwd", "host"),
        ("file://localhost/etc/passwd", "use https"),
        ("ftp://127.0.0.1/jwks", "use https"),
        ("data:application/json,{}", "host"),
        ("ws://127.0.0.1/jwks", "use https"),
        ("//auth.privy.io/jwks", "use https"),
        ("auth.privy.io/jwks", "host"),
        ("https:///jwks", "host"),
        ("https://", "host"),
        ("", "host"),
        ("https://user:secret@auth.privy.io/jwks", "leave out user"),
        ("https://user@auth.privy.io/jwks", "leave out user"),
        ("https://auth.privy.io/jwks#top", "leave out the fragment"),
        ("https://auth.privy.io/jwks#", "leave out the fragment"),
        ("https://auth.privy.io /jwks", "spaces"),
        ("https://auth.privy.io/jwks\n", "spaces"),
        ("https://auth.privy.io\\@127.0.0.1/", "spaces"),
        ("https://auth.privy.io:port/", "give an address"),
        ("https://[::1/", "give an address"),
        (None, "give an address"),
        (b"https://auth.privy.io", "give an address"),
    ],
)
def test_addresses_that_are_refused(url: Any, fix: str) -> None:
    """Other addresses are rejected with a message that says how to fix it, and that does not repeat a secret."""
    with pytest.raises(ConfigurationError, match=f"^jwks: .*{fix}") as caught:
        check_jwks_url(url, "jwks")
    assert "secret" not in str(caught.value)


def test_settings() -> None:
    """Options are passed to the clients, except for ``Accept-Encoding``."""
    options = {"proxy": "http://127.0.0.1:3128", "headers": {"X-Own": "1", "Accept-Encoding": "br"}, "trust_env": False}
    settings = client_settings(_URL, options)
    assert settings["proxy"] == options["proxy"]
    assert settings["trust_env"] is False
    assert settings["headers"]["x-own"] == "1"
    assert settings["headers"]["accept-encoding"] == "gzip"
    assert settings["headers"]["user-agent"] == "privy-middleware"


def test_certificates_are_checked() -> None:
    """By default the system's certificate authorities are trusted, and host names are checked."""
    context = client_settings(_URL, {})["verify"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_no_authorities_are_read_for_loopback() -> None:
    """Plain ``http`` needs no certificate authorities, and loading them takes time."""
    assert client_settings("http://127.0.0.1/", {})["verify"].get_ca_certs() == []


def test_own_authorities(tmp_path: Path) -> None:
    """The path of a bundle, a directory of certificates or an own context sets the trusted authorities."""
    bundle = Authority(tmp_path).bundle
    for given in (bundle, str(bundle)):
        assert len(client_settings(_URL, {"verify": given})["verify"].get_ca_certs()) == 1
    assert client_settings(_URL, {"verify": tmp_path})["verify"].verify_mode is ssl.CERT_REQUIRED
    context = ssl.create_default_context()
    assert client_settings(_URL, {"verify": context})["verify"] is context


def _lax(mode: ssl.VerifyMode = ssl.CERT_NONE) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = mode
    return context


def _proxy(context: ssl.SSLContext | None) -> httpx2.Proxy:
    return httpx2.Proxy("https://127.0.0.1:3128", ssl_context=context)


_WEAK = "certificates and host names are always checked: set check_hostname"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"follow_redirects": True}, "only these can be set: auth, cookies, headers"),
        ({"timeout": None}, "only these"),
        ({"transport": httpx2.HTTPTransport()}, "only these"),
        ({5: 6}, "only these"),
        ([("proxy", "x")], "only these"),
        ({"verify": False}, "certificates are always checked"),
        ({"verify": None}, "certificates are always checked"),
        ({"verify": _lax()}, _WEAK),
        ({"verify": _lax(ssl.CERT_OPTIONAL)}, _WEAK),
        ({"verify": _lax(ssl.CERT_REQUIRED)}, _WEAK),
        ({"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}, _WEAK),
        ({"proxy": _proxy(_lax())}, _WEAK),
        ({"proxy": _proxy(_lax(ssl.CERT_REQUIRED))}, _WEAK),
        ({"proxy": _proxy(_lax()), "verify": ssl.create_default_context()}, _WEAK),
        ({"verify": 1}, "certificates are always checked"),
        ({"verify": b"bundle.pem"}, "certificates are always checked"),
        ({"mounts": {"all://": httpx2.HTTPTransport()}}, "only these"),
        ({"verify": "/nowhere/at/all.pem"}, "FileNotFoundError"),
        ({"proxy": "nonsense://x"}, "ValueError"),
        ({"headers": 5}, "TypeError"),
    ],
)
def test_options_that_are_refused(options: Any, problem: str) -> None:
    """Options that would make a fetch insecure, and unknown options, raise a ``ConfigurationError``."""
    with pytest.raises(ConfigurationError, match=f"^client_options: .*{problem}") as caught:
        client_settings(_URL, options)
    assert caught.value.__cause__ is None


def test_contexts_that_are_taken() -> None:
    """A context that checks everything is accepted, also for a proxy, which can also have none."""
    strict = ssl.create_default_context()
    for options in ({"verify": strict}, {"proxy": _proxy(strict)}, {"proxy": _proxy(None), "verify": strict}):
        check_client_options(options)
        assert client_settings(_URL, options)["proxy" if "proxy" in options else "verify"]


@pytest.mark.parametrize("options", [{"verify": _lax()}, {"proxy": _proxy(_lax())}, {"timeout": 1}, {"verify": False}])
def test_configurations_that_are_refused(options: dict[str, Any]) -> None:
    """A configuration rejects the same options as a fetch, even if it never fetches."""
    for key in (None, Signer().pem):
        with pytest.raises(ConfigurationError, match=r"^client_options: "):
            PrivyConfig(app_id="app", client_options=options, verification_key=key)


@pytest.mark.parametrize("where", ["verify", "proxy"])
def test_weakened(where: str) -> None:
    """A context is checked in its current state, not as it was before."""
    context = ssl.create_default_context()
    options = {"verify": context} if where == "verify" else {"proxy": _proxy(context)}
    assert not is_weakened(options)
    context.check_hostname = False
    assert is_weakened(options)
    context.verify_mode = ssl.CERT_NONE
    assert is_weakened(options)
    context.check_hostname = True
    assert not is_weakened(options)


@pytest.mark.parametrize(
    ("cache_control", "age", "seconds"),
    [
        ("max-age=600", "", 600),
        ("public, max-age=600, immutable", "", 600),
        ('Max-Age="600"', "", 600),
        ("max-age = 600", "", 600),
        ("max-age=600", "100", 500),
        ("max-age=600", "700", 0),
        ("max-age=600", "old", 600),
        ("max-age=0", "", None),
        ("max-age=", "", None),
        ("max-age=-5", "", None),
        ("max-age=soon", "", None),
        ("no-store, max-age=600", "", None),
        ("no-cache, max-age=600", "", None),
        ("", "", None),
    ],
)
def test_max_age(cache_control: str, age: str, seconds: float | None) -> None:
    """A response is fresh for ``max-age`` less ``Age``, unless it must not be stored (RFC 9111 §4.2)."""
    assert max_age_of(httpx2.Headers({"cache-control": cache_control, "age": age})) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17.0), ("0", 0.0), ("", None), ("soon", None), ("-5", None), ("99999999999", None), ("1e3", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """``Retry-After`` can be a number of seconds; invalid values are ignored."""
    assert retry_after_of(httpx2.Headers({"retry-after": value})) == seconds


def test_retry_after_as_a_date() -> None:
    """``Retry-After`` can be a date (RFC 9110 §10.2.3), and a date in the past means now."""
    later = email.utils.formatdate(time.time() + 3600, usegmt=True)
    wish = retry_after_of(httpx2.Headers({"retry-after": later}))
    assert wish is not None
    assert 3000 < wish <= 3600
    assert retry_after_of(httpx2.Headers({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})) == 0.0


@pytest.mark.parametrize("date", ["Wed, 99 Oct 2015 07:28:00 GMT", "1 1 1 1 1 1"])
def test_retry_after_as_nonsense(date: str) -> None:
    """An invalid date is ignored."""
    assert retry_after_of(httpx2.Headers({"retry-after": date})) is None
