"""Tokens that the app has withdrawn before their ``exp``, by the settings ``revocations`` and ``is_revoked``."""

from __future__ import annotations

from collections.abc import Callable

from privy_middleware.callbacks import returned
from privy_middleware.config import RequestSettings
from privy_middleware.errors import TokenRevoked
from privy_middleware.revocation import Revocations
from privy_middleware.tokens.claims import Claims

__all__ = ["RevocationCheck", "check_not_revoked"]


class RevocationCheck:
    """Check verified tokens, new and cached ones.

    Attributes:
        needed: whether one of the settings is set.
    """

    def __init__(self, settings: RequestSettings) -> None:
        """Read the two settings."""
        self._is_revoked = settings.is_revoked
        self._revocations: Revocations | None = settings.stored_revocations
        self.needed: bool = self._is_revoked is not None or self._revocations is not None

    def max_age(self, of_signer: float | None) -> float | None:
        """Return how many seconds after ``iat`` a token expires at the latest: no later than its revocation does."""
        if self._revocations is None:
            return of_signer
        kept = self._revocations.max_token_age
        return kept if of_signer is None else min(of_signer, kept)

    def require_valid(self, value: object, claims: Claims) -> None:
        """Require that a token is not revoked; ``value`` is its user, or the claims of an access token.

        Raises:
            TokenRevoked: if it is.
            RevocationsUnavailable: if that cannot be known.
            ConfigurationError: if ``is_revoked`` returns something to await.
        """
        if self._revocations is not None:
            self._revocations.check(_user_id(value, claims), claims)
        if self._is_revoked is not None:
            check_not_revoked(self._is_revoked, claims)


def check_not_revoked(is_revoked: Callable[[Claims], bool], claims: Claims) -> None:
    """Require that the app has not withdrawn a token.

    Raises:
        TokenRevoked: if it has.
        ConfigurationError: if ``is_revoked`` returns something to await.
    """
    if returned(is_revoked(claims), "is_revoked"):
        raise TokenRevoked


def _user_id(value: object, claims: Claims) -> str:
    # Web3Auth's and custom tokens have users whose id is not ``sub``.
    user_id: str = getattr(value, "id", None) or getattr(value, "user_id", None) or claims.get("sub", "")
    return user_id
