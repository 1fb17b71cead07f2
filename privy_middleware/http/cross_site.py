"""Cross-site requests, which a browser sends with the user's cookies.

If the browser sends ``Sec-Fetch-Site``, it decides. If not, ``Origin`` must be the host's own or a trusted one
(OWASP CSRF prevention sheet; W3C Fetch Metadata).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from privy_middleware.errors import ConfigurationError
from privy_middleware.http.request import Request

__all__ = ["check_origin_setting", "is_cross_site", "is_unsafe"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SAME_SITE = frozenset({"same-origin", "none"})
_SCHEMES = {"ws": "http", "wss": "https"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
# As browsers write it: international names in their ASCII form, never a wildcard.
_HOST = re.compile(r"[a-z0-9._:-]+")


def is_unsafe(method: str) -> bool:
    """Return whether a method may change state (RFC 9110 §9.2.1)."""
    return method.upper() not in _SAFE_METHODS


def is_cross_site(request: Request, trusted: Collection[str]) -> bool:
    """Return whether a request comes from a site that is neither this host nor a trusted origin.

    A request with neither ``Sec-Fetch-Site`` nor ``Origin`` does not come from a browser and passes.
    """
    origins = set(request.values("origin"))
    sites = set(request.values("sec-fetch-site"))
    if sites and sites <= _SAME_SITE:
        return False
    if origins and origins <= set(trusted):
        return False
    if sites:
        return True
    return bool(origins) and not _is_own(origins, request.values("host"), request.scheme)


def _is_own(origins: set[str], hosts: list[str], scheme: str) -> bool:
    if len(origins) != 1 or len(set(hosts)) != 1:
        return False
    scheme = _SCHEMES.get(scheme, scheme)
    own = _origin_of(f"{scheme}://{hosts[0]}")
    return own is not None and _origin_of(*origins) == own


def _origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port (RFC 6454 §4), ``None`` if it is not a web origin."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment or not _HOST.fullmatch(parts.hostname):
        return None
    return parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port


def check_origin_setting(value: object, field: str) -> str:
    """Return an origin as browsers write it: scheme, host and, unless default, port.

    Raises:
        ConfigurationError: if the setting is not an origin.
    """
    origin = _origin_of(value) if isinstance(value, str) else None
    if origin is None:
        raise ConfigurationError(field, 'write each origin as "https://app.example.com", without a path or a wildcard')
    scheme, host, port = origin
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"
