"""Every way a request can be refused, with the response it gets: status, headers and body.

PrivyError
├── ConfigurationError          a setting is wrong; raised at start-up
├── AuthenticationError         401, the client's fault
│   ├── MissingToken            no token where a user is required
│   ├── PageRedirect            302 or 303 instead, if a browser navigates to the page
│   │   ├── RefreshRequired     the browser may be able to refresh the session
│   │   └── LoginRequired       the user has to sign in
│   └── InvalidToken            the token does not verify
│       ├── MalformedToken      not a compact JWS
│       ├── OversizedToken      longer than ``max_token_bytes``
│       ├── ConflictingTokens   two different tokens of one kind from one place
│       ├── UnsupportedHeader   a JOSE header that is not accepted
│       ├── WrongAlgorithm      ``alg`` is not the one configured
│       ├── UnknownKey          no published key has this ``kid``
│       ├── BadSignature        the signature does not verify
│       ├── InvalidClaims       a claim is missing or of the wrong type
│       ├── TokenExpired        ``exp`` has passed
│       ├── TokenNotYetValid    ``nbf`` or ``iat`` is in the future
│       ├── WrongIssuer         ``iss`` is not an accepted issuer
│       ├── WrongAudience       ``aud`` is not this app
│       ├── WrongTokenKind      an access token in the place of an identity token, or the reverse
│       ├── TokensDisagree      two valid tokens of different users or apps
│       ├── TokenRevoked        revoked by this app
│       └── UserDeleted         the user no longer exists
├── AuthorizationError          403, the user is known but not allowed
│   ├── ConditionNotMet         the user does not meet a condition
│   ├── IncompleteUser          the token does not contain what a condition needs
│   ├── InactiveUser            the user's account in the app is inactive
│   └── CrossSiteRequest        a cookie token on a cross-site request
├── ServiceUnavailable          503, the server's fault
│   ├── KeysUnavailable         the verification keys are not available
│   ├── RevocationsUnavailable  the store of revocations cannot be reached
│   └── UserUnavailable         the user cannot be loaded
└── InvalidWebhook              400, not a webhook from Privy
    ├── WebhookMethod           405, the method is not POST
    └── WebhookTooLarge         413, the body is too long, or its length is unknown

No exception contains any part of a token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Self

__all__ = [
    "Answer",
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
    "RevocationsUnavailable",
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
# Whatever could be injected into a page, the browser neither runs nor loads it.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PrivyError(Exception):
    """The base of all errors, with the HTTP answer that the client gets.

    ``str(error)`` is the detail, a sentence for the developer: the reason, and what was expected. It contains nothing
    of a token, no text that a client chose, and no personal data.

    Attributes:
        code: a stable name for the log and the app's hooks; the client does not see it.
        status: the HTTP status.
        message: what the client sees.
        reason: the detail if there is no more exact one.
        detail: what is wrong, for the log.
        kind: the kind of the token that was refused, such as ``"identity"``, if there was one.
        source: where it was, ``"header"`` or ``"cookie"``.
        page: an HTML page that a browser gets instead of JSON, empty for none.
    """

    code: ClassVar[str] = "privy_error"
    status: int = 500
    message: ClassVar[str] = "Internal server error"
    reason: ClassVar[str] = "The request failed."
    close_code: ClassVar[int] = 1008
    """The code that closes a WebSocket if no HTTP answer can be given (RFC 6455 §7.4.1: policy violation)."""
    page: str = ""

    __cause__: BaseException | None
    __context__: BaseException | None

    kind: str | None = None
    source: str | None = None

    def __new__(cls, *args: object, **_: object) -> Self:
        """Create it with a detail: a subclass in an app may have an ``__init__`` that does not call this one's."""
        error = super().__new__(cls, *args)
        error.detail = cls.reason
        return error

    def __init__(self, detail: str = "") -> None:
        """Set ``detail``, which is the class's ``reason`` by default."""
        self.detail: str = detail or self.reason
        super().__init__(self.detail)

    def __str__(self) -> str:
        """Return the detail."""
        return self.detail

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the error as it is, without calling its class, which may need other arguments."""
        return _restored, (type(self), self.args, vars(self))

    def of_token(self, kind: str, source: str) -> Self:
        """Return the error itself, after adding which token was refused, unless that is known already."""
        if self.kind is None:
            self.kind, self.source = kind, source
        return self

    def without_traces(self) -> Self:
        """Return the error without its tracebacks, whose frames contain the token and would keep it in memory."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return all headers of the answer."""
        return _JSON_HEADERS + _VARY + self.challenge

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that tell the client what to do, such as ``WWW-Authenticate`` or ``Retry-After``."""
        return ()

    @property
    def payload(self) -> dict[str, str]:
        """Return the JSON object of the answer."""
        return {"message": self.message}

    @property
    def body(self) -> bytes:
        """Return the body of the answer, JSON in UTF-8."""
        return json.dumps(self.payload).encode()


def _restored(cls: type[PrivyError], args: tuple[object, ...], state: Mapping[str, Any]) -> PrivyError:
    error = cls.__new__(cls)
    error.args = args
    vars(error).update(state)
    return error


class ConfigurationError(PrivyError):
    """A setting is wrong; raised at start-up.

    Attributes:
        field: the name of the setting.
    """

    code = "configuration_error"

    def __init__(self, field: str, problem: str) -> None:
        """Set the name of the setting, and the problem or what to do about it."""
        super().__init__(f"{field}: {problem}")
        self.field = field

    def __str__(self) -> str:
        """Return the field and the problem, which a source of settings may have replaced in ``args``."""
        return str(self.args[0])


class AuthenticationError(PrivyError):
    """The request has no verified user (RFC 9110 §15.5.2)."""

    code = "authentication_error"
    status = 401
    message = "Unauthorized"
    reason = "The request has no verified user."

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return a challenge without an error code (RFC 6750 §3)."""
        return (("WWW-Authenticate", "Bearer"),)


class MissingToken(AuthenticationError):
    """The request has no token, but a user is required."""

    code = "missing_token"
    reason = "The request has no token."


class PageRedirect(AuthenticationError):
    """A browser that navigates to a page is sent to another one, instead of a 401 (RFC 9110 §15.4.3, §15.4.4).

    Attributes:
        location: where the browser is sent.
        cookie: the ``Set-Cookie`` value that counts the redirects, empty for none.
        status: 302, or 303 for a form, which the browser must not send again.
    """

    code = "page_redirect"
    status: int = 302
    reason = "The browser is sent to another page."

    def __init__(self, location: str = "/", *, cookie: str = "", status: int = 302) -> None:
        """Set the location: ``refresh_url`` or ``login_url``, with the address of the requested page added."""
        super().__init__()
        self.location: str = location
        self.cookie: str = cookie
        self.status = status

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return the ``Location`` header, and the cookie."""
        cookie = (("Set-Cookie", self.cookie),) if self.cookie else ()
        return (("Location", self.location), *cookie)


class RefreshRequired(PageRedirect):
    """The browser is sent to ``refresh_url``, because it may be able to refresh the session."""

    code = "refresh_required"
    reason = "The browser is sent to the refresh page."


class LoginRequired(PageRedirect):
    """The browser is sent to ``login_url``, where the user signs in."""

    code = "login_required"
    reason = "The browser is sent to the login page."


class InvalidToken(AuthenticationError):
    """The token does not verify; the answer is the same for every reason."""

    code = "invalid_token"
    message = "Invalid token"
    reason = "The token does not verify."

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return a challenge with a fixed description (RFC 6750 §3.1)."""
        value = 'Bearer error="invalid_token", error_description="The token does not verify"'
        return (("WWW-Authenticate", value),)


class MalformedToken(InvalidToken):
    """The token is not a compact JWS in its canonical form (RFC 7515 §2, §7.1)."""

    code = "malformed_token"
    reason = "The token is not a compact JWS."


class OversizedToken(InvalidToken):
    """The token is longer than ``max_token_bytes``; it is not decoded."""

    code = "oversized_token"
    reason = "The token is longer than max_token_bytes."


class ConflictingTokens(InvalidToken):
    """The request has two different tokens of one kind in one place (RFC 9110 §5.3)."""

    code = "conflicting_tokens"
    reason = "The request has two different tokens of one kind in one place."


class UnsupportedHeader(InvalidToken):
    """The JOSE header has the wrong type or a parameter that is not accepted (RFC 7515 §4)."""

    code = "unsupported_header"
    reason = "The token's header has a parameter that is not accepted."


class WrongAlgorithm(InvalidToken):
    """The token's ``alg`` is not the configured one (RFC 8725 §3.1)."""

    code = "wrong_algorithm"
    reason = "The token is signed with an algorithm that is not accepted."


class UnknownKey(InvalidToken):
    """The issuer has not published a key with the token's ``kid`` (RFC 8725 §3.10)."""

    code = "unknown_key"
    reason = "The token is signed with a key that is not known."


class BadSignature(InvalidToken):
    """The signature does not verify (RFC 7515 §5.2)."""

    code = "bad_signature"
    reason = "The signature does not verify."


class InvalidClaims(InvalidToken):
    """A claim is missing, of the wrong type or unreadable (RFC 7519 §4.1)."""

    code = "invalid_claims"
    reason = "A claim is missing or of the wrong type."


class TokenExpired(InvalidToken):
    """The token's ``exp`` plus the leeway has passed (RFC 7519 §4.1.4)."""

    code = "token_expired"
    reason = "The token has expired."


class TokenNotYetValid(InvalidToken):
    """The token's ``nbf`` or ``iat`` is in the future by more than the leeway (RFC 7519 §4.1.5)."""

    code = "token_not_yet_valid"
    reason = "The token is not valid yet."


class WrongIssuer(InvalidToken):
    """The token is from another issuer (RFC 8725 §3.8)."""

    code = "wrong_issuer"
    reason = "The token is from another issuer."


class WrongAudience(InvalidToken):
    """The token is for another app (RFC 8725 §3.9)."""

    code = "wrong_audience"
    reason = "The token is for another app."


class WrongTokenKind(InvalidToken):
    """The token is of one kind, in the place of another (RFC 8725 §3.12)."""

    code = "wrong_token_kind"
    reason = "The token is of another kind."


class TokensDisagree(InvalidToken):
    """The identity token and the access token are of different users or apps."""

    code = "tokens_disagree"
    reason = "The tokens of the request are of different users or apps."


class TokenRevoked(InvalidToken):
    """This app has revoked the token, its session or its user."""

    code = "token_revoked"
    reason = "The token is revoked: is_revoked returned true for its claims."


class UserDeleted(InvalidToken):
    """The token's user has been deleted from Privy."""

    code = "user_deleted"
    reason = "Privy has no such user, or no longer."


class AuthorizationError(PrivyError):
    """The user is known but not allowed (RFC 9110 §15.5.4)."""

    code = "authorization_error"
    status = 403
    message = "Forbidden"
    reason = "The user is not allowed to do this."


class ConditionNotMet(AuthorizationError):
    """The user does not meet the condition of the route.

    Attributes:
        condition: the condition in words, if it is known.
    """

    code = "condition_not_met"
    reason = "The user does not meet the condition of the route."
    condition: str | None = None

    def __init__(self, detail: str = "", *, condition: str | None = None) -> None:
        """Set the detail, which names the condition if it is given and there is no other detail."""
        super().__init__(detail or ("" if condition is None else f"The user does not meet the condition: {condition}."))
        self.condition = condition


class IncompleteUser(AuthorizationError):
    """The condition is on accounts, and the token contains none: it is an access token."""

    code = "incomplete_user"
    reason = "The condition is on linked accounts, which an access token does not contain: send the identity token."


class InactiveUser(AuthorizationError):
    """The user's account in the app is inactive."""

    code = "inactive_user"
    reason = "The user's account in this app is inactive."


class CrossSiteRequest(AuthorizationError):
    """A token in a cookie came with an unsafe cross-site request."""

    code = "cross_site_request"
    reason = "The token is in a cookie, and the request comes from another site."


class ServiceUnavailable(PrivyError):
    """The server cannot decide now (RFC 9110 §15.6.4).

    Attributes:
        retry_after: after how many seconds the client should try again.
    """

    code = "service_unavailable"
    status = 503
    message = "Service unavailable"
    reason = "The server cannot decide at the moment."
    retry_after: float = 1.0

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        """Set the detail, and ``retry_after`` in seconds."""
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return ``Retry-After`` in whole seconds, at least one (RFC 9110 §10.2.3)."""
        return (("Retry-After", str(max(1, math.ceil(self.retry_after)))),)


class KeysUnavailable(ServiceUnavailable):
    """Keys cannot be fetched, and without new ones the token can be neither accepted nor refused."""

    code = "keys_unavailable"
    reason = "No keys are available."


class RevocationsUnavailable(ServiceUnavailable):
    """Revocations cannot be read, so it is not known whether a token is revoked; or one cannot be stored."""

    code = "revocations_unavailable"
    reason = "The store of revocations cannot be reached."


class UserUnavailable(ServiceUnavailable):
    """The user could not be loaded from the REST API."""

    code = "user_unavailable"
    reason = "The user cannot be loaded."


class InvalidWebhook(PrivyError):
    """The webhook is not signed with the secret, too old or too new, or not an event (RFC 9110 §15.5.1)."""

    code = "invalid_webhook"
    status = 400
    message = "Invalid webhook"
    reason = "The request is not a webhook from Privy."


class WebhookMethod(InvalidWebhook):
    """The webhook is not a POST (RFC 9110 §15.5.6)."""

    code = "webhook_method"
    status = 405
    message = "Method not allowed"
    reason = "The method is not POST."

    @property
    def challenge(self) -> tuple[tuple[str, str], ...]:
        """Return the one method that is allowed (RFC 9110 §10.2.1)."""
        return (("Allow", "POST"),)


class WebhookTooLarge(InvalidWebhook):
    """The webhook's body is too long, or its length is not given (RFC 9110 §15.5.14)."""

    code = "webhook_too_large"
    status = 413
    message = "Content too large"
    reason = "The body is too long, or its length is not given."


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response of our own, in terms that every framework has.

    Attributes:
        status: the status code.
        headers: names and values, without ``Content-Length``.
        body: the body in UTF-8, JSON or a page; empty where the status allows none.
        payload: the JSON object, for frameworks that write it themselves.
        close_code: what closes a WebSocket where no HTTP response can be sent (RFC 6455 §7.4.1).
        close_reason: the words that go with it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    payload: Mapping[str, str | int] = field(default_factory=dict)
    close_code: int = 1008
    close_reason: str = ""

    @classmethod
    def to(cls, error: PrivyError, error_body: str = "message") -> Self:
        """Return the answer to a refusal, with a body in the form that the setting ``error_body`` names.

        Raises:
            PrivyError: the error itself, if it is not a refusal but a mistake in the app, such as a wrong setting.
        """
        if error.status == PrivyError.status:
            raise error
        # The traceback would keep frames, and with them the token, alive wherever the refusal is kept.
        error.without_traces()
        payload = _payload(error, error_body)
        body = error.page or json.dumps(payload)
        headers = (*_content_headers(error, error_body), *(each for each in error.headers if each[0] != "Content-Type"))
        return cls(error.status, headers, body.encode(), payload, error.close_code, error.message)

    def headers_for(self, content_type: str) -> list[tuple[str, str]]:
        """Return the headers for another body of this type, such as a page of the app."""
        kept = (each for each in self.headers if each[0] not in ("Content-Type", "Content-Security-Policy"))
        return [("Content-Type", content_type), *kept]

    @property
    def headers_with_length(self) -> list[tuple[str, str]]:
        """Return the headers and, with a body, ``Content-Length``; a 204 must not have it (RFC 9110 §8.6)."""
        length = [("Content-Length", str(len(self.body)))] if self.body else []
        return [*self.headers, *length]


def _payload(error: PrivyError, error_body: str) -> Mapping[str, str | int]:
    """Return the JSON object of an answer; a problem is one of RFC 9457 §3.1, whose type is its status (§4.2.1)."""
    if error_body == "detail":
        return {"detail": error.message}
    if error_body == "problem":
        title = HTTPStatus(error.status).phrase
        return {"type": "about:blank", "title": title, "status": error.status, "detail": error.message}
    return error.payload


def _content_headers(error: PrivyError, error_body: str) -> tuple[tuple[str, str], ...]:
    if error.page:
        return (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", _PAGE_POLICY))
    media_type = "application/problem+json" if error_body == "problem" else "application/json"
    return (("Content-Type", media_type),)
