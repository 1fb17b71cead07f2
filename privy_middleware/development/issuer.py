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
from typing import Any, Self
from urllib.parse import quote

from privy_middleware.config import PrivyConfig
from privy_middleware.development.server import LoopbackServer, Page, loopback_address
from privy_middleware.development.signing import compact
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
    ) -> None:
        """Make the keys and users, or load them from a file.

        Args:
            app_id: the ``aud`` of the tokens.
            host: the address to listen on, which must be a loopback address.
            port: the port to listen on; 0 is any free port.
            lifetime: how long tokens are valid, in seconds.
            clock: returns Unix time in seconds.
            state: the file in which keys, secrets and users are kept; by default they end with the issuer.

        Raises:
            ConfigurationError: if ``host`` is not a loopback address, the file cannot be used, or another argument is
                wrong.
        """
        if not isinstance(port, int):
            raise ConfigurationError("port", "give a number; 0 is any free port")
        self._address = (loopback_address(host), port)
        super().__init__(app_id, lifetime, clock, state)
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
            self._server = LoopbackServer.bind(self._address, self._page, name="privy-development-issuer")
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
        return self.url + self._jwks_path

    def config(self, **overrides: Any) -> PrivyConfig:
        """Return a configuration that trusts only this issuer; ``overrides`` set its other fields.

        Raises:
            ConfigurationError: if the server is not running, or an override is wrong.
        """
        secret = {} if "app_id" in overrides else {"app_secret": self.app_secret}
        return PrivyConfig(**{"app_id": self.app_id, "jwks_url": self.jwks_url, **secret, **overrides})

    @property
    def _jwks_path(self) -> str:
        return f"/api/v1/apps/{quote(self.app_id, safe='')}/jwks.json"

    def _page(self, path: str) -> Page | None:
        """Return the page at ``path``, or ``None`` if there is none."""
        name = path.removeprefix("/tokens/")
        if path == "/":
            return Page("text/plain; charset=utf-8", "no-store", self._help())
        if path == self._jwks_path:
            return Page("application/json", "public, max-age=60", compact(self.jwks()))
        if path != name and name in self.users:
            pair = {"identity_token": self.identity_token(name), "access_token": self.access_token(name)}
            return Page("application/json", "no-store", compact(pair))
        return None

    def _help(self) -> str:
        people = "\n".join(
            f"  {name:<10} {', '.join(persona.account_types) or 'no accounts'}" for name, persona in self.users.items()
        )
        return _HELP.format(app_id=self.app_id, jwks_url=self.jwks_url, url=self.url, people=people)


_HELP = """\
Privy development issuer. NOT for production: anyone who can reach it can be any of its users.

app id    {app_id}
key set   {jwks_url}

Personas, each at {url}/tokens/<persona>:
{people}

Both tokens of a persona:
  curl -s {url}/tokens/ada

A request with an identity token (put your app's address in place of http://127.0.0.1:8000):
  ID_TOKEN=$(curl -s {url}/tokens/ada |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["identity_token"])')
  curl -i -H "privy-id-token: $ID_TOKEN" http://127.0.0.1:8000/me

A request with an access token:
  ACCESS_TOKEN=$(curl -s {url}/tokens/ada |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -i -H "Authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:8000/session
"""


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
