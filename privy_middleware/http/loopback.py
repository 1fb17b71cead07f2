"""Whether a request comes from the machine itself, as far as that can be seen."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from privy_middleware.http.request import Request

__all__ = ["connected_client", "is_local_host", "is_loopback"]

# A proxy on the same machine connects over loopback, too, for clients that are anywhere.
_FORWARDING = (
    "forwarded",
    "via",
    "cdn-loop",
    "cf-connecting-ip",
    "fly-client-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-original-forwarded-for",
    "x-original-host",
    "x-real-ip",
)


def connected_client(environ: Mapping[str, Any]) -> str | None:
    """Return the address of the client in a WSGI environ, ``None`` if it may be that of a proxy which is hidden.

    Waitress deletes the headers of a proxy by default (``clear_untrusted_proxy_headers``).
    """
    return None if environ.get("SERVER_SOFTWARE") == "waitress" else environ.get("REMOTE_ADDR")


def is_loopback(request: Request) -> bool:
    """Return whether the client and the host of a request are this machine, and no proxy has said otherwise.

    A proxy that adds no header and names this machine as the host cannot be told from a local client.
    """
    hosts = request.values("host")
    return (
        _is_local_address(request.client or "")
        and len(hosts) == 1
        and is_local_host(hosts[0])
        and not any(request.values(name) for name in _FORWARDING)
    )


def _is_local_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # An IPv4 client of an IPv6 socket.
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_local_host(host: str) -> bool:
    """Return whether a host, with or without a port, is a loopback address or ``localhost``."""
    if "@" in host:
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_local_address(name)
