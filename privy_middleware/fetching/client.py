"""What may be fetched, with which client options, and what HTTP says about how long an answer holds."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from privy_middleware.errors import ConfigurationError

__all__ = ["check_client_options", "check_jwks_url", "client_settings", "is_weakened", "max_age_of", "retry_after_of"]

_OPTIONS = frozenset({"auth", "cookies", "headers", "http2", "limits", "params", "proxy", "trust_env", "verify"})
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?([0-9]{1,9})\"?")
_SECONDS = re.compile(r"[0-9]{1,9}")
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f\\]")


def check_jwks_url(url: str, field: str) -> str:
    """Return the address of a key set: https, or http on this machine only.

    Raises:
        ConfigurationError: naming ``field`` and the mend.
    """
    parsed = _parse(url, field)
    if parsed.userinfo:
        raise ConfigurationError(field, "leave out user and password: use client_options for credentials")
    if parsed.fragment or "#" in url:
        raise ConfigurationError(field, "leave out the fragment (#…): it is never sent")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_loopback(parsed.host)):
        raise ConfigurationError(field, "use https: plain http is for loopback addresses only")
    return url


def _parse(url: str, field: str) -> httpx2.URL:
    if not isinstance(url, str) or _NOT_IN_ADDRESSES.search(url):
        raise ConfigurationError(field, "give an address such as https://host/path, without spaces")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise ConfigurationError(field, "give an address such as https://host/path") from None
    if not parsed.host:
        raise ConfigurationError(field, "name a host: https://host/path")
    return parsed


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_client_options(options: Mapping[str, Any]) -> None:
    """Require that all options may be set, and that none switches off the check of certificates or host names.

    Raises:
        ConfigurationError: an option may not be set, or switches one of these checks off.
    """
    if not isinstance(options, Mapping) or not _OPTIONS.issuperset(options):
        raise ConfigurationError("client_options", f"only these can be set: {', '.join(sorted(_OPTIONS))}")
    verify = options.get("verify", True)
    if verify is not True and not isinstance(verify, str | os.PathLike | ssl.SSLContext):
        fix = "certificates are always checked: give the path of a CA bundle, or an ssl.SSLContext"
        raise ConfigurationError("client_options", f"verify: {fix}")
    if is_weakened(options):
        fix = "set check_hostname and verify_mode=ssl.CERT_REQUIRED on each SSLContext, including a proxy's"
        raise ConfigurationError("client_options", f"certificates and host names are always checked: {fix}")


def is_weakened(options: Mapping[str, Any]) -> bool:
    """Return whether a TLS context in the options, or a proxy's, does not check certificates and host names now.

    The app can change a context at any time, so this has to be checked again before each use.
    """
    contexts = (options.get("verify"), getattr(options.get("proxy"), "ssl_context", None))
    return not all(_checks(each) for each in contexts if isinstance(each, ssl.SSLContext))


def _checks(context: ssl.SSLContext) -> bool:
    return context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def client_settings(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings for httpx2's clients, sync and async alike, with the TLS context built once.

    Building one for each fetch would load the CA bundle on the event loop each time.

    Raises:
        ConfigurationError: as ``check_client_options``, or because httpx2 does not take an option's value.
    """
    check_client_options(options)
    try:
        headers = httpx2.Headers({"accept": "application/json", "user-agent": "privy-middleware"})
        headers.update(options.get("headers"))
        headers["accept-encoding"] = "gzip"
        settings = {**options, "headers": headers, "verify": _tls_context(url, options)}
        httpx2.Client(**settings).close()
    except Exception as error:
        problem = f"httpx2 does not take them ({type(error).__name__}): see its documentation"
        raise ConfigurationError("client_options", problem) from None
    return settings


def _tls_context(url: str, options: Mapping[str, Any]) -> ssl.SSLContext:
    verify: bool | str | os.PathLike[str] | ssl.SSLContext = options.get("verify", True)
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, str | os.PathLike):
        folder = os.path.isdir(verify)
        return ssl.create_default_context(cafile=None if folder else verify, capath=verify if folder else None)
    if url.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.create_ssl_context(trust_env=options.get("trust_env", True))


def max_age_of(headers: httpx2.Headers) -> float | None:
    """Return for how many seconds an answer is fresh, if it says so (RFC 9111 §4.2)."""
    directives = headers.get("cache-control", "").lower()
    match = _MAX_AGE.search(directives)
    if match is None or "no-store" in directives or "no-cache" in directives:
        return None
    age = headers.get("age", "").strip()
    spent = int(age) if _SECONDS.fullmatch(age) else 0
    return float(max(0, int(match[1]) - spent)) if int(match[1]) else None


def retry_after_of(headers: httpx2.Headers) -> float | None:
    """Return in how many seconds the server wants to be asked again (RFC 9110 §10.2.3)."""
    wish = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(wish):
        return float(wish)
    try:
        return max(0.0, parsedate_to_datetime(wish).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
