"""The URLs that may be fetched: https, or http on loopback."""

from __future__ import annotations

import ipaddress
import re

import httpx2

from privy_middleware.errors import ConfigurationError

__all__ = ["check_fetch_url"]

_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")


def check_fetch_url(url: str, field: str) -> str:
    """Return a URL of the configuration if it may be fetched: it is https, or http on loopback.

    Raises:
        ConfigurationError: if it is anything else, naming ``field`` and the fix.
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
    if not isinstance(url, str) or _NOT_IN_URLS.search(url):
        raise ConfigurationError(field, "give an address such as https://host/path, without spaces")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise ConfigurationError(field, "give an address such as https://host/path") from None
    if not parsed.host:
        raise ConfigurationError(field, "write a complete URL, such as https://host/path")
    return parsed


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
