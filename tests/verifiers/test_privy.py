"""Privy's two kinds of token, in every configuration of apps and keys."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
import pprint
import sys
import time
from typing import Any

import pytest

from privy_middleware import PrivyConfig, PrivyVerifier
from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import (
    BadSignature,
    InvalidClaims,
    InvalidToken,
    KeysUnavailable,
    MalformedToken,
    TokensDisagree,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongTokenKind,
)
from privy_middleware.fetching.waiting import arun, run
from privy_middleware.http.credentials import Credential, Source
from privy_middleware.tokens.strict_json import MAX_DEPTH
from privy_middleware.users.frozen import freeze_object, thaw_object
from privy_middleware.verifiers.base import jwks_source
from tests.support.clock import Clock
from tests.support.keyserver import DRIP_BODY, KeyServer, hang_up
from tests.support.signers import Signer
from tests.support.tokens import (
    APP_ID,
    HEADER,
    IDENTITY,
    MISSING,
    NOW,
    SIGNER,
    SUBJECT,
    access,
    changed,
    config,
    identity,
    sign,
    verifier,
)

LOCAL = {"trust_env": False}
SOURCES: tuple[Source, ...] = ("header", "cookie")


def credentials(judge: PrivyVerifier, **tokens: str) -> list[Credential]:
    """Return tokens by kind, as if they were in headers."""
    return [
        Credential(slot.kind, "header", tokens[slot.kind]) for slot in judge.settings.locations if slot.kind in tokens
    ]


def judged(judge: PrivyVerifier, **tokens: str) -> PrivyAuth:
    """Return the verifier's result for the tokens of a request."""
    return run(judge.steps(credentials(judge, **tokens), NOW))


def test_identity_token() -> None:
    """An identity token returns the user."""
    accounts = [{"type": "email", "address": "a@example.com", "lv": 1}]
    user = verifier().verify_identity_token(
        identity(linked_accounts=json.dumps(accounts), custom_metadata='{"role":"admin"}', guest="t")
    )
    assert (user.id, user.created_at, user.is_guest) == (SUBJECT, 1731974895, True)
    assert user.email
    assert user.email.address == "a@example.com"
    assert user.custom_metadata == {"role": "admin"}
    assert user.claims["aud"] == APP_ID


def test_access_token() -> None:
    """An access token returns the six claims."""
    assert verifier().verify_access_token(access()).to_dict() == {
        "app_id": APP_ID,
        "user_id": SUBJECT,
        "issuer": "privy.io",
        "issued_at": NOW,
        "expiration": NOW + 3600,
        "session_id": "test-session",
    }


@pytest.mark.anyio
async def test_awaiting() -> None:
    """The results are the same without blocking."""
    judge = verifier()
    assert (await judge.averify_identity_token(identity())).id == SUBJECT
    assert (await judge.averify_access_token(access())).session_id == "test-session"
    with pytest.raises(WrongTokenKind):
        await judge.averify_identity_token(access())
    with pytest.raises(WrongTokenKind):
        await judge.averify_access_token(identity())
    auth = await arun(judge.steps(credentials(judge, identity=identity()), NOW))
    assert auth.require().id == SUBJECT


def test_the_kinds_exclude_one_another() -> None:
    """This also applies if the token is in the cache as a token of its own kind."""
    judge = verifier()
    for _ in range(2):
        assert judge.verify_identity_token(identity()).id
        assert judge.verify_access_token(access()).user_id
        with pytest.raises(WrongTokenKind):
            judge.verify_identity_token(access())
        with pytest.raises(WrongTokenKind):
            judge.verify_access_token(identity())


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "privy.example"}, WrongIssuer),
        ({"iss": ["privy.io"]}, WrongIssuer),
        ({"aud": "other-app"}, WrongAudience),
        ({"aud": MISSING}, WrongAudience),
        ({"sub": ""}, InvalidClaims),
        ({"exp": MISSING}, InvalidClaims),
    ],
)
def test_claims_are_checked_for_both(claims: dict[str, Any], error: type[InvalidToken]) -> None:
    """Both kinds have these rules."""
    judge = verifier()
    with pytest.raises(error):
        judge.verify_identity_token(identity(**claims))
    with pytest.raises(error):
        judge.verify_access_token(access(**claims))


def test_audience_lists() -> None:
    """Identity tokens may have a list, and access tokens may not."""
    judge = verifier()
    assert judge.verify_identity_token(identity(aud=["other", APP_ID])).id
    with pytest.raises(WrongAudience):
        judge.verify_access_token(access(aud=[APP_ID]))


def deep(levels: int) -> Any:
    """Return nested lists and objects."""
    value: Any = [{}] if levels % 2 == 0 else []
    for _ in range((levels - 1) // 2):
        value = [{"a": value}]
    return value


def identity_of_depth(levels: int) -> dict[str, str]:
    """Return identity tokens with deep nesting, by the part that is nested."""
    accounts, metadata = json.dumps([{"type": "x", "a": deep(levels - 2)}]), json.dumps({"a": deep(levels - 1)})
    return {
        "header": identity({"a": deep(levels - 1)}),
        "claims": identity(a=deep(levels - 1)),
        "accounts": identity(linked_accounts=accounts),
        "accounts of a known type": identity(linked_accounts=accounts.replace('"x"', '"email","address":"a@b.c"')),
        "metadata": identity(custom_metadata=metadata),
    }


def test_nesting_is_bounded() -> None:
    """No part of a token may be nested deeper than 32 levels, on every Python."""
    judge = verifier()
    for token in identity_of_depth(MAX_DEPTH).values():
        assert judge.verify_identity_token(token).id == SUBJECT
    for levels in (MAX_DEPTH + 1, 100, 400):
        for part, token in identity_of_depth(levels).items():
            with pytest.raises(MalformedToken if part == "header" else InvalidClaims):
                judge.verify_identity_token(token)
    assert judge.verify_access_token(access(a=deep(MAX_DEPTH - 1))).user_id == SUBJECT
    with pytest.raises(InvalidClaims):
        judge.verify_access_token(access(a=deep(MAX_DEPTH)))


def test_the_deepest_user_is_a_value_like_any_other() -> None:
    """Accepted values can be copied, shown, compared and written even if little of the stack is left."""
    tokens = identity_of_depth(MAX_DEPTH)
    usual, left = sys.getrecursionlimit(), 250
    for part in ("claims", "accounts", "metadata"):
        user = verifier().verify_identity_token(tokens[part])
        sys.setrecursionlimit(len(inspect.stack(0)) + left)
        try:
            assert user == copy.deepcopy(user) == pickle.loads(pickle.dumps(user))
            assert dataclasses.asdict(user)["id"] == SUBJECT
            assert json.loads(json.dumps(user.to_dict())) == user.to_dict()
            assert json.loads(json.dumps(user.claims)) == thaw_object(user.claims)
            assert repr(user.claims) == repr(freeze_object(thaw_object(user.claims)))
            assert pprint.pformat(user.claims)
            assert isinstance(hash(user), int)
        finally:
            sys.setrecursionlimit(usual)


def test_the_real_clock() -> None:
    """The default clock is that of the machine."""
    judge = PrivyVerifier(verifier().settings)
    now = int(time.time())
    assert judge.verify_identity_token(identity(iat=now, exp=now + 3600)).id == SUBJECT


def test_two_tokens_of_one_user() -> None:
    """The user is that of the identity token, and the session that of the access token."""
    auth = judged(verifier(), identity=identity(exp=NOW + 90), access=access(exp=NOW + 60))
    assert auth.require().complete
    assert auth.require_access().session_id == "test-session"
    assert [token.kind for token in auth.tokens] == ["identity", "access"]
    assert auth.expires_at == NOW + 60


def test_two_tokens_of_different_users() -> None:
    """Tokens of different users are rejected together."""
    with pytest.raises(TokensDisagree):
        judged(verifier(), identity=identity(), access=access(sub="did:privy:other"))


def test_one_bad_token_spoils_both() -> None:
    """If one of two tokens is invalid, the request is rejected."""
    for tokens in ({"identity": identity(), "access": "garbage"}, {"identity": "garbage", "access": access()}):
        with pytest.raises(InvalidToken):
            judged(verifier(), **tokens)


def test_access_token_alone() -> None:
    """The user has an ID and is not complete."""
    auth = judged(verifier(), access=access())
    user = auth.require()
    assert (user.id, user.complete, user.to_dict()) == (SUBJECT, False, {"id": SUBJECT})
    assert auth.session_id == "test-session"


def test_a_cached_token_alone() -> None:
    """The result is the same object the next time, but not for another source."""
    judge, token = verifier(), identity()
    header, cookie = (Credential("identity", source, token) for source in SOURCES)
    first, second = run(judge.steps([header], NOW)), run(judge.steps([cookie], NOW))
    assert (first.source, second.source) == ("header", "cookie")
    assert run(judge.steps([header], NOW)) is first
    assert run(judge.steps([cookie], NOW)) is second


def test_a_cached_token_does_not_bring_another_one_along() -> None:
    """The result for two tokens is not used for one of them alone, or for another pair."""
    judge, token = verifier(), identity()
    pair = judged(judge, identity=token, access=access())
    alone = judged(judge, identity=token)
    assert (len(pair.tokens), len(alone.tokens), alone.access) == (2, 1, None)
    assert judged(judge, identity=token, access=access(sid="other")).session_id == "other"
    with pytest.raises(TokensDisagree):
        judged(judge, identity=token, access=access(sub="did:privy:other"))


def test_cached_tokens_are_put_together_anew() -> None:
    """The session of a cached pair is not part of the result for the identity token alone."""
    judge, token = verifier(), identity()
    for sid in ("one", "two"):
        session = access(sid=sid)
        assert judge.verify_identity_token(token).id == judge.verify_access_token(session).user_id
        auth = run(judge.steps(credentials(judge, identity=token, access=session), NOW))
        assert auth.session_id == sid
    alone = run(judge.steps(credentials(judge, identity=token), NOW))
    assert (len(alone.tokens), alone.access) == (1, None)


def test_several_apps() -> None:
    """The tokens of each app need its own key, and two tokens of one user must be of the same app."""
    other = Signer(SIGNER.kid)
    keys = {"a": SIGNER.jwk, "b": other.jwk}
    judge = PrivyVerifier(PrivyConfig(app_id=("a", "b"), verification_key=keys), clock=Clock(NOW))

    def of(app: str, signer: Signer, **claims: Any) -> str:
        return sign(HEADER, changed(IDENTITY, {"aud": app, **claims}), signer.private)

    assert judge.verify_identity_token(of("a", SIGNER)).claims["aud"] == "a"
    assert judge.verify_identity_token(of("b", other)).claims["aud"] == "b"
    for app, signer in (("a", other), ("b", SIGNER)):
        with pytest.raises((BadSignature, UnknownKey)):
            judge.verify_identity_token(of(app, signer))
    for audience in ("c", None, 1, [], ["c"], {"a": 1}):
        with pytest.raises(WrongAudience):
            judge.verify_identity_token(sign(HEADER, changed(IDENTITY, {"aud": audience})))
    assert judge.verify_identity_token(sign(HEADER, changed(IDENTITY, {"aud": ["x", "a"]}))).id
    with pytest.raises(WrongAudience):
        judge.verify_identity_token(sign(HEADER, changed(IDENTITY, {"aud": ["a", 1]})))
    session = {"linked_accounts": MISSING, "sid": "s"}
    assert judged(judge, identity=of("a", SIGNER), access=of("a", SIGNER, **session)).access
    with pytest.raises(TokensDisagree):
        judged(judge, identity=of("a", SIGNER), access=of("b", other, **session))


def test_keys_over_http() -> None:
    """They are fetched once, in advance or with the first token, for both kinds."""
    with KeyServer(SIGNER) as server:
        judge = PrivyVerifier(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL), clock=Clock(NOW))
        judge.ready()
        assert judge.verify_identity_token(identity()).id
        assert judge.verify_access_token(access()).user_id
        assert server.count == 1


def test_settings_reach_the_source_of_the_keys() -> None:
    """Each time and option of the configuration is used for fetching and keeping the keys."""
    clock, kept = Clock(), Kept()
    with KeyServer(SIGNER) as server:
        options = {**LOCAL, "headers": {"X-Own": "1"}}
        settings = config(
            key_lifetime=100,
            key_grace=50,
            key_cooldown=7,
            client_options=options,
            key_cache=kept,
            key_cache_secret="s" * 32,
        )
        source = jwks_source(settings, server.url, ("ES256",), clock)
        source.ready()
        assert b"x-own: 1" in server.requests[0].lower()
        assert kept.seconds == 150
        assert kept.value.startswith(b"hmac-sha256 ")
        assert source.fresh_until == source.now() + 100 == clock() + 100
        assert source.holds("test-kid", "ES256")
        for moved, fetches in ((1, 2), (6.75, 2), (0.25, 3)):
            clock.advance(moved)
            if source.lookup("unknown", "ES256") is None:
                source.fetch()
            assert server.count == fetches
        clock.advance(149.75)
        assert source.unavailable() is None
        clock.advance(0.25)
        assert source.unavailable() is not None
        with pytest.raises(KeysUnavailable, match="no usable key"):
            jwks_source(settings, server.url, ("ES384",)).ready()
        server.behave = DRIP_BODY
        with pytest.raises(KeysUnavailable, match=r"no answer within 0\.2 s"):
            jwks_source(config(key_timeout=0.2, client_options=LOCAL), server.url, ("ES256",)).ready()


class Kept:
    """A shared key cache that records what it was last asked to store, and for how long."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.value = b""

    def get(self, key: str) -> bytes | None:
        """Return nothing."""
        return None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Record the time and the value."""
        self.seconds = seconds
        self.value = value


@pytest.mark.anyio
async def test_keys_over_http_without_blocking() -> None:
    """The same without blocking; a failure at startup is reported."""
    with KeyServer(SIGNER) as server:
        settings = PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL)
        judge = PrivyVerifier(settings, clock=Clock(NOW))
        await judge.aready()
        assert (await judge.averify_identity_token(identity())).id == SUBJECT
        assert server.count == 1
        server.behave = hang_up
        cold = PrivyVerifier(settings, clock=Clock(NOW))
        with pytest.raises(KeysUnavailable):
            await cold.aready()
        with pytest.raises(KeysUnavailable):
            cold.ready()
        with pytest.raises(KeysUnavailable):
            cold.verify_identity_token(identity())


@pytest.mark.anyio
async def test_one_app_without_keys_keeps_none_of_the_others_waiting() -> None:
    """The keys of all apps are fetched, and then the failure is reported."""
    with KeyServer(SIGNER) as server:
        urls = {"down": "http://127.0.0.1:9/jwks", APP_ID: server.url}
        settings = PrivyConfig(app_id=tuple(urls), jwks_url=urls, client_options=LOCAL)
        with pytest.raises(KeysUnavailable, match=r"127\.0\.0\.1:9"):
            PrivyVerifier(settings).ready()
        with pytest.raises(KeysUnavailable, match=r"127\.0\.0\.1:9"):
            await PrivyVerifier(settings).aready()
        assert server.count == 2


@pytest.mark.anyio
async def test_fixed_keys_are_always_ready() -> None:
    """Nothing has to be fetched."""
    judge = verifier()
    judge.ready()
    await judge.aready()
    assert judge.verify_identity_token(identity()).id
