"""Addresses, client options, and the times in HTTP headers."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx2
import pytest

from privy_middleware import PrivyConfig
from privy_middleware.errors import ConfigurationError
from privy_middleware.fetching.client_options import check_client_options, client_settings, is_weakened
from tests.support.certificates import Authority
from tests.support.signers import Signer

_URL = "https://auth.privy.io/api/v1/apps/x/jwks.json"


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
