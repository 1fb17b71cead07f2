"""``PrivyAuth``: everything known about a request, and the decisions that follow."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from privy_middleware import Condition, PrivyAuth, PrivyUser, VerifiedToken
from privy_middleware.errors import (
    ConditionNotMet,
    CrossSiteRequest,
    IncompleteUser,
    KeysUnavailable,
    LoginRequired,
    MissingToken,
    PrivyError,
    RefreshRequired,
    TokenExpired,
)
from privy_middleware.users.user import AccessTokenClaims
from tests.support.tokens import APP_ID, NOW, SUBJECT

USER = PrivyUser(id=SUBJECT)
ACCESS = AccessTokenClaims(APP_ID, SUBJECT, "privy.io", NOW, NOW + 60, "session")
IDENTITY_TOKEN = VerifiedToken("identity", "cookie", {"kind": "identity"}, NOW + 90)
ACCESS_TOKEN = VerifiedToken("access", "header", {"kind": "access"}, NOW + 60)
BOTH = PrivyAuth(USER, ACCESS, (IDENTITY_TOKEN, ACCESS_TOKEN))


def test_anonymous() -> None:
    """Without a token, nothing is known."""
    auth = PrivyAuth()
    assert (auth.user, auth.error, auth.presented, auth.optional()) == (None, None, False, None)
    assert (auth.kind, auth.source, auth.claims, auth.session_id, auth.expires_at) == (None,) * 5
    for demand in (auth.require, auth.require_access):
        with pytest.raises(MissingToken):
            demand()


def test_authenticated() -> None:
    """The first token is the identity token, and the earliest expiry is used."""
    assert (BOTH.kind, BOTH.source, BOTH.claims) == ("identity", "cookie", {"kind": "identity"})
    assert (BOTH.session_id, BOTH.expires_at, BOTH.error, BOTH.presented) == ("session", NOW + 60, None, True)
    assert BOTH.require() is USER
    assert BOTH.require(Condition(lambda user, _: user is USER)) is USER
    assert BOTH.require_access() is ACCESS
    assert BOTH.optional() is USER


def test_issuer() -> None:
    """The user's issuer is used, or that of the verified claims."""

    class Other(PrivyUser):
        issuer = "other"

    token = VerifiedToken("identity", "cookie", {"iss": "privy.io"}, NOW)
    assert PrivyAuth(USER, tokens=(token,)).issuer == "privy.io"
    assert PrivyAuth(Other(id=SUBJECT), tokens=(token,)).issuer == "other"
    assert PrivyAuth().issuer is PrivyAuth(USER).issuer is BOTH.issuer is None


def test_conditions() -> None:
    """A condition that is not met raises an error with 403."""
    with pytest.raises(ConditionNotMet):
        BOTH.require(Condition(lambda *_: False))
    asks = Condition(lambda _, given: given.get("id") == "1", frozenset({"id"}))
    assert BOTH.require(asks, {"id": "1"}) is USER
    for given in (None, {}, {"id": "2"}):
        with pytest.raises(ConditionNotMet):
            BOTH.require(asks, given)


def test_an_incomplete_user_meets_no_condition() -> None:
    """An incomplete user meets no condition, not even one without a requirement or with a negation."""
    auth = PrivyAuth(PrivyUser(id=SUBJECT, complete=False), ACCESS, (ACCESS_TOKEN,))
    assert auth.require().id == SUBJECT
    for asked in (Condition(lambda *_: True), ~Condition(lambda *_: False)):
        with pytest.raises(IncompleteUser):
            auth.require(asked)


def test_access_is_another_thing() -> None:
    """An identity token does not prove a session."""
    with pytest.raises(MissingToken, match="access token"):
        PrivyAuth(USER, None, (IDENTITY_TOKEN,)).require_access()


@pytest.mark.parametrize("refusal", [TokenExpired(), CrossSiteRequest(), KeysUnavailable()])
def test_refused(refusal: PrivyError) -> None:
    """The error is raised wherever a user is required."""
    auth = PrivyAuth(refusal=refusal)
    assert (auth.error, auth.presented, auth.user) == (refusal.code, True, None)
    for demand in (auth.require, auth.require_access, auth.optional):
        with pytest.raises(type(refusal)) as caught:
            demand()
        assert caught.value is refusal


def test_a_bad_token_may_count_as_none() -> None:
    """The app or the route can allow this, only with the exact value."""
    by_route, by_app = PrivyAuth(refusal=TokenExpired()), PrivyAuth(refusal=TokenExpired(), on_invalid="anonymous")
    assert by_route.optional("anonymous") is None
    assert by_app.optional() is None
    for auth, word in ((by_route, None), (by_app, "reject"), (by_route, "Anonymous"), (by_app, "rejekt")):
        with pytest.raises(TokenExpired):
            auth.optional(word)  # type: ignore[arg-type]
    with pytest.raises(TokenExpired):
        by_app.require()


def test_our_own_fault_never_counts_as_none() -> None:
    """An outage does not sign users out."""
    with pytest.raises(KeysUnavailable):
        PrivyAuth(refusal=KeysUnavailable(), on_invalid="anonymous").optional()


def test_redirects() -> None:
    """Navigation that needs a user is redirected to the page that gets a token."""
    redirect = LoginRequired("/login")
    for auth in (PrivyAuth(redirect=redirect), PrivyAuth(refusal=TokenExpired(), redirect=redirect)):
        with pytest.raises(LoginRequired):
            auth.require()
    assert PrivyAuth(refusal=TokenExpired(), redirect=redirect).optional() is None
    with pytest.raises(RefreshRequired):
        PrivyAuth(refusal=TokenExpired(), redirect=RefreshRequired("/refresh")).optional()
    with pytest.raises(TokenExpired):
        PrivyAuth(refusal=TokenExpired(), redirect=redirect, form=True).optional()
    assert PrivyAuth(redirect=redirect).optional() is None


@pytest.mark.parametrize("known", [BOTH, IDENTITY_TOKEN], ids=["auth", "token"])
def test_what_is_known_cannot_be_changed(known: PrivyAuth | VerifiedToken) -> None:
    """The same object may be used for several requests."""
    for field in fields(known):
        with pytest.raises(FrozenInstanceError):
            setattr(known, field.name, None)


def test_reprs_show_no_claims() -> None:
    """The repr shows the user's ID, but no claims of the token."""
    assert "identity" in repr(BOTH)
    assert "{" not in repr(BOTH)
