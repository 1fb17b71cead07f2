"""Workers share fetched keys in Redis; if it is down or contains other values, no request is rejected."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from privy_middleware import AuthenticationError, ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.keys import RedisKeyCache
from privy_middleware.keys.cache_signature import CacheSigner
from tests.support.keyserver import KeyServer, reply
from tests.support.patience import PATIENCE
from tests.support.ports import free_port
from tests.support.redisserver import KINDS


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the timeouts for Redis long enough for a busy machine."""
    monkeypatch.setattr("privy_middleware.keys.redis_cache._TIMEOUT", PATIENCE)


@pytest.fixture(params=sorted(KINDS))
def address(request: pytest.FixtureRequest, unhurried: None) -> Iterator[str]:
    """Run each available kind of Redis."""
    with KINDS[request.param]() as url:
        yield url


@pytest.fixture
def issuer() -> DevelopmentIssuer:
    """Return an issuer whose keys the key server publishes."""
    return DevelopmentIssuer()


@pytest.fixture
def server(issuer: DevelopmentIssuer) -> Iterator[KeyServer]:
    """Publish the issuer's key, and count the requests."""
    with KeyServer() as running:
        publish(running, issuer)
        yield running


def publish(server: KeyServer, issuer: DevelopmentIssuer) -> None:
    """Publish the issuer's keys."""
    server.behave = reply(json.dumps(issuer.jwks()).encode())


_CACHES: list[RedisKeyCache] = []


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """Close the connections of all caches: garbage collection may find a socket before the client that closes it."""
    yield
    while _CACHES:
        _CACHES.pop()._client.close()


def cache_at(url: str) -> RedisKeyCache:
    """Return a cache at a URL, whose connection is closed after the test."""
    _CACHES.append(RedisKeyCache.from_url(url))
    return _CACHES[-1]


def worker(server: KeyServer, issuer: DevelopmentIssuer, address: str, **settings: Any) -> PrivyVerifier:
    """Return the verifier of another worker."""
    cache = cache_at(address)
    return PrivyVerifier(PrivyConfig(app_id=issuer.app_id, jwks_url=server.url, key_cache=cache, **settings))


def test_a_fleet_makes_one_fetch(address: str, server: KeyServer, issuer: DevelopmentIssuer) -> None:
    """Ten workers send one request to the key server."""
    token = issuer.identity_token("ada")
    users = {worker(server, issuer, address).verify_identity_token(token).id for _ in range(10)}
    assert users == {"did:privy:dev-ada"}
    assert server.count == 1


@pytest.mark.anyio
async def test_async_workers_share_too(address: str, server: KeyServer, issuer: DevelopmentIssuer) -> None:
    """The cache is called in a thread, not on the event loop."""
    token = issuer.identity_token("ada")
    for _ in range(3):
        assert (await worker(server, issuer, address).averify_identity_token(token)).id == "did:privy:dev-ada"
    assert server.count == 1


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"{}\n{}", b"\xff" * 2000])
def test_garbage_is_as_if_absent(address: str, server: KeyServer, issuer: DevelopmentIssuer, garbage: bytes) -> None:
    """If Redis contains other values, a valid token is accepted with keys from the key server."""
    token = issuer.identity_token("ada")
    worker(server, issuer, address).verify_identity_token(token)
    with Redis.from_url(address) as client:
        cache = RedisKeyCache(client)
        key = f"privy-middleware:keys:{_digest(server.url)}"
        assert cache.get(key)
        cache.set(key, garbage, 60)
    assert worker(server, issuer, address).verify_identity_token(token).id == "did:privy:dev-ada"
    assert server.count == 2


@pytest.mark.parametrize("forgery", ["unsigned", "another secret", "another url", "a changed digit"])
def test_who_can_write_to_redis_cannot_choose_keys(
    address: str, server: KeyServer, issuer: DevelopmentIssuer, forgery: str
) -> None:
    """With a secret, no worker accepts the tokens of keys that somebody else has put into Redis."""
    secret, attacker = {"key_cache_secret": "s" * 32}, DevelopmentIssuer(issuer.app_id)
    worker(server, issuer, address, **secret).verify_identity_token(issuer.identity_token("ada"))
    with KeyServer() as other, Redis.from_url(address) as client:
        publish(other, attacker)
        theirs = {} if forgery == "unsigned" else {"key_cache_secret": "t" * 32} if "secret" in forgery else secret
        worker(other, attacker, address, **theirs).verify_identity_token(attacker.identity_token("ada"))
        names = [f"privy-middleware:keys:{_digest(each.url)}" for each in (server, other)]
        real, false = (client.get(name) for name in names)
        assert isinstance(real, bytes)
        assert isinstance(false, bytes)
        if forgery in ("unsigned", "another secret"):
            body = false.partition(b"{")[2].replace(other.url.encode(), server.url.encode())
            false = b"{" + body if forgery == "unsigned" else CacheSigner(["t" * 32]).sign(b"{" + body)
        if forgery == "a changed digit":
            false = real.replace(b'"lifetime": 3600', b'"lifetime": 9600')
            assert false != real
        client.set(names[0], false, ex=60)
    later = worker(server, issuer, address, **secret)
    with pytest.raises(AuthenticationError):
        later.verify_identity_token(attacker.identity_token("ada"))
    assert later.verify_identity_token(issuer.identity_token("ada")).id == "did:privy:dev-ada"
    assert server.count == 2
    worker(server, issuer, address, **secret).verify_identity_token(issuer.identity_token("ada"))
    assert server.count == 2


def test_without_a_secret_redis_is_trusted(address: str, server: KeyServer, issuer: DevelopmentIssuer) -> None:
    """This is what the secret is for: keys that somebody has put into Redis are used."""
    attacker = DevelopmentIssuer(issuer.app_id)
    publish(server, attacker)
    worker(server, issuer, address).verify_identity_token(attacker.identity_token("ada"))
    publish(server, issuer)
    fooled = worker(server, issuer, address).verify_identity_token(attacker.identity_token("ada"))
    assert fooled.id == "did:privy:dev-ada"
    signed = worker(server, issuer, address, key_cache_secret="s" * 32)
    with pytest.raises(AuthenticationError):
        signed.verify_identity_token(attacker.identity_token("ada"))


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def test_redis_that_is_down_refuses_nobody(server: KeyServer, issuer: DevelopmentIssuer) -> None:
    """Each worker then uses the key server itself."""
    verifier = worker(server, issuer, f"redis://127.0.0.1:{free_port()}/0")
    assert verifier.verify_identity_token(issuer.identity_token("ada")).id == "did:privy:dev-ada"


def test_entries_do_not_outlive_their_time(address: str) -> None:
    """Redis deletes them itself: after whole seconds, and at least one, which is its minimum."""
    with Redis.from_url(address) as client:
        cache = RedisKeyCache(client)
        cache.set("long", b"value", 3600.5)
        assert 3000 < client.ttl("long") <= 3601
        cache.set("short", b"value", 0.0)
        assert client.ttl("short") <= 1


class _Shown(RedisKeyCache):
    """Return the client that was created for an address."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self.client = client


def test_redis_that_hangs_is_not_waited_for() -> None:
    """Half a second to connect and to respond is acceptable for a request."""
    made = _Shown.from_url("redis://localhost:6379/0").client.get_connection_kwargs()
    assert (made["socket_connect_timeout"], made["socket_timeout"]) == (0.5, 0.5)


class _HangUp(BaseRequestHandler):
    """Record the connection, and close it."""

    server: Any

    def handle(self) -> None:
        """Record the connection."""
        self.server.comers += 1


@pytest.mark.usefixtures("unhurried")
def test_redis_is_asked_once() -> None:
    """If Redis fails, it is not tried again while a request waits."""
    with TCPServer(("127.0.0.1", 0), _HangUp) as redis:
        redis.comers = 0  # type: ignore[attr-defined]
        thread = threading.Thread(target=redis.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with pytest.raises(RedisError):
            cache_at(f"redis://127.0.0.1:{redis.server_address[1]}/0").get("key")
        redis.shutdown()
        thread.join()
        assert redis.comers == 1  # type: ignore[attr-defined]


def test_values_that_are_no_bytes_count_as_nothing(address: str) -> None:
    """A client that decodes responses cannot be used, but causes no failure."""
    with Redis.from_url(address, decode_responses=True) as client:
        cache = RedisKeyCache(client)
        cache.set("key", b"value", 60)
        assert cache.get("key") is None


def test_a_wrong_address_fails_at_start_up() -> None:
    """The error names the field and shows the right form."""
    with pytest.raises(ConfigurationError, match=r"key_cache: .*redis://localhost"):
        RedisKeyCache.from_url("localhost:6379")


def test_without_redis_py_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"privy-middleware\[redis\]"):
        RedisKeyCache.from_url("redis://localhost")
