"""The result for a request: ``request.privy_auth``."""

from __future__ import annotations

from dataclasses import dataclass, field

from privy_middleware.conditions import Condition, Parameters, require_condition
from privy_middleware.config import OnInvalid
from privy_middleware.errors import (
    ConditionNotMet,
    IncompleteUser,
    MissingToken,
    PageRedirect,
    PrivyError,
    RefreshRequired,
    ServiceUnavailable,
)
from privy_middleware.http.credentials import Source
from privy_middleware.tokens.claims import Claims, TokenKind
from privy_middleware.users.user import AccessTokenClaims, PrivyUser

__all__ = ["PrivyAuth", "VerifiedToken"]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that was verified.

    Attributes:
        kind: what kind of token it is, such as ``"identity"``.
        source: where it was, ``"header"`` or ``"cookie"``.
        claims: its claims.
        expires_at: when it expires, in Unix seconds.
    """

    kind: TokenKind
    source: Source
    claims: Claims = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class PrivyAuth:
    """The result of the authentication of a request.

    Attributes:
        user: the verified user, or ``None``.
        access: the claims of the access token, if there is one.
        tokens: the verified tokens, the identity token first.
        refusal: why a token was not accepted, if one was refused.
        on_invalid: the setting of that name, which ``optional`` uses by default.
        redirect: where a browser that navigates to a page is sent instead of a 401.
        page: the HTML page that a browser gets with the 401, if it navigates to a page and another redirect would not
            help; empty for none.
        form: whether the browser submits a form.
    """

    user: PrivyUser | None = None
    access: AccessTokenClaims | None = None
    tokens: tuple[VerifiedToken, ...] = ()
    refusal: PrivyError | None = None
    on_invalid: OnInvalid = "reject"
    redirect: PageRedirect | None = None
    page: str = field(default="", repr=False)
    form: bool = False

    @property
    def error(self) -> str | None:
        """Return the stable code of the refusal, such as ``"token_expired"``."""
        return None if self.refusal is None else self.refusal.code

    @property
    def presented(self) -> bool:
        """Return whether the request has a token, good or bad."""
        return bool(self.tokens) or self.refusal is not None

    @property
    def kind(self) -> TokenKind | None:
        """Return the kind of the first token: the identity token if there are both."""
        return self.tokens[0].kind if self.tokens else None

    @property
    def source(self) -> Source | None:
        """Return where the first token was."""
        return self.tokens[0].source if self.tokens else None

    @property
    def claims(self) -> Claims | None:
        """Return the claims of the first token."""
        return self.tokens[0].claims if self.tokens else None

    @property
    def issuer(self) -> str | None:
        """Return the issuer of the user's token.

        Only the issuer and the user's id together are unique (OpenID Connect Core §5.7). If a verifier accepts tokens
        of several issuers, this is the issuer of the request's own token.
        """
        issuer: str | None = getattr(self.user, "issuer", None)
        return issuer or (self.claims or {}).get("iss")

    @property
    def session_id(self) -> str | None:
        """Return the session id, which only an access token contains."""
        return None if self.access is None else self.access.session_id

    @property
    def expires_at(self) -> float | None:
        """Return when the first of the tokens expires, in Unix seconds."""
        return min((token.expires_at for token in self.tokens), default=None)

    def require(self, condition: Condition | None = None, parameters: Parameters | None = None) -> PrivyUser:
        """Return the user, if there is one who meets the condition; a condition may use request parameters.

        Raises:
            AuthenticationError: if there is no user.
            AuthorizationError: if the condition is not met, or the request is cross-site.
            ServiceUnavailable: if the token cannot be verified now, because keys are missing.
            ConfigurationError: if ``condition`` is not a condition, such as a plain function.
        """
        if condition is not None:
            require_condition(condition)
        if self.refusal is not None or self.user is None:
            raise self.unauthenticated()
        if condition is not None:
            _check(condition, self.user, parameters or {})
        return self.user

    def require_access(self) -> AccessTokenClaims:
        """Return the access token's claims; raises as ``require`` does, and if there is no access token."""
        self.require()
        if self.access is None:
            raise MissingToken("The request has no access token, which is required here.")
        return self.access

    def optional(self, on_invalid: OnInvalid | None = None) -> PrivyUser | None:
        """Return the user or ``None``; a bad token raises, or with ``"anonymous"`` counts as no token.

        A bad token in a cookie also counts as none if a browser visits a page with it and ``refresh_url`` or
        ``login_url`` is set, unless the browser may be able to refresh the session.

        Raises:
            PrivyError: if a token is refused, or cannot be verified now.
        """
        if self.refusal is None:
            return self.user
        if isinstance(self.refusal, ServiceUnavailable) or (on_invalid or self.on_invalid) != "anonymous":
            if self.form or not (self.redirect or self.page):
                raise self.refusal
            if isinstance(self.redirect, RefreshRequired):
                raise self.redirect
        return None

    def unauthenticated(self) -> PrivyError:
        """Return the error for a request without a user."""
        error = self.redirect or self.refusal or MissingToken()
        error.page = self.page
        return error


def _check(condition: Condition, user: PrivyUser, parameters: Parameters) -> None:
    # The accounts of an incomplete user are not known, so no condition can be checked.
    if not user.complete:
        raise IncompleteUser
    if not condition(user, parameters):
        raise ConditionNotMet(condition=condition.description)
