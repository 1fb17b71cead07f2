"""Addresses on this machine: where the issuer listens, and where it sends browsers and webhooks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from privy_middleware.development.hosts import LOOPBACK_HOST, PORT
from privy_middleware.development.web import Refused
from privy_middleware.errors import ConfigurationError
from privy_middleware.http.redirects import is_local

__all__ = ["Return", "app_origin", "is_loopback_url", "loopback_address", "page_url", "read_return"]

_LOOPBACK_V4 = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = ipaddress.IPv6Address("::1")
# Only characters that every browser reads in the same way: no backslash, which is a slash for browsers.
_URL = re.compile(rf"(?P<origin>https?://{LOOPBACK_HOST}(?::{PORT})?)(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE)


def loopback_address(host: str) -> str:
    """Return the loopback IP address of ``host``.

    ``localhost`` is not looked up (RFC 6761 §6.3), and no other names are accepted, because a name server can change
    its answer at any time.

    Raises:
        ConfigurationError: if ``host`` is not ``localhost``, ``::1`` or an address in 127.0.0.0/8.
    """
    with suppress(ValueError):
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
        if address == _LOOPBACK_V6 or address in _LOOPBACK_V4:
            return str(address)
    raise ConfigurationError("host", "only loopback is allowed here; use 127.0.0.1, ::1 or localhost")


def is_loopback_url(url: str) -> bool:
    """Return whether a URL is an http(s) address on this machine, without a user name."""
    return _URL.fullmatch(url) is not None


def app_origin(url: str) -> str:
    """Return the scheme, host and port of an app on this machine.

    Raises:
        ConfigurationError: if the URL is not an address on this machine.
    """
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        raise ConfigurationError("app", 'give the address of an app on this machine, such as "http://localhost:8000"')
    return match["origin"].lower()


def page_url(url: str, page: str, app: str) -> str:
    """Return the URL of a page of the issuer at ``url`` for an app, under the host name of the app if possible.

    A browser sends a cookie only to the host name that set it (RFC 6265 §5.3).

    Raises:
        ConfigurationError: if ``app`` is not an address on this machine.
    """
    origin, issuer = app_origin(app), urlsplit(url)
    host = "localhost" if urlsplit(origin).hostname == "localhost" else issuer.netloc.rpartition(":")[0]
    return f"http://{host}:{issuer.port}/{page}?app={origin}"


class Return(NamedTuple):
    """Where a browser goes back to.

    Attributes:
        url: the absolute URL, or ``None`` if it stays.
        fields: the parameters that name it.
    """

    url: str | None
    fields: Mapping[str, str]

    @property
    def host(self) -> str | None:
        """Return the host name, without a port."""
        return None if self.url is None else urlsplit(self.url).hostname

    def on(self, page: str) -> str:
        """Return the address of a page of the issuer with the parameters."""
        return f"{page}?{urlencode(self.fields)}" if self.fields else page


def read_return(parameters: Mapping[str, str]) -> Return:
    """Return where to go back to: ``redirect_uri``, a URL, or a path of the address in ``app``.

    Raises:
        Refused: if it is not an address on this machine.
    """
    target, app = parameters.get("redirect_uri", ""), parameters.get("app", "")
    fields = {name: parameters[name] for name in ("redirect_uri", "app") if parameters.get(name)}
    if not target and not app:
        return Return(None, fields)
    try:
        url = app_origin(app) + (target or "/") if app and (not target or is_local(target)) else target
    except ConfigurationError:
        raise Refused(HTTPStatus.BAD_REQUEST, f"app is wrong. {_ADVICE}") from None
    if not app and is_local(target):
        raise Refused(HTTPStatus.BAD_REQUEST, f"redirect_uri is a path, but of which app? {_ADVICE}")
    if not is_loopback_url(url):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "redirect_uri must be an address on this machine: http://localhost, http://127.0.0.1 or http://[::1].",
        )
    return Return(url, fields)


_ADVICE = "Add the address of your app to the page that it sends browsers to, such as /login?app=http://localhost:8000"
