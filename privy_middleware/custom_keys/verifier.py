"""Verify tokens that an app signs with its own key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from privy_middleware.custom_keys.config import CustomKeyConfig
from privy_middleware.errors import InvalidClaims
from privy_middleware.keys import FixedKeys
from privy_middleware.tokens.claims import Claims, check_audience, check_issuer, is_text
from privy_middleware.users.frozen import FrozenDict
from privy_middleware.users.pydantic_schema import OnlyFromTokens
from privy_middleware.users.verified import NotAField, VerifiedUser, hide_claims
from privy_middleware.verifiers.bearer import BearerVerifier, verifier_for
from privy_middleware.verifiers.token import TrustedSigner

__all__ = ["CustomKeyUser", "CustomKeyVerifier"]


@hide_claims
@dataclass(frozen=True, slots=True)
class CustomKeyUser(VerifiedUser):
    """The verified user of a token that an app signs with its own key; it has no accounts.

    Attributes:
        id: ``custom:<issuer>:<subject>``, each part percent-encoded, so that users of different issuers differ.
        subject: the token's ``sub``, which is the app's own id of the user.
        issuer: the token's ``iss``.
        claims: the claims of the token.
        complete: always ``False``: the accounts of the user are not known.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"complete"})

    email_addresses: ClassVar[tuple[()]] = ()

    id: Annotated[str, OnlyFromTokens("CustomKeyUser")] = field(repr=False)
    subject: str
    issuer: str = field(repr=False)
    claims: NotAField[Mapping[str, Any]] = field(default=FrozenDict(), repr=False, compare=False)
    complete: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON of ``id``, ``subject`` and ``issuer``."""
        return {"id": self.id, "subject": self.subject, "issuer": self.issuer}


class CustomKeyVerifier(BearerVerifier[CustomKeyUser]):
    """Verify tokens that an app signs with its own key, and return their claims."""

    def __init__(self, config: CustomKeyConfig, *, clock: Callable[[], float] = time.time) -> None:
        """Create a verifier; ``clock`` returns Unix time in seconds, for ``exp``."""
        signer = TrustedSigner(config.issuer, FixedKeys(config.keys), frozenset(config.algorithms))
        super().__init__(config, [signer], self._read, clock=clock)
        self._audiences = frozenset(config.audiences)
        self._expected = f"accepted is {' or '.join(config.audiences)}"

    def verify_token(self, token: str) -> Claims:
        """Return the claims of a token, as an immutable mapping.

        Raises:
            InvalidToken: if the token is refused.
        """
        return self._verifier.verify(token).claims

    async def averify_token(self, token: str) -> Claims:
        """Return the claims of a token; raises as ``verify_token`` does."""
        return (await self._verifier.averify(token)).claims

    def _read(self, claims: Claims, issuer: str) -> CustomKeyUser:
        check_issuer(claims, issuer)
        check_audience(claims, self._audiences.__contains__, lists=False, expected=self._expected)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not is_text(subject):
            raise InvalidClaims("The claim sub is not a non-empty string.")
        user_id = f"custom:{quote(issuer, safe='')}:{quote(subject, safe='@+')}"
        return CustomKeyUser(user_id, subject, issuer, claims=claims)


verifier_for.register(CustomKeyConfig, CustomKeyVerifier)
