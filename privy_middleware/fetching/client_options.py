"""The options for httpx2's clients that an app may set."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any

import httpx2

from privy_middleware.errors import ConfigurationError

__all__ = ["check_client_options", "client_settings", "is_weakened"]

_OPTIONS = frozenset({"auth", "cookies", "headers", "http2", "limits", "params", "proxy", "trust_env", "verify"})


def check_client_options(options: Mapping[str, Any]) -> None:
    """Check that all options may be set, and that none switches off the check of certificates or host names.

    Raises:
        ConfigurationError: if an option may not be set, or switches one of these checks off.
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
    """Return the arguments for httpx2's clients, sync and async, with the TLS context built once.

    Building one for each fetch would load the CA bundle on the event loop each time.

    Raises:
        ConfigurationError: as ``check_client_options``, or if httpx2 does not accept the value of an option.
    """
    check_client_options(options)
    try:
        headers = httpx2.Headers({"accept": "application/json", "user-agent": "privy-middleware"})
        headers.update(options.get("headers"))
        headers["accept-encoding"] = "gzip"
        settings = {**options, "headers": headers, "verify": _tls_context(url, options)}
        httpx2.Client(**settings).close()
    except Exception as error:
        problem = f"httpx2 does not accept them ({type(error).__name__}): see its documentation"
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
