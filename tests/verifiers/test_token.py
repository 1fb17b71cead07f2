"""A new token and a cached one: the cache never returns more than a new verification would."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from privy_middleware.config import RequestSettings
from privy_middleware.errors import (
    BadSignature,
    InvalidClaims,
    KeysUnavailable,
    MalformedToken,
    OversizedToken,
    PrivyError,
    TokenExpired,
    TokenNotYetValid,
    TokenRevoked,
    UnknownKey,
    UnsupportedHeader,
    WrongAlgorithm,
    WrongAudience,
)
from privy_middleware.keys import FixedKeys, JWKSSource, KeySource, load_key_set
from privy_middleware.verifiers.token import TokenVerifier, TrustedSigner
from tests.support.clock import Clock
from tests.support.keyserver import Held, KeyServer, hang_up, jwks, reply
from tests.support.patience import PATIENCE
from tests.support.signers import Signer
from tests.support.tokens import (
    HEADER,
    IDENTITY,
    MISSING,
    NOW,
    SIGNER,
    changed,
    identity,
    runs_of,
    sign,
    twin,
)
from tests.support.ways import Way, call, every_way

ES256 = frozenset({"ES256"})
LOCAL = {"trust_env": False}


def fixed(*signers: Signer) -> FixedKeys:
    """Return a source of configured keys."""
    return FixedKeys(load_key_set({"keys": [signer.jwk for signer in signers]}, algorithms=ES256))


class Tokens:
    """A verifier that returns a text, whose settings a test can change."""

    def __init__(self, *signers: TrustedSigner, **settings: Any) -> None:
        self.clock = Clock(NOW)
        self.checked = 0
        self.revoked: Callable[[Mapping[str, Any]], bool] = lambda _: False
        self.verifier: TokenVerifier[str] = TokenVerifier(
            signers or [TrustedSigner("app", fixed(SIGNER), ES256)],
            lambda claims: str(claims["sub"]),
            self._check,
            settings=RequestSettings(is_revoked=self._is_revoked, **settings),
            clock=self.clock,
        )

    def _is_revoked(self, claims: Mapping[str, Any]) -> bool:
        return self.revoked(claims)

    def _check(self, claims: Mapping[str, Any], name: str) -> str:
        self.checked += 1
        if claims.get("aud") == "wrong":
            raise WrongAudience
        return f"{name}:{claims['sub']}"

    def __call__(self, token: Any) -> str:
        """Return the value of a token."""
        return self.verifier.verify(token).value

    def verified(self, way: Way, token: str) -> str:
        """Return the value of a token, verified sync or async."""
        return call(way, lambda: self.verifier.verify(token), lambda: self.verifier.averify(token)).value

    def fails(self, token: Any, error: type[PrivyError]) -> None:
        """Check that a token is rejected, with the same error the second time."""
        for _ in range(2):
            with pytest.raises(error) as caught:
                self(token)
            assert type(caught.value) is error


def test_a_hit_is_what_was_verified() -> None:
    """The same object is returned, and the claims are not checked again."""
    tokens, token = Tokens(), identity()
    first = tokens.verifier.verify(token)
    assert tokens.verifier.verify(token) is first
    assert tokens.checked == 1
    assert (first.value, first.expires_at, first.signer) == (f"app:{IDENTITY['sub']}", NOW + 3600, "app")
    assert IDENTITY["sub"] not in repr(first).replace(first.value, "")


def test_strings_that_many_tokens_have_in_common() -> None:
    """Tokens of one audience share its string, and however many audiences there are, only a few strings are kept."""
    tokens = Tokens()
    first, second = (tokens.verifier.verify(identity(sub=user)).claims for user in ("did:privy:1", "did:privy:2"))
    assert (first["aud"] is second["aud"], first["iss"] is second["iss"]) == (True, True)
    for number in range(40):
        tokens(identity(aud=f"app {number}"))
    assert len(tokens.verifier._common) < 20
    assert tokens.verifier.verify(identity(aud="one more")).claims["aud"] == "one more"


@pytest.mark.anyio
async def test_awaiting_is_the_same() -> None:
    """Sync and async verification share the cache."""
    tokens, token = Tokens(), identity()
    first = await tokens.verifier.averify(token)
    assert tokens.verifier.verify(token) is first
    with pytest.raises(BadSignature):
        await tokens.verifier.averify(sign(HEADER, IDENTITY, Signer().private))


def test_what_is_kept_cannot_be_changed() -> None:
    """Claims are shared between requests."""
    claims = Tokens().verifier.verify(identity(extra={"list": [1]})).claims
    with pytest.raises(TypeError):
        claims["sub"] = "did:privy:other"  # type: ignore[index]
    with pytest.raises(TypeError):
        claims["extra"]["list"] = []
    assert claims["extra"]["list"] == (1,)


@pytest.mark.parametrize("size", [0, 4])
def test_the_edge_of_exp_is_the_same_on_a_hit(size: int) -> None:
    """A token expires at ``exp`` plus leeway, cached or not."""
    tokens, token = Tokens(token_cache_size=size, leeway=10, token_cache_seconds=86400), identity()
    assert tokens(token)
    tokens.clock.time = NOW + 3600 + 9.75
    assert tokens(token)
    for late in (10, 10.25, 86400):
        tokens.clock.time = NOW + 3600 + late
        tokens.fails(token, TokenExpired)


@pytest.mark.parametrize("size", [0, 4])
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_clock_that_is_set_back_is_the_same_on_a_hit(size: int, name: str) -> None:
    """A token is not valid before its time, even if it was accepted before."""
    tokens, token = Tokens(token_cache_size=size, leeway=10), identity(**{"iat": MISSING, name: NOW})
    assert tokens(token)
    tokens.clock.time = NOW - 10
    assert tokens(token)
    tokens.clock.time = NOW - 10.25
    tokens.fails(token, TokenNotYetValid)
    tokens.clock.time = NOW
    assert tokens(token)


def test_a_token_without_iat_is_kept_too() -> None:
    """It is valid immediately."""
    tokens, token = Tokens(), identity(iat=MISSING)
    assert tokens(token) == tokens(token)
    assert tokens.checked == 1


def test_time_in_the_cache_is_bounded() -> None:
    """After that the token is verified again."""
    tokens, token = Tokens(token_cache_seconds=60), identity()
    for now, checked in ((NOW, 1), (NOW + 59.75, 1), (NOW + 60, 2), (NOW + 61, 2)):
        tokens.clock.time = now
        assert tokens(token)
        assert tokens.checked == checked


@pytest.mark.parametrize("size", [0, 4])
def test_revocation_counts_on_a_hit(size: int) -> None:
    """The callback gets the claims at every request, and can accept them again."""
    tokens, token = Tokens(token_cache_size=size), identity()
    assert tokens(token)
    tokens.revoked = lambda claims: claims["sub"] == IDENTITY["sub"]
    tokens.fails(token, TokenRevoked)
    tokens.fails(twin(token), TokenRevoked)
    tokens.revoked = lambda _: False
    assert tokens(token)


def test_an_error_of_the_app_is_the_apps() -> None:
    """If the revocation list is not available, no token is accepted."""

    def broken(_: Mapping[str, Any]) -> bool:
        raise LookupError

    tokens, token = Tokens(), identity()
    assert tokens(token)
    tokens.revoked = broken
    with pytest.raises(LookupError):
        tokens(token)


def test_refusals_are_not_kept() -> None:
    """Only valid tokens are cached; a later time can make a token valid."""
    tokens, token = Tokens(), identity(iat=NOW + 100)
    tokens.fails(token, TokenNotYetValid)
    tokens.clock.advance(95)
    assert tokens(token)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (None, MalformedToken),
        (b"a.b.c", MalformedToken),
        ("", MalformedToken),
        ("\ud800.\ud800.\ud800", MalformedToken),
        ("a" * 16385, OversizedToken),
        (sign(changed(HEADER, {"typ": "JWS"}), IDENTITY), UnsupportedHeader),
        (sign(changed(HEADER, {"alg": "none"}), IDENTITY), WrongAlgorithm),
        (sign(changed(HEADER, {"kid": "other"}), IDENTITY), UnknownKey),
        (sign(HEADER, IDENTITY, Signer().private), BadSignature),
        (sign(HEADER, "[]"), InvalidClaims),
        (sign(HEADER, changed(IDENTITY, {"exp": MISSING})), InvalidClaims),
        (sign(HEADER, changed(IDENTITY, {"aud": "wrong"})), WrongAudience),
        (sign(HEADER, '{"sub":"a","exp":1900000000,"deep":' + "[" * 200 + "]" * 200 + "}"), InvalidClaims),
    ],
)
@pytest.mark.parametrize("size", [0, 4])
def test_every_step_refuses(token: Any, error: type[PrivyError], size: int) -> None:
    """Each step raises its own error, which contains no part of the token and no frames."""
    tokens = Tokens(token_cache_size=size)
    tokens.fails(token, error)
    with pytest.raises(error) as caught:
        tokens(token)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = {value for frame in frames.stack for name, value in (frame.locals or {}).items() if name != "token"}
    if isinstance(token, str) and len(token) < 10_000:
        own = [frame.filename for frame in frames.stack if "/privy_middleware/" in frame.filename]
        assert {name.rpartition("/")[2] for name in own} <= {"token.py", "waiting.py"}
        text = "".join(value for value in shown if "Reader" not in value and "self" not in value)
        assert not [run for run in runs_of(token) if run in text]


def test_cache_entries_are_bounded() -> None:
    """The limit applies however many valid tokens there are."""
    tokens = Tokens(token_cache_size=4)
    for number in range(20):
        tokens(identity(marker=number))
    assert len(tokens.verifier._cache) == 4


def test_cache_bytes_are_bounded() -> None:
    """Tokens of 12 KB displace many short ones, and one too long for the cache is verified each time."""
    tokens = Tokens(token_cache_bytes=100_000)
    for number in range(200):
        tokens(identity(marker=number))
    short = len(tokens.verifier._cache)
    assert 10 < short < 100_000 / 1536
    for number in range(20):
        tokens(identity(marker=number, filler="x" * 9000))
    assert 1 <= len(tokens.verifier._cache) <= 3
    small, long = Tokens(token_cache_bytes=65536, max_token_bytes=65536), identity(filler="x" * 30_000)
    assert small(long) == small(long)
    assert (small.checked, len(small.verifier._cache)) == (2, 0)


def test_headers_that_are_remembered_are_bounded() -> None:
    """Any number of spellings of a valid header can be read, and each is read correctly."""
    tokens = Tokens(token_cache_size=0)
    for number in range(40):
        assert tokens(identity({"cty": number}))
        assert len(tokens.verifier._headers) <= 16
    tokens.fails(sign(changed(HEADER, {"cty": "bad"}), IDENTITY, Signer().private), BadSignature)
    assert all("bad" not in segment for segment in tokens.verifier._headers)


def test_good_headers_are_remembered() -> None:
    """After a token was accepted its header is not parsed again; that of a rejected token is forgotten."""
    tokens = Tokens(token_cache_size=0)
    tokens.fails(sign(HEADER, IDENTITY, Signer().private), BadSignature)
    assert tokens.verifier._headers == {}
    for number in range(3):
        assert tokens(identity(marker=number))
    assert len(tokens.verifier._headers) == 1


class Undecided(FixedKeys):
    """A source that is undecided until it has been waited for several times."""

    def __init__(self, enough: int) -> None:
        super().__init__(load_key_set({"keys": [SIGNER.jwk]}, algorithms=ES256))
        self.enough = enough
        self.waits = 0

    def lookup(self, kid: str | None, alg: str) -> Any:
        """Return the keys after enough waits."""
        return super().lookup(kid, alg) if self.waits >= self.enough else None

    def fetch(self) -> None:
        """Count the waits."""
        self.waits += 1


@pytest.mark.parametrize("enough", [0, 1, 2])
def test_keys_that_come_with_the_second_wait(enough: int) -> None:
    """A set that another worker has shared may be older than the token's key."""
    keys = Undecided(enough)
    assert Tokens(TrustedSigner("app", keys, ES256))(identity())
    assert keys.waits == enough


def test_waits_come_to_an_end() -> None:
    """If the source is still undecided after two fetches, the response is 503, not 401."""
    keys = Undecided(10)
    with pytest.raises(KeysUnavailable):
        Tokens(TrustedSigner("app", keys, ES256))(identity())
    assert keys.waits == 2


def test_the_trust_is_chosen_by_the_claims() -> None:
    """Keys of another trust are not accepted."""
    other = Signer("test-kid")
    tokens = Tokens(TrustedSigner("a", fixed(SIGNER), ES256), TrustedSigner("b", fixed(other), ES256))
    assert tokens(sign(HEADER, changed(IDENTITY, {"sub": "a"}))) == "a:a"
    assert tokens(sign(HEADER, changed(IDENTITY, {"sub": "b"}), other.private)) == "b:b"
    tokens.fails(sign(HEADER, changed(IDENTITY, {"sub": "b"})), BadSignature)


def test_the_algorithms_of_a_trust() -> None:
    """The trust must also allow the algorithm."""
    tokens = Tokens(TrustedSigner("app", fixed(SIGNER), frozenset({"EdDSA"})))
    tokens.fails(identity(), WrongAlgorithm)


def source(server: KeyServer, clock: Clock, **options: Any) -> JWKSSource:
    """Return a source of the keys that the server publishes."""
    return JWKSSource(server.url, clock=clock, client_options=LOCAL, **options)


def wait_for_refresh(keys: KeySource) -> None:
    """Wait for the refresh that a lookup has started."""
    keys.fetch()


def test_a_withdrawn_key_ends_a_hit() -> None:
    """After the next refresh the cached token is rejected; a token of a remaining key is not verified again."""
    stays = Signer("stays")
    with KeyServer(SIGNER, stays) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100)
        tokens = Tokens(TrustedSigner("app", keys, ES256))
        gone, kept = identity(), sign(changed(HEADER, {"kid": "stays"}), IDENTITY, stays.private)
        assert tokens(gone) == tokens(kept)
        server.publish(stays)
        clock.advance(101)
        wait_for_refresh(keys)
        tokens.fails(gone, UnknownKey)
        checked = tokens.checked
        assert tokens(kept)
        assert tokens(kept)
        assert tokens.checked == checked


def test_a_replaced_key_ends_a_hit() -> None:
    """Another key with the same ``kid`` is a different key."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100)
        tokens = Tokens(TrustedSigner("app", keys, ES256))
        assert tokens(identity())
        server.publish(Signer(SIGNER.kid))
        clock.advance(101)
        wait_for_refresh(keys)
        tokens.fails(identity(), BadSignature)


def test_a_hit_starts_the_refresh() -> None:
    """Cached tokens alone keep the keys fresh, without waiting."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100)
        tokens, token = Tokens(TrustedSigner("app", keys, ES256)), identity()
        assert tokens(token)
        clock.advance(101)
        assert tokens(token)
        assert tokens.checked == 1
        assert server.arrived.acquire(timeout=PATIENCE)
        assert server.arrived.acquire(timeout=PATIENCE)


def test_stale_keys_end_a_hit_with_the_grace() -> None:
    """A cached token is not accepted longer than its keys: the response is 503."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100, grace=100)
        tokens, token = Tokens(TrustedSigner("app", keys, ES256)), identity()
        assert tokens(token)
        server.behave = hang_up
        clock.advance(150)
        assert tokens(token)
        wait_for_refresh(keys)
        clock.advance(51)
        tokens.fails(token, KeysUnavailable)


@every_way
def test_a_hit_after_an_idle_night(way: Way) -> None:
    """A cached token waits for the fetch too, because its key may have been withdrawn."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100)
        tokens, token = Tokens(TrustedSigner("app", keys, ES256)), identity()
        assert tokens(token)
        clock.advance(100 + 60)
        assert tokens.verified(way, token)
        assert server.count == 2
        server.publish(Signer("another"))
        clock.advance(100 + 60)
        with pytest.raises(UnknownKey):
            tokens.verified(way, token)
        assert server.count == 3


@every_way
def test_a_hit_after_an_idle_night_in_an_outage(way: Way) -> None:
    """After the fetch has failed the old keys are used for all tokens, without another fetch."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock, lifetime=100)
        tokens, token = Tokens(TrustedSigner("app", keys, ES256)), identity()
        assert tokens(token)
        server.behave = hang_up
        clock.advance(100 + 60)
        for each in (token, token, identity(marker=1), token):
            assert tokens.verified(way, each)
        assert server.count == 2
        assert tokens.checked == 3


@every_way
def test_a_new_key_while_the_server_fails(way: Way) -> None:
    """A valid token of a new key gets 503 and not 401, and is accepted once the key can be fetched."""
    new = Signer("new")
    token = sign(changed(HEADER, {"kid": "new"}), IDENTITY, new.private)
    with KeyServer(SIGNER) as server:
        clock = Clock()
        tokens = Tokens(TrustedSigner("app", source(server, clock), ES256))
        assert tokens(identity())
        server.behave, wait = hang_up, 0.0
        # Fresh keys, then stale ones, then keys that must be fetched first.
        for moved in (60, 3600 - 60, 3600):
            clock.advance(moved)
            for _ in range(3):
                with pytest.raises(KeysUnavailable) as caught:
                    tokens.verified(way, token)
                wait = caught.value.retry_after
            assert tokens.verified(way, identity())
        server.publish(SIGNER, new)
        clock.advance(wait)
        assert tokens.verified(way, token)


def test_strangers_while_the_server_fails() -> None:
    """A thousand unknown key IDs cause no more fetches than the cooldown and the back-off allow."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        tokens = Tokens(TrustedSigner("app", source(server, clock), ES256))
        assert tokens(identity())
        server.behave = hang_up
        for moved, fetches in ((60, 2), (3600 + 600, 3)):
            clock.advance(moved)
            for number in range(500):
                with pytest.raises(KeysUnavailable):
                    tokens(identity({"kid": f"invented-{number}"}))
            assert server.count == fetches


def test_a_bad_signature_while_the_server_fails() -> None:
    """If the ``kid`` is that of a known key, the token is invalid."""
    with KeyServer(SIGNER) as server:
        clock = Clock()
        tokens = Tokens(TrustedSigner("app", source(server, clock), ES256))
        assert tokens(identity())
        server.behave = hang_up
        clock.advance(3600 + 60)
        tokens.fails(sign(HEADER, IDENTITY, Signer().private), BadSignature)
        assert server.count == 2


def test_a_token_without_kid_while_the_server_fails() -> None:
    """It gets 503 if no known key verifies it, since a new key may have signed it."""
    new = Signer("new")
    nameless = changed(HEADER, {"kid": MISSING})
    token = sign(nameless, IDENTITY, new.private)
    with KeyServer(SIGNER) as server:
        clock = Clock()
        tokens = Tokens(TrustedSigner("app", source(server, clock), ES256))
        tokens.fails(token, BadSignature)
        server.behave = hang_up
        clock.advance(3600 + 60)
        tokens.fails(token, KeysUnavailable)
        assert tokens(sign(nameless, IDENTITY))
        server.publish(SIGNER, new)
        clock.advance(1 + 60)
        assert tokens(token)
        assert server.count == 3


@every_way
def test_a_new_key_while_a_fetch_is_under_way(way: Way) -> None:
    """Its token waits for that fetch, even if the last one failed."""
    new = Signer("new")
    token = sign(changed(HEADER, {"kid": "new"}), IDENTITY, new.private)
    with KeyServer(SIGNER) as server:
        clock = Clock()
        keys = source(server, clock)
        tokens = Tokens(TrustedSigner("app", keys, ES256))
        assert tokens(identity())
        server.behave = hang_up
        clock.advance(3600)
        keys.fetch()
        server.behave = answer = Held(reply(jwks(SIGNER, new)))
        clock.advance(1)
        assert tokens(identity())
        timer = threading.Timer(0.05, answer.release)
        timer.start()
        assert tokens.verified(way, token)
        timer.join()
        assert server.count == 3


def test_keys_are_waited_for() -> None:
    """The first token fetches them; without keys the response is 503."""
    with KeyServer(SIGNER) as server:
        tokens = Tokens(TrustedSigner("app", source(server, Clock()), ES256))
        assert tokens(identity())
        assert server.count == 1
        server.behave = reply(b"garbage")
        cold = Tokens(TrustedSigner("app", source(server, Clock()), ES256))
        cold.fails(identity(), KeysUnavailable)


def test_an_unknown_kid_is_the_tokens_fault() -> None:
    """Within the cooldown it is rejected without a fetch."""
    with KeyServer(SIGNER) as server:
        tokens = Tokens(TrustedSigner("app", source(server, Clock()), ES256))
        assert tokens(identity())
        for number in range(5):
            tokens.fails(identity({"kid": f"unknown-{number}"}), UnknownKey)
        assert server.count <= 2


@pytest.mark.parametrize("size", [0, 4])
def test_a_trust_may_bound_the_age(size: int) -> None:
    """The tokens of an issuer with a long lifetime expire earlier, cached or not."""
    tokens = Tokens(TrustedSigner("app", fixed(SIGNER), ES256, max_age=60), token_cache_size=size, leeway=10)
    token = identity()
    assert tokens.verifier.verify(token).expires_at == NOW + 60
    tokens.clock.time = NOW + 69.75
    assert tokens(token)
    tokens.clock.time = NOW + 70
    tokens.fails(token, TokenExpired)
    tokens.fails(identity(iat=MISSING), InvalidClaims)


def test_a_single_signer_may_be_chosen_too() -> None:
    """A token of another issuer is rejected before the keys are used."""

    def choose(claims: Mapping[str, Any]) -> str:
        if claims["sub"] != "mine":
            raise WrongAudience
        return "app"

    with KeyServer(SIGNER) as server:
        signer = TrustedSigner("app", source(server, Clock()), ES256)
        tokens = TokenVerifier(
            [signer],
            choose,
            lambda claims, name: name,
            settings=RequestSettings(),
            clock=Clock(NOW),
            always_choose=True,
        )
        with pytest.raises(WrongAudience):
            tokens.verify(identity())
        assert server.count == 0
        assert tokens.verify(identity(sub="mine")).value == "app"
