"""An issuer for development and tests: Privy's tokens and key set without Privy.

It signs identity and access tokens for made-up users with its own keys, which are made at construction and stored only
if it is given a file. It serves the key set over HTTP, on loopback only. Anyone who can reach it can be any of its
users, so nothing that trusts it may be deployed.
"""

from __future__ import annotations

import atexit
import functools
import logging
import threading
import time
from collections.abc import Callable
from os import PathLike
from typing import Any, Self, get_args

from privy_middleware.config import PrivyConfig
from privy_middleware.development.addresses import loopback_address, page_url
from privy_middleware.development.server import LoopbackServer
from privy_middleware.development.sessions import SameSite
from privy_middleware.development.site import Site
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.errors import ConfigurationError

__all__ = ["DevelopmentIssuer", "development_issuer"]

_logger = logging.getLogger(__name__)


class DevelopmentIssuer(TokenIssuer):
    """Sign tokens as Privy does, and serve the key set on loopback; not for production.

    Use it as a context manager, or call ``start`` and ``stop``. Tokens can be made without the server.

    Attributes:
        app_id: the ``aud`` of the tokens.
    """

    def __init__(
        self,
        app_id: str = "privy-development-app",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lifetime: float = 3600,
        clock: Callable[[], float] = time.time,
        state: str | PathLike[str] | None = None,
        same_site: SameSite = "Strict",
    ) -> None:
        """Make the keys and users, or load them from a file.

        Args:
            app_id: the ``aud`` of the tokens.
            host: the address to listen on, which must be a loopback address.
            port: the port to listen on; 0 is any free port.
            lifetime: how long tokens are valid, in seconds.
            clock: returns Unix time in seconds.
            state: the file in which keys, secrets and users are kept; by default they end with the issuer.
            same_site: the ``SameSite`` of the cookies of its pages; Privy's dashboard can change theirs to ``"Lax"``.

        Raises:
            ConfigurationError: if ``host`` is not a loopback address, the file cannot be used, or another argument is
                wrong.
        """
        if not isinstance(port, int):
            raise ConfigurationError("port", "give a number; 0 is any free port")
        if same_site not in get_args(SameSite):
            raise ConfigurationError("same_site", 'set "Strict" or "Lax"')
        self._address = (loopback_address(host), port)
        super().__init__(app_id, lifetime, clock, state)
        self._site = Site(self, self._address[0], same_site)
        self._server: LoopbackServer | None = None

    def __repr__(self) -> str:
        """Return the app id and the address, never a key."""
        address = None if self._server is None else self.url
        return f"<DevelopmentIssuer app_id={self.app_id!r} url={address!r}>"

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def start(self) -> Self:
        """Start the server in a daemon thread, log a warning, and return the issuer; a second call does nothing.

        Raises:
            ConfigurationError: if the port cannot be used.
        """
        if self._server is None:
            self._server = LoopbackServer.bind(self._address, self._site.answer, name="privy-development-issuer")
            self._server.start()
            _logger.warning(
                "The development issuer runs at %s: anyone who can reach it can be any user. NOT for production.",
                self.url,
            )
        return self

    def stop(self) -> None:
        """Close all connections, free the port and end all threads; does nothing if the server is not running.

        In a forked child it closes only the child's copies, and the parent's server goes on.
        """
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """Return the URL of the server, without a path.

        Raises:
            ConfigurationError: if the server is not running.
        """
        if self._server is None:
            raise ConfigurationError("issuer", "not started; call start() or use it as a context manager")
        return self._server.url

    @property
    def jwks_url(self) -> str:
        """Return the URL of the key set.

        Raises:
            ConfigurationError: if the server is not running.
        """
        return self.url + self._site.api.jwks_path

    @property
    def api_url(self) -> str:
        """Return the URL of the REST API, for the setting ``api_url``.

        Raises:
            ConfigurationError: if the server is not running.
        """
        return self.url + self._site.api.path

    def login_url(self, app: str) -> str:
        """Return the ``login_url`` of an app on this machine, given its address, such as ``http://localhost:8000``.

        The page has the host name of the app if possible, because a cookie is sent only to the host name that set it.

        Raises:
            ConfigurationError: if the server is not running, or ``app`` is not an address on this machine.
        """
        return page_url(self.url, "login", app)

    def refresh_url(self, app: str) -> str:
        """Return the ``refresh_url`` of an app on this machine; as ``login_url``."""
        return page_url(self.url, "refresh", app)

    def environment(self, app: str | None = None) -> dict[str, str]:
        """Return the environment variables of an app that uses this issuer instead of Privy.

        With the address of the app, such as ``http://localhost:8000``, they include its sign-in and refresh pages.

        Raises:
            ConfigurationError: if the server is not running, or ``app`` is not an address on this machine.
        """
        return self._site.environment(self.url, app)

    @property
    def keys_available(self) -> bool:
        """Return whether the key server answers; set it to ``False``, and the response is a 503."""
        return self._site.api.keys_available

    @keys_available.setter
    def keys_available(self, available: bool) -> None:
        self._site.api.keys_available = available

    def config(self, **overrides: Any) -> PrivyConfig:
        """Return a configuration that trusts only this issuer; ``overrides`` set its other fields.

        Raises:
            ConfigurationError: if the server is not running, or an override is wrong.
        """
        secret = {} if "app_id" in overrides else {"app_secret": self.app_secret}
        urls = {"jwks_url": self.jwks_url, "api_url": self.api_url}
        return PrivyConfig(**{"app_id": self.app_id, **urls, **secret, **overrides})


@functools.cache
def _shared() -> DevelopmentIssuer:
    issuer = DevelopmentIssuer()
    atexit.register(issuer.stop)
    return issuer


_sharing = threading.Lock()


def development_issuer() -> DevelopmentIssuer:
    """Return the issuer of this process, which the first call makes and starts; any thread may call it.

    A forked child has its parent's issuer, with the same keys and URL, which runs for as long as the parent does. Other
    processes have their own issuers, and do not accept each other's tokens.
    """
    with _sharing:
        return _shared().start()
