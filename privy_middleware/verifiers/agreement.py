"""An identity token and an access token on one request must agree."""

from __future__ import annotations

from privy_middleware.errors import TokensDisagree
from privy_middleware.users.user import AccessTokenClaims, PrivyUser, user_from_access_claims
from privy_middleware.verifiers.token import Verified

__all__ = ["agreed_user"]


def agreed_user(identity: Verified[PrivyUser] | None, access: Verified[AccessTokenClaims] | None) -> PrivyUser | None:
    """Return the user of an identity token, an access token, or both; ``None`` without a token.

    Raises:
        TokensDisagree: if the tokens are of different users or apps.
    """
    if identity is None:
        return None if access is None else user_from_access_claims(access.claims)
    if access is not None and (identity.value.id, identity.signer) != (access.value.user_id, access.signer):
        raise TokensDisagree
    return identity.value
