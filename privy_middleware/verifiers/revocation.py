"""Tokens that the app has withdrawn before their ``exp``, by the setting ``is_revoked``."""

from __future__ import annotations

from collections.abc import Callable

from privy_middleware.callbacks import returned
from privy_middleware.errors import TokenRevoked
from privy_middleware.tokens.claims import Claims

__all__ = ["check_not_revoked"]


def check_not_revoked(is_revoked: Callable[[Claims], bool], claims: Claims) -> None:
    """Require that the app has not withdrawn a token.

    Raises:
        TokenRevoked: if it has.
        ConfigurationError: if ``is_revoked`` returns something to await.
    """
    if returned(is_revoked(claims), "is_revoked"):
        raise TokenRevoked
