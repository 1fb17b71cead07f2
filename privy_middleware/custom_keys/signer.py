"""Issue Privy's earlier access tokens."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from privy_middleware.callbacks import returned
from privy_middleware.custom_keys.signing import Signer, key_from_secret
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.claims import is_text

__all__ = ["AUDIENCE", "AccessTokenSigner", "SigningFunction"]

AUDIENCE = "api.privy.io"
"""The audience of every such token."""

_LIFETIME = 600

SigningFunction: TypeAlias = Callable[[dict[str, Any]], str | Awaitable[str]]


class AccessTokenSigner:
    """Issue access tokens for one's own users, each good for ten minutes.

    By default they are signed with EdDSA and the API secret, byte for byte as Privy's own packages did.
    """

    def __init__(
        self,
        api_key: str,
        api_secret: str | None = None,
        *,
        signing_function: SigningFunction | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the API key and its secret, or instead of the secret what turns claims into a token.

        Args:
            api_key: the tokens' ``iss``.
            api_secret: the seed of an Ed25519 key in base64.
            signing_function: called with the claims, returns the token or something to be awaited for it; a
                ``PEMSigner`` is one.
            clock: gives Unix time in seconds.

        Raises:
            ConfigurationError: when a setting is wrong, or there is not exactly one way to sign.
        """
        if not is_text(api_key):
            raise ConfigurationError("api_key", "copy the API key from the Privy dashboard")
        self._api_key = api_key
        self._clock = clock
        self._sign = _signing_function(api_secret, signing_function)

    def create_access_token(self, subject: str) -> str:
        """Return a token for one's own id of a user.

        Raises:
            ValueError: when the subject is not a string that holds anything.
            ConfigurationError: when the signing function is async, or returns no token.
        """
        fix = "it is async: await acreate_access_token instead"
        return _token(returned(self._sign(self._claims(subject)), "signing_function", fix))

    async def acreate_access_token(self, subject: str) -> str:
        """Return a token, awaiting the signing function where that is async; raises as its sync twin does."""
        signed = self._sign(self._claims(subject))
        return _token(await signed if inspect.isawaitable(signed) else signed)

    def _claims(self, subject: str) -> dict[str, Any]:
        if not is_text(subject):
            raise ValueError("subject must be a string that is not empty")
        now = int(self._clock())
        # In the order of the original packages, which the bytes of the token follow.
        return {
            "aid": "",
            "aud": AUDIENCE,
            "exp": now + _LIFETIME,
            "iat": now,
            "iss": self._api_key,
            "rls": [],
            "sub": subject,
        }

    @property
    def public_key(self) -> str:
        """Return the public key as PEM, for a ``CustomKeyConfig``.

        Raises:
            ConfigurationError: when a signing function of one's own keeps its key to itself.
        """
        if not isinstance(self._sign, Signer):
            raise ConfigurationError("signing_function", "its public key is not known here")
        return self._sign.public_key

    def __repr__(self) -> str:
        """Show nothing of the keys."""
        return f"<{type(self).__name__}>"


def _signing_function(secret: str | None, given: SigningFunction | None) -> SigningFunction:
    if secret is not None and given is None:
        return Signer(key_from_secret(secret), "EdDSA")
    if given is None or secret is not None:
        raise ConfigurationError("api_secret", "give either the API secret or a signing_function")
    if not callable(given):
        raise ConfigurationError("signing_function", "give a callable that takes the claims")
    return given


def _token(signed: object) -> str:
    if not isinstance(signed, str) or not signed:
        raise ConfigurationError("signing_function", "it must return the token, a string")
    return signed
