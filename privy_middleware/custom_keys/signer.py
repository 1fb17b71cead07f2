"""Issue access tokens in the form of Privy's earlier packages."""

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
"""The ``aud`` of these tokens."""

_LIFETIME = 600

SigningFunction: TypeAlias = Callable[[dict[str, Any]], str | Awaitable[str]]


class AccessTokenSigner:
    """Issue access tokens for the app's own users; a token is valid for ten minutes.

    By default they are signed with EdDSA and the API secret, and are byte for byte those of Privy's own packages.
    """

    def __init__(
        self,
        api_key: str,
        api_secret: str | None = None,
        *,
        signing_function: SigningFunction | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Set the API key and its secret, or a function that signs the claims.

        Args:
            api_key: the tokens' ``iss``.
            api_secret: the seed of an Ed25519 key in base64.
            signing_function: a function that takes the claims and returns the token, sync or async, such as a
                ``PEMSigner``; instead of the secret.
            clock: returns Unix time in seconds.

        Raises:
            ConfigurationError: if a setting is wrong, or there is not exactly one of secret and function.
        """
        if not is_text(api_key):
            raise ConfigurationError("api_key", "copy the API key from the Privy dashboard")
        self._api_key = api_key
        self._clock = clock
        self._sign = _signing_function(api_secret, signing_function)

    def create_access_token(self, subject: str) -> str:
        """Return a token for a user; ``subject`` is the app's own id of the user.

        Raises:
            ValueError: if the subject is not a string or is empty.
            ConfigurationError: if the signing function is async, or does not return a token.
        """
        fix = "it is async: await acreate_access_token instead"
        return _token(returned(self._sign(self._claims(subject)), "signing_function", fix))

    async def acreate_access_token(self, subject: str) -> str:
        """Return a token; the signing function may be async. Raises as ``create_access_token`` does."""
        signed = self._sign(self._claims(subject))
        return _token(await signed if inspect.isawaitable(signed) else signed)

    def _claims(self, subject: str) -> dict[str, Any]:
        if not is_text(subject):
            raise ValueError("subject must be a string that is not empty")
        now = int(self._clock())
        # The bytes of the token depend on this order, which is that of the original packages.
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
            ConfigurationError: if a signing function is used whose key is not known.
        """
        if not isinstance(self._sign, Signer):
            raise ConfigurationError("signing_function", "its public key is not known here")
        return self._sign.public_key

    def __repr__(self) -> str:
        """Show the class name, and no key."""
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
