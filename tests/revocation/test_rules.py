"""What a revocation reaches and what it does not, in the store of one process."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from privy_middleware import ConfigurationError, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyVerifier
from privy_middleware.errors import InvalidClaims, PrivyError, TokenExpired, TokenRevoked
from privy_middleware.revocation import Revocations
from privy_middleware.revocation.entries import Entries
from privy_middleware.revocation.rules import Revocation
from privy_middleware.users.user import AccessTokenClaims
from tests.support.clock import Clock
from tests.support.issued import ADA, GRACE, ISSUER, issuer_config
from tests.support.ways import Way, call, every_way

NOW = 1_800_000_000


class World:
    """A store and a verifier with clocks of their own."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.steady = Clock(NOW), Clock(50.0)
        self.store = Revocations(clock=self.clock, steady_clock=self.steady, **options)
        self.verifier = PrivyVerifier(issuer_config(revocations=self.store), clock=self.clock)

    def times(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Return claims that are valid for an hour from now."""
        return {"iat": int(self.clock()), "exp": int(self.clock()) + 3600, **claims}

    def access(self, persona: str = "ada", **claims: Any) -> str:
        """Return an access token that is issued now."""
        return ISSUER.access_token(persona, **self.times(claims))

    def identity(self, persona: str = "ada", **claims: Any) -> str:
        """Return an identity token that is issued now."""
        return ISSUER.identity_token(persona, **self.times(claims))

    def claims(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token."""
        return self.verifier.verify_access_token(token)

    def error(self, token: str) -> str | None:
        """Return the code of the error for a token, ``None`` if it is accepted."""
        kind = "identity" if "linked_accounts" in decoded(token) else "access"
        verify: Callable[[str], object] = getattr(self.verifier, f"verify_{kind}_token")
        try:
            verify(token)
        except PrivyError as error:
            return error.code
        return None

    def revoked(self, *tokens: str) -> list[bool]:
        """Return which of the tokens are revoked, twice: new and cached tokens are the same."""
        found = [self.error(token) for token in tokens]
        assert [self.error(token) for token in tokens] == found
        assert set(found) <= {None, "token_revoked"}
        return [each is not None for each in found]


def decoded(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying it."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def by_claims(world: World, token: str) -> None:
    """Revoke the session of an access token by what ``privy_auth.access`` returns."""
    world.store.revoke_session(world.claims(token))


def by_mapping(world: World, token: str) -> None:
    """Revoke it by the decoded claims."""
    world.store.revoke_session(decoded(token))


def by_ids(world: World, token: str) -> None:
    """Revoke it by the two ids."""
    world.store.revoke_session("phone", ADA)


@pytest.mark.parametrize("revoke", [by_claims, by_mapping, by_ids])
def test_a_session(revoke: Callable[[World, str], None]) -> None:
    """Its access tokens are refused, older and newer ones too, and the identity tokens that its user had."""
    world = World()
    phone, laptop, other = world.access(sid="phone"), world.access(sid="laptop"), world.access("grace", sid="x")
    mine, others = world.identity(), world.identity("grace")
    assert world.revoked(phone, laptop, other, mine, others) == [False] * 5
    revoke(world, phone)
    assert world.revoked(phone, laptop, other, mine, others) == [True, False, False, True, False]
    world.clock.advance(60)
    assert world.revoked(world.access(sid="phone"), world.identity()) == [True, False]


def test_a_user() -> None:
    """All tokens that the user got until now are refused, those of the same second too, and later ones are accepted."""
    world = World()
    tokens = [world.access(sid="phone"), world.access(sid="laptop"), world.identity(), world.identity("grace")]
    world.clock.advance(0.9)
    world.store.revoke_user(ADA)
    assert world.revoked(*tokens) == [True, True, True, False]
    world.clock.advance(1)
    assert world.revoked(world.access(), world.identity()) == [False, False]


def test_a_user_until_a_time() -> None:
    """A second revocation never brings back what the first one has refused."""
    world = World()
    old, new = world.identity(iat=NOW - 100), world.identity(iat=NOW - 10)
    world.store.revoke_user(ADA, issued_before=NOW - 50)
    assert world.revoked(old, new) == [True, False]
    world.store.revoke_user(ADA, issued_before=NOW - 200)
    assert world.revoked(old, new) == [True, False]


def test_one_token() -> None:
    """Another token with one other claim is accepted; the token itself is recognised by its claims."""
    world = World()
    first, second = world.identity(), world.identity(custom_metadata='{"a":1}')
    access = world.access()
    user = world.verifier.verify_identity_token(first)
    assert user.claims is not None
    world.store.revoke_token(user.claims)
    world.store.revoke_token(decoded(access))
    assert world.revoked(first, second, access) == [True, False, True]


@every_way
def test_every_way(way: Way) -> None:
    """There are methods for code with and without an event loop."""
    world = World()
    store = world.store
    phone, tablet, third = world.access(sid="phone"), world.access("grace", sid="tablet"), world.access("grace")
    claims = world.claims(phone)
    call(way, lambda: store.revoke_session(claims), lambda: store.arevoke_session(claims))
    assert world.revoked(phone, tablet, third) == [True, False, False]
    token = decoded(tablet)
    call(way, lambda: store.revoke_token(token), lambda: store.arevoke_token(token))
    assert world.revoked(phone, tablet, third) == [True, True, False]
    call(way, lambda: store.revoke_user(GRACE), lambda: store.arevoke_user(GRACE))
    assert world.revoked(phone, tablet, third) == [True, True, True]
    call(way, store.ready, store.aready)
    call(way, store.fetch, store.afetch)
    call(way, store.close, store.aclose)
    assert world.revoked(phone, tablet, third) == [True, True, True]


def test_the_reason() -> None:
    """It says what was revoked."""
    world = World()
    access, identity = world.access(sid="phone"), world.identity()
    world.store.revoke_session("phone", ADA)
    with pytest.raises(TokenRevoked, match="its session was revoked"):
        world.verifier.verify_access_token(access)
    with pytest.raises(TokenRevoked, match="names no session"):
        world.verifier.verify_identity_token(identity)
    world.store.revoke_user(ADA)
    with pytest.raises(TokenRevoked, match="all tokens of its user"):
        world.verifier.verify_identity_token(identity)


@pytest.mark.parametrize("step", [-3600, 3600, 30 * 86_400])
def test_clock_steps(step: float) -> None:
    """If the system's clock jumps and comes back, every revoked token is still refused."""
    world = World()
    tokens = [world.access(sid="phone"), world.identity(), world.access("grace")]
    world.store.revoke_session("phone", ADA)
    world.store.revoke_user(GRACE)
    world.clock.advance(step)
    for _ in range(300):
        world.store.revoke_user("did:privy:other")
    assert None not in [world.error(token) for token in tokens]
    world.clock.advance(-step)
    assert world.revoked(*tokens) == [True, True, True]


def test_tokens_are_accepted_no_longer_than_entries_are_kept() -> None:
    """A token that is valid for longer than ``max_token_age`` expires then, so that no revocation can be forgotten."""
    world = World(max_token_age=3600)
    token = world.identity(exp=NOW + 7200)
    assert world.revoked(token) == [False]
    world.clock.advance(3611)
    assert world.error(token) == TokenExpired.code
    assert world.error(world.identity(iat=None)) == InvalidClaims.code


def test_entries_expire() -> None:
    """They are kept for as long as a token is valid, and a few minutes for clocks that differ."""
    world = World(max_token_age=3600)
    world.store.revoke_session("phone", ADA)
    token = world.access(sid="phone")
    world.steady.advance(3600)
    assert world.revoked(token) == [True]
    world.steady.advance(301)
    assert world.revoked(token) == [False]


def test_expired_entries_are_removed() -> None:
    """Memory is freed while entries are added, a bounded number at once."""
    clock = Clock()
    entries = Entries(clock)
    for number in range(2500):
        entries.add(Revocation("session", str(number)), 60)
    assert len(entries) == 2500
    clock.advance(61)
    for number in range(1500):
        entries.add(Revocation("user", f"new{number}", 5.0), 60)
    assert len(entries) == 1500
    assert entries.revoked_by("new7", {"iat": 4}) == "user"
    assert entries.revoked_by("new7", {"iat": 5}) is None


def test_an_entry_that_is_added_again_is_kept() -> None:
    """The clean-up goes by the time of the last addition."""
    clock = Clock()
    entries = Entries(clock)
    entries.add(Revocation("session", "phone"), 60)
    clock.advance(50)
    entries.add(Revocation("session", "phone"), 60)
    clock.advance(50)
    for number in range(300):
        entries.add(Revocation("user", str(number), 5.0), 60)
    assert entries.revoked_by("someone", {"sid": "phone"}) == "session"
    assert next(iter(entries.remaining())) == (Revocation("session", "phone"), 10.0)


def test_what_remains() -> None:
    """Expired entries are neither listed nor counted as present."""
    clock = Clock()
    entries = Entries(clock)
    old, new = Revocation("user", "old", 5.0), Revocation("user", "new", 5.0)
    entries.add(old, 10)
    entries.add(new, 20)
    clock.advance(10)
    assert [*entries.remaining()] == [(new, 10.0)]
    assert (entries.includes(old), entries.includes(new)) == (False, True)
    assert not entries.includes(new._replace(issued_before=6.0))
    assert not entries.includes(Revocation("session", "new"))


def test_users_of_other_families() -> None:
    """They are revoked by their id, which need not be the ``sub`` of their tokens."""
    store = Revocations(clock=Clock(NOW))
    settings: dict[str, Any] = {"algorithms": ("ES256",), "issuer": "my-server", "audience": "my-app"}
    config = CustomKeyConfig(public_key=ISSUER.public_key_pem, revocations=store, **settings)
    verifier = CustomKeyVerifier(config, clock=Clock(NOW))
    claims: dict[str, Any] = {"iss": "my-server", "aud": "my-app", "iat": NOW, "exp": NOW + 60}
    first, second = (ISSUER.access_token(**claims, sub=name, sid=None) for name in ("u-1", "u-2"))
    store.revoke_user("custom:my-server:u-1")
    with pytest.raises(TokenRevoked):
        verifier.verify_token(first)
    assert verifier.verify_token(second)["sub"] == "u-2"


WRONG: dict[str, Callable[[], object]] = {
    "max_token_age": lambda: Revocations(max_token_age=59),
    "session": lambda: Revocations().revoke_session(""),
    "user_id": lambda: Revocations().revoke_session("phone"),
    "claims": lambda: Revocations().revoke_token({"sub": ADA}),
    "issued_before": lambda: Revocations().revoke_user(ADA, issued_before=float("nan")),
    "revocations": lambda: issuer_config(revocations=True),
}


@pytest.mark.parametrize("sid", ["", 7, None, ["phone"], {"phone": 1}])
def test_identity_tokens_with_a_strange_session(sid: Any) -> None:
    """A session id that is none does not keep an identity token from being refused."""
    world = World()
    token, access = world.identity(sid=sid), world.access(sid="phone")
    world.store.revoke_session(world.claims(access))
    assert world.revoked(token) == [True]


def test_a_time_in_the_future() -> None:
    """The entry would expire before tokens that are issued until then, so it is an error; clocks may differ."""
    world = World()
    with pytest.raises(ConfigurationError, match=r"^issued_before: give a time in Unix seconds that has passed"):
        world.store.revoke_user(ADA, issued_before=NOW + 61)
    with pytest.raises(ConfigurationError, match=r"^issued_before: "):
        call("asyncio", lambda: None, lambda: world.store.arevoke_user(ADA, issued_before=1000 * NOW))
    world.store.revoke_user(ADA, issued_before=NOW + 60)
    token = world.access()
    world.clock.advance(world.store.max_token_age)
    world.steady.advance(world.store.max_token_age)
    assert len(world.store) == 1
    assert world.error(token) == "token_expired"


def test_copies() -> None:
    """A copy of a store is the store, so that the copy of a configuration refuses the same tokens."""
    world = World()
    token = world.access()
    verifier = PrivyVerifier(copy.deepcopy(issuer_config(revocations=world.store)), clock=world.clock)
    world.store.revoke_session(world.claims(token))
    with pytest.raises(TokenRevoked):
        verifier.verify_access_token(token)


@pytest.mark.parametrize("field", WRONG)
def test_wrong_values(field: str) -> None:
    """The error names the argument."""
    with pytest.raises(ConfigurationError, match=f"^{field}: (give|set) "):
        WRONG[field]()


@pytest.mark.parametrize("wrong", [None, "", 7, "did:privy:\ud800"])
def test_wrong_users_and_times(wrong: Any) -> None:
    """A revocation that would reach nobody is an error."""
    store = Revocations()
    with pytest.raises(ConfigurationError, match=r"^user_id: "):
        store.revoke_user(wrong)
    with pytest.raises(ConfigurationError, match=r"^(session|user_id): "):
        store.revoke_session({"sid": "phone", "sub": wrong})
    with pytest.raises(ConfigurationError, match=r"^session: "):
        store.revoke_session({"sid": wrong, "sub": ADA})
    with pytest.raises(ConfigurationError, match=r"^issued_before: "):
        store.revoke_user(ADA, issued_before=True)


def test_an_empty_store_is_a_store() -> None:
    """Its length is that of its entries, and it is true."""
    store = Revocations()
    assert len(store) == 0
    assert store
    store.revoke_session("phone", ADA)
    assert len(store) == 2
