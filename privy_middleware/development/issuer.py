"""An issuer for development and tests: Privy's tokens and key set without Privy.

It signs identity and access tokens for made-up users (``personas``) with its own key, which is made at construction and
never stored. It serves the key set over HTTP, on loopback only. Anyone who can reach it can be any of its users, so
nothing that trusts it may be deployed.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import logging
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from privy_middleware.config import PrivyConfig
from privy_middleware.development.personas import PERSONAS, Persona
from privy_middleware.development.server import LoopbackServer, Page, loopback_address
from privy_middleware.errors import ConfigurationError

__all__ = ["DevelopmentIssuer", "development_issuer"]

_logger = logging.getLogger(__name__)
_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _overridden(defaults: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**defaults, **changes}.items() if value is not None}


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public EC key, 43 characters (RFC 7638 §3.2)."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return _base64url(hashlib.sha256(_compact(required).encode()).digest())


class _SigningKey:
    """A P-256 key, and its JWK for the key set."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.kid = _thumbprint(public)
        self.jwk = {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}


def _find(persona: str | Persona) -> Persona:
    if isinstance(persona, Persona):
        return persona
    if persona not in PERSONAS:
        raise ConfigurationError("persona", f"no such persona; choose one of {', '.join(PERSONAS)}")
    return PERSONAS[persona]


def _identity_claims(persona: Persona) -> dict[str, Any]:
    metadata = persona.custom_metadata
    return {
        "cr": str(persona.created_at),
        "linked_accounts": _compact(persona.linked_accounts),
        "custom_metadata": None if metadata is None else _compact(metadata),
        "guest": "t" if persona.is_guest else None,
    }


class DevelopmentIssuer:
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
    ) -> None:
        """Make a key.

        Args:
            app_id: the ``aud`` of the tokens.
            host: the address to listen on, which must be a loopback address.
            port: the port to listen on; 0 is any free port.
            lifetime: how long tokens are valid, in seconds.
            clock: returns Unix time in seconds.

        Raises:
            ConfigurationError: if ``host`` is not a loopback address, or another argument is wrong.
        """
        if not isinstance(app_id, str) or not app_id:
            raise ConfigurationError("app_id", "give a string that is not empty")
        if not isinstance(port, int):
            raise ConfigurationError("port", "give a number; 0 is any free port")
        if not isinstance(lifetime, int | float):
            raise ConfigurationError("lifetime", "give a number of seconds")
        self.app_id = app_id
        self._address = (loopback_address(host), port)
        self._lifetime = lifetime
        self._clock = clock
        self._keys: tuple[_SigningKey, ...] = (_SigningKey(),)
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

    def identity_token(
        self,
        persona: str | Persona = "ada",
        *,
        headers: Mapping[str, Any] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        **claims: Any,
    ) -> str:
        """Return an identity token; ``claims`` and ``headers`` replace the usual ones, and ``None`` removes one.

        Values are not checked, so that wrong tokens can be made too. ``key`` is used instead of the published key.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        who = _find(persona)
        return self._sign(_overridden(_identity_claims(who) | self._common_claims(who), claims), headers, key)

    def access_token(
        self,
        persona: str | Persona = "ada",
        *,
        headers: Mapping[str, Any] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        **claims: Any,
    ) -> str:
        """Return an access token; the arguments are those of ``identity_token``.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        who = _find(persona)
        session = {"sid": f"dev-session-{who.name}"}
        return self._sign(_overridden(session | self._common_claims(who), claims), headers, key)

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the published key set, the signing key first (RFC 7517 §5)."""
        return {"keys": [dict(key.jwk) for key in self._keys]}

    @property
    def kid(self) -> str:
        """Return the id of the signing key, its RFC 7638 thumbprint."""
        return self._keys[0].kid

    @property
    def public_key_pem(self) -> str:
        """Return the public key as PEM (SPKI), as the dashboard shows a verification key."""
        public = self._keys[0].private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones stay published until ``withdraw_old``."""
        self._keys = (_SigningKey(), *self._keys)

    def withdraw_old(self) -> None:
        """Publish only the signing key, without old ones."""
        self._keys = self._keys[:1]

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
        return PrivyConfig(**{"app_id": self.app_id, "jwks_url": self.jwks_url, **overrides})

    @property
    def _jwks_path(self) -> str:
        return f"/api/v1/apps/{quote(self.app_id, safe='')}/jwks.json"

    def _common_claims(self, persona: Persona) -> dict[str, Any]:
        now = self._clock()
        times = {"iat": int(now), "exp": int(now + self._lifetime)}
        return {"iss": "privy.io", "aud": self.app_id, "sub": persona.did, **times}

    def _sign(
        self,
        claims: Mapping[str, Any],
        headers: Mapping[str, Any] | None,
        key: ec.EllipticCurvePrivateKey | None,
    ) -> str:
        """Return a compact JWS (RFC 7515 §7.1); PyJWT's ``encode`` is not used because it refuses wrong claims."""
        own = self._keys[0]
        header = _overridden({"alg": "ES256", "typ": "JWT", "kid": own.kid}, headers or {})
        signed = f"{_base64url(_compact(header).encode())}.{_base64url(_compact(claims).encode())}"
        return f"{signed}.{_base64url(_ES256.sign(signed.encode(), key or own.private))}"

    def _page(self, path: str) -> Page | None:
        """Return the page at ``path``, or ``None`` if there is none."""
        name = path.removeprefix("/tokens/")
        if path == "/":
            return Page("text/plain; charset=utf-8", "no-store", self._help())
        if path == self._jwks_path:
            return Page("application/json", "public, max-age=60", _compact(self.jwks()))
        if path != name and name in PERSONAS:
            pair = {"identity_token": self.identity_token(name), "access_token": self.access_token(name)}
            return Page("application/json", "no-store", _compact(pair))
        return None

    def _help(self) -> str:
        people = "\n".join(
            f"  {persona.name:<10} {', '.join(persona.account_types) or 'no accounts'}" for persona in PERSONAS.values()
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
