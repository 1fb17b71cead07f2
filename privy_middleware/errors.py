"""Every way a request can be refused, with the answer it gets.

PrivyError
├── ConfigurationError          a setting is wrong; raised at start-up
├── AuthenticationError         401, the client's fault
│   ├── MissingToken            no token where a user is required
│   ├── PageRedirect            302 instead, for a page that a browser navigates to
│   │   ├── RefreshRequired     a session may be refreshed in the browser
│   │   └── LoginRequired       the app has a page to sign in
│   └── InvalidToken            a token that does not verify
│       ├── MalformedToken      not a compact JWS of ours
│       ├── OversizedToken      longer than ``max_token_bytes``
│       ├── ConflictingTokens   two different tokens of one kind from one place
│       ├── UnsupportedHeader   a JOSE header that is refused
│       ├── WrongAlgorithm      ``alg`` is not the one configured
│       ├── UnknownKey          no published key has this ``kid``
│       ├── BadSignature        the signature does not verify
│       ├── InvalidClaims       a claim is missing or of the wrong type
│       ├── TokenExpired        ``exp`` has passed
│       ├── TokenNotYetValid    ``nbf`` or ``iat`` lies in the future
│       ├── WrongIssuer         ``iss`` is not the issuer
│       ├── WrongAudience       ``aud`` is not this app
│       ├── WrongTokenKind      an access token for an identity token, or the reverse
│       ├── TokensDisagree      two valid tokens of different users or apps
│       ├── TokenRevoked        withdrawn by this app
│       └── UserDeleted         Privy no longer knows the user
├── AuthorizationError          403, the user is known and may not
│   ├── ConditionNotMet         a condition on the user is not met
│   ├── IncompleteUser          the token does not say enough about the user
│   ├── InactiveUser            the app's own account of the user is switched off
│   └── CrossSiteRequest        a cookie token on a cross-site request
├── ServiceUnavailable          503, our own side's fault
│   ├── KeysUnavailable         the verification keys cannot be had
│   └── UserUnavailable         the user cannot be loaded
└── InvalidWebhook              400, not a webhook of Privy's
    ├── WebhookMethod           405, anything but POST
    └── WebhookTooLarge         413, too long, or of unknown length

No exception carries any part of a token.
"""

from __future__ import annotations

import json
import math
from typing import ClassVar, Self

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "BadSignature",
    "ConditionNotMet",
    "ConfigurationError",
    "ConflictingTokens",
    "CrossSiteRequest",
    "InactiveUser",
    "IncompleteUser",
    "InvalidClaims",
    "InvalidToken",
    "InvalidWebhook",
    "KeysUnavailable",
    "LoginRequired",
    "MalformedToken",
    "MissingToken",
    "OversizedToken",
    "PageRedirect",
    "PrivyError",
    "RefreshRequired",
    "ServiceUnavailable",
    "TokenExpired",
    "TokenNotYetValid",
    "TokenRevoked",
    "TokensDisagree",
    "UnknownKey",
    "UnsupportedHeader",
    "UserDeleted",
    "UserUnavailable",
    "WebhookMethod",
    "WebhookTooLarge",
    "WrongAlgorithm",
    "WrongAudience",
    "WrongIssuer",
    "WrongTokenKind",
]

_JSON_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_VARY = (("Vary", "Cookie, Authorization, privy-id-token"),)


class PrivyError(Exception):
    """Refuse something, with a stable ``code`` for logs and an HTTP answer for the client.

    ``code`` is for the log and the app's hooks only; the client sees ``message``.
    """

    code: ClassVar[str] = "privy_error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Internal server error"
    close_code: ClassVar[int] = 1008
    """Closes a WebSocket (RFC 6455 §7.4.1: policy violation) where no HTTP answer can be given."""

    __cause__: BaseException | None
    __context__: BaseException | None

    def __init__(self, detail: str = "") -> None:
        """Keep ``detail``, a sentence of our own that never holds any part of a token."""
        super().__init__(detail or self.message)
        self.detail = detail

    def without_traces(self) -> Self:
        """Return the error itself, rid of tracebacks: their frames hold the token, and keep it alive."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers of the answer, content type and caching included."""
        return _JSON_HEADERS + _VARY + self.challenge

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that tell the client what to do about it."""
        return ()

    @property
    def payload(self) -> dict[str, str]:
        """Return the JSON object of the answer."""
        return {"message": self.message}

    @property
    def body(self) -> bytes:
        """Return the body of the answer, JSON in UTF-8."""
        return json.dumps(self.payload).encode()


class ConfigurationError(PrivyError):
    """Refuse a setting at start-up, naming the ``field`` and the mend."""

    code = "configuration_error"

    def __init__(self, field: str, problem: str) -> None:
        """Name the ``field`` that is wrong and say in ``problem`` what to do about it."""
        super().__init__(f"{field}: {problem}")
        self.field = field


class AuthenticationError(PrivyError):
    """Refuse a request whose user is not known (RFC 9110 §15.5.2)."""

    code = "authentication_error"
    status = 401
    message = "Unauthorized"

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return a bare challenge (RFC 6750 §3)."""
        return (("WWW-Authenticate", "Bearer"),)


class MissingToken(AuthenticationError):
    """Refuse a request without a token where a user is required."""

    code = "missing_token"


class PageRedirect(AuthenticationError):
    """Send a browser's navigation to another page instead of answering 401 (RFC 9110 §15.4.3)."""

    code = "page_redirect"
    status = 302

    def __init__(self, location: str = "/") -> None:
        """Keep the ``location``, which is one of the app's settings with the page's own address added."""
        super().__init__()
        self.location = location

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return where to go."""
        return (("Location", self.location),)


class RefreshRequired(PageRedirect):
    """Send a page to where the browser refreshes a session that may still be alive."""

    code = "refresh_required"


class LoginRequired(PageRedirect):
    """Send a page to where the user signs in."""

    code = "login_required"


class InvalidToken(AuthenticationError):
    """Refuse a token; every kind of bad token gets the same bytes."""

    code = "invalid_token"
    message = "Invalid token"

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return a challenge with a fixed description (RFC 6750 §3.1)."""
        value = 'Bearer error="invalid_token", error_description="The token does not verify"'
        return (("WWW-Authenticate", value),)


class MalformedToken(InvalidToken):
    """Refuse what is not a compact JWS in its one spelling (RFC 7515 §2, §7.1)."""

    code = "malformed_token"


class OversizedToken(InvalidToken):
    """Refuse a token longer than ``max_token_bytes``, before any decoding."""

    code = "oversized_token"


class ConflictingTokens(InvalidToken):
    """Refuse two different tokens of one kind from one place (RFC 9110 §5.3)."""

    code = "conflicting_tokens"


class UnsupportedHeader(InvalidToken):
    """Refuse a JOSE header of the wrong type or with a parameter we do not take (RFC 7515 §4)."""

    code = "unsupported_header"


class WrongAlgorithm(InvalidToken):
    """Refuse an ``alg`` other than the configured one (RFC 8725 §3.1)."""

    code = "wrong_algorithm"


class UnknownKey(InvalidToken):
    """Refuse a ``kid`` that the issuer has not published (RFC 8725 §3.10)."""

    code = "unknown_key"


class BadSignature(InvalidToken):
    """Refuse a signature that does not verify (RFC 7515 §5.2)."""

    code = "bad_signature"


class InvalidClaims(InvalidToken):
    """Refuse claims that are missing, of the wrong type or not to be read (RFC 7519 §4.1)."""

    code = "invalid_claims"


class TokenExpired(InvalidToken):
    """Refuse a token at or past ``exp`` plus the leeway (RFC 7519 §4.1.4)."""

    code = "token_expired"


class TokenNotYetValid(InvalidToken):
    """Refuse a token whose ``nbf`` or ``iat`` lies in the future (RFC 7519 §4.1.5)."""

    code = "token_not_yet_valid"


class WrongIssuer(InvalidToken):
    """Refuse a token of another issuer (RFC 8725 §3.8)."""

    code = "wrong_issuer"


class WrongAudience(InvalidToken):
    """Refuse a token for another app (RFC 8725 §3.9)."""

    code = "wrong_audience"


class WrongTokenKind(InvalidToken):
    """Refuse one kind of token in the place of another (RFC 8725 §3.12)."""

    code = "wrong_token_kind"


class TokensDisagree(InvalidToken):
    """Refuse an identity and an access token of different users or apps."""

    code = "tokens_disagree"


class TokenRevoked(InvalidToken):
    """Refuse a token whose session or subject this app has revoked."""

    code = "token_revoked"


class UserDeleted(InvalidToken):
    """Refuse the token of a user whom Privy has deleted since."""

    code = "user_deleted"


class AuthorizationError(PrivyError):
    """Refuse a known user (RFC 9110 §15.5.4)."""

    code = "authorization_error"
    status = 403
    message = "Forbidden"


class ConditionNotMet(AuthorizationError):
    """Refuse a user who does not meet the route's condition."""

    code = "condition_not_met"


class IncompleteUser(AuthorizationError):
    """Refuse a condition on accounts when the token says nothing of accounts."""

    code = "incomplete_user"


class InactiveUser(AuthorizationError):
    """Refuse a user whose account in the app is switched off."""

    code = "inactive_user"


class CrossSiteRequest(AuthorizationError):
    """Refuse a cookie token on an unsafe cross-site request."""

    code = "cross_site_request"


class ServiceUnavailable(PrivyError):
    """Say that our side cannot decide now, and when to try again (RFC 9110 §15.6.4)."""

    code = "service_unavailable"
    status = 503
    message = "Service unavailable"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        """Keep ``retry_after``, seconds until another try makes sense."""
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return ``Retry-After`` in whole seconds, at least one (RFC 9110 §10.2.3)."""
        return (("Retry-After", str(max(1, math.ceil(self.retry_after)))),)


class KeysUnavailable(ServiceUnavailable):
    """Say that keys cannot be fetched, and that the keys held, if any, do not tell whether the token is good."""

    code = "keys_unavailable"


class UserUnavailable(ServiceUnavailable):
    """Say that the user could not be loaded from the REST API."""

    code = "user_unavailable"


class InvalidWebhook(PrivyError):
    """Refuse a webhook that is not signed with the secret, not of this moment, or no event (RFC 9110 §15.5.1)."""

    code = "invalid_webhook"
    status = 400
    message = "Invalid webhook"


class WebhookMethod(InvalidWebhook):
    """Refuse a webhook that is not a POST (RFC 9110 §15.5.6)."""

    code = "webhook_method"
    status = 405
    message = "Method not allowed"

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return the one method that is allowed (RFC 9110 §10.2.1)."""
        return (("Allow", "POST"),)


class WebhookTooLarge(InvalidWebhook):
    """Refuse a webhook whose body is too long, or does not say how long it is (RFC 9110 §15.5.14)."""

    code = "webhook_too_large"
    status = 413
    message = "Content too large"
