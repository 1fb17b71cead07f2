"""The loader with a real server: its requests, its cache, and its behaviour when the API fails."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from typing import Any, ClassVar

import httpx2
import pytest
import trio

from privy_middleware import ConfigurationError, PrivyConfig, PrivyUser
from privy_middleware.errors import UserDeleted, UserUnavailable
from privy_middleware.loader import UserLoader
from privy_middleware.users.user import user_from_access_claims
from tests.loader.server import APP_ID, DID, SECRET, UserServer, account, record
from tests.support.clock import Clock
from tests.support.keyserver import (
    DRIP_BODY,
    Behaviour,
    KeyServer,
    drip,
    flood,
    hang_up,
    reply,
    reset_mid_body,
    silence,
)
from tests.support.patience import LONGEST_TIMEOUT, PATIENCE
from tests.support.ways import Way, call, every_way

EMAIL = account("email", address="a@b.c")
TOKEN_USER = user_from_access_claims({"sub": DID, "aud": APP_ID, "sid": "s1"})
LATE = "no answer within"


def config(**fields: Any) -> PrivyConfig:
    """Return settings with a secret."""
    return PrivyConfig(**{"app_id": APP_ID, "app_secret": SECRET, **fields})


def loader_of(server: UserServer, **options: Any) -> UserLoader:
    """Return a loader that uses the server."""
    return UserLoader(replace(options.pop("config", None) or config(), api_url=server.url), **options)


def load(way: Way, loader: UserLoader, user: PrivyUser | str = TOKEN_USER, **options: Any) -> PrivyUser:
    """Load a user, sync or async."""
    return call(way, lambda: loader.load(user, **options), lambda: loader.aload(user, **options))


@every_way
def test_full_user(way: Way) -> None:
    """A user of an access token becomes complete and fresh, and keeps the token's claims."""
    with UserServer(record(DID, EMAIL)) as server:
        user = load(way, loader_of(server, wall_clock=Clock(1_800_000_000.0)))
    assert user.email is not None
    assert (user.complete, user.fresh_at) == (True, 1_800_000_000.0)
    assert user.claims["sid"] == "s1"
    assert TOKEN_USER.complete is False


@every_way
def test_request(way: Way) -> None:
    """The request contains the app and its secret as documented, and no part of the token."""
    with UserServer(record()) as server:
        options = {"headers": {"x-trace": "t1"}, "auth": ("someone", "else")}
        load(way, loader_of(server, config=config(client_options=options)))
    (seen,) = server.requests
    assert seen.path == f"/v1/users/{DID}"
    assert seen.app_id == APP_ID
    assert seen.headers["x-trace"] == "t1"


@every_way
@pytest.mark.parametrize("proxied", [False, True])
def test_tls_context_weakened_later(proxied: bool, way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """The app secret is not sent with such a context: the user cannot be loaded, and the log contains the reason."""
    context = ssl.create_default_context()
    options = {"proxy": httpx2.Proxy("https://127.0.0.1:1", ssl_context=context)} if proxied else {"verify": context}
    with UserServer(record()) as server:
        loader = loader_of(server, config=config(client_options=options), on_outage="error")
        context.check_hostname = False
        with pytest.raises(UserUnavailable):
            load(way, loader)
        assert server.count == 0
    assert "certificates and host names are always checked" in caplog.text


@every_way
def test_by_id(way: Way) -> None:
    """An ID alone is enough, and then there are no claims."""
    with UserServer(record()) as server:
        user = load(way, loader_of(server), DID)
    assert (user.id, dict(user.claims), user.complete) == (DID, {}, True)


def test_kept_for_its_time() -> None:
    """A user is requested once within ``ttl``, sync and async, and again after it."""
    clock = Clock()
    with UserServer(record()) as server:
        loader = loader_of(server, ttl=60, clock=clock)
        loader.load(TOKEN_USER)
        clock.advance(59)
        asyncio.run(loader.aload(DID))
        assert server.count == 1
        clock.advance(1)
        loader.load(TOKEN_USER)
    assert server.count == 2


def test_nothing_kept_without_a_time() -> None:
    """With ``ttl=0`` every call sends a request."""
    with UserServer(record()) as server:
        loader = loader_of(server, ttl=0)
        loader.load(DID)
        loader.load(DID)
    assert server.count == 2


def test_bounded() -> None:
    """The least recently used user is removed first."""
    dids = [f"did:privy:u{n}" for n in range(3)]
    with UserServer(*map(record, dids)) as server:
        loader = loader_of(server, size=2)
        for did in (dids[0], dids[1], dids[0], dids[2], dids[0], dids[1]):
            loader.load(did)
    assert [seen.path.rpartition(":")[2] for seen in server.requests] == ["u0", "u1", "u2", "u1"]


def test_one_request_for_many_threads() -> None:
    """Concurrent threads wait for one request."""
    with UserServer(record(DID, EMAIL)) as server, ThreadPoolExecutor(8) as pool:
        server.released.clear()
        loader = loader_of(server)
        users = [pool.submit(loader.load, TOKEN_USER) for _ in range(8)]
        assert server.arrived.acquire(timeout=PATIENCE)
        server.released.set()
        assert {user.result(PATIENCE).fresh_at is not None for user in users} == {True}
    assert server.count == 1


def test_one_request_for_many_tasks() -> None:
    """Concurrent tasks wait for one request, also for that of a thread."""
    with UserServer(record()) as server, ThreadPoolExecutor(1) as pool:
        server.released.clear()
        loader = loader_of(server)

        async def main() -> None:
            first = asyncio.create_task(loader.aload(DID))
            await asyncio.to_thread(server.arrived.acquire, timeout=PATIENCE)
            others = [asyncio.create_task(loader.aload(DID)) for _ in range(5)]
            in_thread = pool.submit(loader.load, DID)
            await asyncio.sleep(0)
            server.released.set()
            await asyncio.gather(first, *others, asyncio.wrap_future(in_thread))

        asyncio.run(main())
    assert server.count == 1


def test_cancelled_leader() -> None:
    """If a request is cancelled, a task that waits for it sends its own."""
    with UserServer(record()) as server:
        server.released.clear()
        loader = loader_of(server)

        async def main() -> PrivyUser:
            first = asyncio.create_task(loader.aload(DID))
            await asyncio.to_thread(server.arrived.acquire, timeout=PATIENCE)
            second = asyncio.create_task(loader.aload(DID))
            await asyncio.sleep(0)
            first.cancel()
            server.released.set()
            return await second

        assert asyncio.run(main()).id == DID
    assert server.count == 2


def test_cancelled_under_trio() -> None:
    """After a request was cancelled under trio, the next one is sent."""
    with UserServer(record()) as server:
        server.released.clear()
        loader = loader_of(server)

        async def main() -> PrivyUser:
            with trio.move_on_after(0.05):
                await loader.aload(DID)
            server.released.set()
            return await loader.aload(DID)

        assert trio.run(main).id == DID


def test_lost_leader() -> None:
    """No call waits forever for a request that never ends."""
    with UserServer(record()) as server:
        loader = loader_of(server)
        ref = loader._ref(DID, None)
        lost = loader._join(ref)
        assert isinstance(lost, tuple)
        lost[0].extend(0)
        assert loader.load(DID).id == DID


@every_way
def test_deleted(way: Way) -> None:
    """A user that the API does not know is rejected with 401, and not requested again within ``ttl``."""
    with UserServer() as server:
        loader = loader_of(server)
        with pytest.raises(UserDeleted):
            load(way, loader)
        with pytest.raises(UserDeleted) as caught:
            load(way, loader)
    assert server.count == 1
    assert (caught.value.status, caught.value.payload) == (401, {"message": "Invalid token"})


@pytest.mark.parametrize("did", ["", "ada", "did:privy:..", "did:privy:a/../b", "did:privy:a?b", "did:privy:a b"])
def test_no_path_made_of_anything(did: str) -> None:
    """A text that is not a DID is rejected, and cannot change the path of the request."""
    with UserServer() as server, pytest.raises(UserDeleted):
        loader_of(server).load(did)
    assert {seen.path for seen in server.requests} <= {"/v1/users/did:privy:.."}


@every_way
@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("Retry-After", "7", 7),
        ("X-RateLimit-Reset", "9", 9),
        ("X-RateLimit-Reset", "90000", 3600),
        ("X-RateLimit-Reset", "soon", 1),
        ("X-Other", "9", 1),
    ],
)
def test_rate_limit(way: Way, name: str, value: str, seconds: float) -> None:
    """After a 429 no user is requested until the time that the API sets."""
    clock = Clock()
    with UserServer(record(), record("did:privy:other")) as server:
        loader = loader_of(server, ttl=80_000, on_outage="error", clock=clock)
        load(way, loader, "did:privy:other")
        server.refuse(429, **{name.replace("-", "_"): value})
        for wait in (0.0, seconds - 0.5):
            clock.advance(wait)
            with pytest.raises(UserUnavailable) as caught:
                load(way, loader)
        assert server.count == 2
        assert dict(caught.value.headers)["Retry-After"] == "1"
        assert load(way, loader, "did:privy:other").complete
        server.refusal = None
        clock.advance(0.5)
        assert load(way, loader).complete


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("X-RateLimit-Reset", lambda moment: str(int(moment))),
        ("X-RateLimit-Reset", lambda moment: str(int(moment * 1000))),
        ("Retry-After", lambda moment: formatdate(moment, usegmt=True)),
    ],
    ids=["seconds", "milliseconds", "words"],
)
def test_rate_limit_until_a_moment(name: str, write: Callable[[float], str]) -> None:
    """A time in seconds, milliseconds or as a date is used too."""
    clock = Clock()
    with UserServer(record()) as server:
        loader = loader_of(server, clock=clock)
        server.refuse(429, **{name.replace("-", "_"): write(time.time() + 500)})
        loader.load(TOKEN_USER)
        clock.advance(300)
        loader.load(TOKEN_USER)
        assert server.count == 1
        clock.advance(201)
        loader.load(TOKEN_USER)
    assert server.count == 2


def test_growing_pauses() -> None:
    """After failures there are pauses of 1, 2, 4, … and at most 30 s; a success resets them."""
    clock = Clock()
    with UserServer(record()) as server:
        loader = loader_of(server, ttl=0, clock=clock)
        server.refuse(500)
        for pause in (1, 2, 4, 8, 16, 30, 30):
            loader.load(TOKEN_USER)
            asked = server.count
            clock.advance(pause - 0.5)
            loader.load(TOKEN_USER)
            assert server.count == asked
            clock.advance(0.5)
        server.refusal = None
        assert loader.load(TOKEN_USER).complete
        server.refuse(500)
        loader.load(TOKEN_USER)
        clock.advance(1)
        asked = server.count
        loader.load(TOKEN_USER)
    assert server.count == asked + 1


@every_way
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (reply(b"{}", 500), "status 500"),
        (reply(b"{}", 503, {"Retry-After": "3"}), "status 503"),
        (reply(b"", 302, {"Location": "https://example.com/"}), "redirects"),
        (reply(b"<html>"), "not JSON"),
        (reply(b"null"), "not a JSON object"),
        (reply(b"[]"), "not a JSON object"),
        (reply(b'{"id": "did:privy:else", "linked_accounts": []}'), "another user"),
        (reply(b'{"linked_accounts": []}'), "no id"),
        (flood(3 << 20), "longer than"),
        (silence, LATE),
        (drip(), LATE),
        (DRIP_BODY, LATE),
        (hang_up, "connection failed"),
        (reset_mid_body, "connection failed"),
    ],
)
def test_outage(way: Way, behaviour: Behaviour, reason: str) -> None:
    """If the API fails, the user of the token is returned or the response is 503, depending on the setting."""
    with KeyServer() as server:
        server.behave = behaviour
        known = config(api_url=server.url.removesuffix("/jwks.json"))
        timeout = 0.3 if reason == LATE else LONGEST_TIMEOUT
        tolerant = UserLoader(known, timeout=timeout)
        assert load(way, tolerant) is TOKEN_USER
        strict = UserLoader(known, timeout=timeout, on_outage="error")
        with pytest.raises(UserUnavailable, match=reason) as caught:
            load(way, strict)
    assert caught.value.status == 503
    assert "Retry-After" in dict(caught.value.headers)


def test_no_server() -> None:
    """An API that cannot be reached is an outage; for an ID alone there is no user to fall back on."""
    with KeyServer() as server:
        server.stop()
        loader = UserLoader(config(api_url=server.url.removesuffix("/jwks.json")))
        assert loader.load(TOKEN_USER) is TOKEN_USER
        with pytest.raises(UserUnavailable, match="no connection"):
            loader.load(DID)


def test_wrong_secret(caplog: pytest.LogCaptureFixture) -> None:
    """If the API rejects the secret, this is an outage, and the log names the setting."""
    with UserServer(record()) as server, caplog.at_level(logging.DEBUG):
        loader = loader_of(server, config=config(app_secret="a-wrong-secret"))
        assert loader.load(TOKEN_USER) is TOKEN_USER
    assert "check app_secret" in caplog.text
    assert "a-wrong-secret" not in caplog.text


def test_strange_record_does_not_stop_others() -> None:
    """One user's invalid record does not affect other users."""
    with UserServer(record(linked_accounts="none"), record("did:privy:other")) as server:
        loader = loader_of(server)
        assert loader.load(TOKEN_USER) is TOKEN_USER
        assert loader.load("did:privy:other").complete


def test_invalidate() -> None:
    """A user that was invalidated is requested again."""
    with UserServer(record()) as server:
        loader = loader_of(server)
        loader.load(DID)
        server.users[DID] = record(DID, EMAIL)
        assert loader.load(DID).email is None
        loader.invalidate(DID)
        loader.invalidate("did:privy:nobody")
        assert loader.load(DID).email is not None


def test_invalidate_while_loading() -> None:
    """The result of a request from before a change is not cached after it."""
    with UserServer(record()) as server, ThreadPoolExecutor(1) as pool:
        server.released.clear()
        loader = loader_of(server)
        before = pool.submit(loader.load, DID)
        assert server.arrived.acquire(timeout=PATIENCE)
        loader.invalidate(DID)
        server.released.set()
        assert before.result(PATIENCE).email is None
        server.users[DID] = record(DID, EMAIL)
        assert loader.load(DID).email is not None
    assert server.count == 2


def test_nothing_of_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    """No repr, log or exception contains the secret."""
    with UserServer(record()) as server, caplog.at_level(logging.DEBUG):
        loader = loader_of(server, on_outage="error")
        loader.load(DID)
        server.refuse(500)
        loader.invalidate(DID)
        with pytest.raises(UserUnavailable) as caught:
            loader.load(DID)
    shown = [repr(loader), repr(config()), repr(caught.value), str(caught.value.__cause__), caplog.text]
    assert all(SECRET not in text for text in shown)
    assert repr(loader) == f"<UserLoader {APP_ID}>"


class TestSeveralApps:
    """Several apps in one process, each with its own secret."""

    APPS: ClassVar = {"app-one": "secret-one", "app-two": "secret-two"}

    def test_app_of_the_token(self) -> None:
        """The token's audience selects the app's secret."""
        with UserServer(record(), secrets=self.APPS) as server:
            loader = loader_of(server, config=config(app_id=tuple(self.APPS), app_secret=self.APPS))
            for audience in ("app-two", ["other", "app-one"]):
                user = user_from_access_claims({"sub": DID, "aud": audience})
                assert loader.load(user).complete
            assert loader.load(DID, app_id="app-two").complete
        assert [seen.app_id for seen in server.requests] == ["app-two", "app-one"]

    @pytest.mark.parametrize(
        ("user", "app_id"),
        [(DID, None), (DID, "app-three"), (user_from_access_claims({"sub": DID, "aud": "app-three"}), None)],
    )
    def test_unknown_app(self, user: PrivyUser | str, app_id: str | None) -> None:
        """Without a known app no request is sent."""
        with UserServer(record(), secrets=self.APPS) as server:
            loader = loader_of(server, config=config(app_id=tuple(self.APPS), app_secret=self.APPS))
            with pytest.raises(ConfigurationError, match="app-one, app-two"):
                loader.load(user, app_id=app_id)
        assert server.count == 0

    def test_pauses_are_each_apps_own(self) -> None:
        """The rate limit of one app does not affect another."""
        with UserServer(record(), secrets=self.APPS) as server:
            loader = loader_of(server, config=config(app_id=tuple(self.APPS), app_secret=self.APPS))
            server.refuse(429, Retry_After="60")
            with pytest.raises(UserUnavailable):
                loader.load(DID, app_id="app-one")
            server.refusal = None
            assert loader.load(DID, app_id="app-two").complete


class TestSettings:
    """Checks at startup."""

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"ttl": -1}, "ttl"),
            ({"ttl": True}, "ttl"),
            ({"ttl": "60"}, "ttl"),
            ({"size": 0}, "size"),
            ({"timeout": 0}, "timeout"),
            ({"on_outage": "ignore"}, "on_outage"),
            ({"load_user": "load"}, "load_user"),
        ],
    )
    def test_wrong(self, options: dict[str, Any], name: str) -> None:
        """The error for a wrong value names its setting."""
        with pytest.raises(ConfigurationError) as caught:
            UserLoader(config(), **options)
        assert caught.value.field == name

    @pytest.mark.parametrize(
        "fields",
        [
            {"app_secret": None},
            {"app_id": ("one", "two"), "app_secret": {"one": "s"}},
            {"app_id": ("one", "two"), "app_secret": "s"},
            {"app_secret": {"other": "s"}},
            {"app_secret": ""},
            {"app_secret": "a secret"},
            {"app_secret": {APP_ID: None}},
        ],
    )
    def test_secret(self, fields: dict[str, Any]) -> None:
        """Every app needs its own secret."""
        with pytest.raises(ConfigurationError) as caught:
            UserLoader(config(**fields))
        assert caught.value.field == "app_secret"

    @pytest.mark.parametrize("url", ["http://api.privy.io/v1", "api.privy.io", "", 7])
    def test_wrong_address(self, url: Any) -> None:
        """The address of the API is checked with the other settings."""
        with pytest.raises(ConfigurationError) as caught:
            config(api_url=url)
        assert caught.value.field == "api_url"

    def test_from_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a configuration the settings come from the environment."""
        monkeypatch.setenv("PRIVY_APP_ID", APP_ID)
        monkeypatch.setenv("PRIVY_APP_SECRET", SECRET)
        assert repr(UserLoader()) == f"<UserLoader {APP_ID}>"
        with UserServer(record()) as server:
            monkeypatch.setenv("PRIVY_API_URL", server.url)
            assert UserLoader().load(DID).complete

    def test_from_mapping(self) -> None:
        """A mapping of settings is accepted."""
        assert APP_ID in repr(UserLoader({"APP_ID": APP_ID, "APP_SECRET": SECRET}))

    def test_address_with_a_slash(self) -> None:
        """A slash at the end of the address is ignored."""
        with UserServer(record()) as server:
            assert UserLoader(config(api_url=f"{server.url}/")).load(DID).complete


def plain(did: str) -> dict[str, Any]:
    """Return a record."""
    return record(did, EMAIL)


async def waiting(did: str) -> dict[str, Any]:
    """Return a record, async."""
    return record(did, EMAIL)


class Waiting:
    """A callable object whose call is async."""

    async def __call__(self, did: str) -> PrivyUser:
        """Return a user."""
        return PrivyUser(did, complete=False)


class Later:
    """An awaitable that is not a coroutine."""

    def __init__(self, did: str) -> None:
        self._did = did

    def __await__(self) -> Any:
        """Return a user."""
        return waiting(self._did).__await__()


class TestCallableSource:
    """Another client instead of the REST API."""

    @every_way
    def test_plain(self, way: Way) -> None:
        """A plain function works sync and async, and no secret is needed."""
        loader = UserLoader(config(app_secret=None), load_user=plain)
        assert load(way, loader).email is not None

    @pytest.mark.parametrize("function", [waiting, Waiting()])
    def test_async(self, function: Any) -> None:
        """An async function is awaited, and in sync code there is an error."""
        loader = UserLoader(config(), load_user=function)
        user = asyncio.run(loader.aload(TOKEN_USER))
        assert (user.id, user.complete, user.fresh_at is not None) == (DID, True, True)
        loader.invalidate(DID)
        with pytest.raises(ConfigurationError, match="await aload"):
            loader.load(TOKEN_USER)

    @pytest.mark.parametrize(
        "function",
        [Later, lambda did: waiting(str(did)), functools.partial(lambda _, did: waiting(did), 1)],
    )
    def test_async_unseen(self, function: Any) -> None:
        """A function that is known as async only by its result is awaited too, and in sync code there is an error."""
        loader = UserLoader(config(), load_user=function)
        assert asyncio.run(loader.aload(TOKEN_USER)).complete
        loader.invalidate(DID)
        with pytest.raises(ConfigurationError, match="await aload"):
            loader.load(TOKEN_USER)

    @pytest.mark.parametrize("function", [functools.partial(Waiting()), functools.partial(waiting)])
    def test_async_partial(self, function: Any) -> None:
        """It is recognised as async inside ``functools.partial``."""
        loader = UserLoader(config(), load_user=function)
        assert asyncio.run(loader.aload(TOKEN_USER)).complete
        loader.invalidate(DID)
        with pytest.raises(ConfigurationError, match="await aload"):
            loader.load(TOKEN_USER)

    def test_off_the_event_loop(self) -> None:
        """A blocking function is called in a thread."""
        seen: list[threading.Thread] = []

        def blocking(did: str) -> dict[str, Any]:
            seen.append(threading.current_thread())
            return record(did)

        asyncio.run(UserLoader(config(), load_user=blocking).aload(DID))
        assert seen != [threading.current_thread()]

    @every_way
    def test_none(self, way: Way) -> None:
        """``None`` means that the user does not exist."""
        with pytest.raises(UserDeleted):
            load(way, UserLoader(config(), load_user=lambda did: None))

    @every_way
    def test_error(self, way: Way, caplog: pytest.LogCaptureFixture) -> None:
        """Any error is an outage, of which only the type is logged."""

        def failing(did: str) -> dict[str, Any]:
            raise ValueError("with a secret in it")

        assert load(way, UserLoader(config(), load_user=failing)) is TOKEN_USER
        assert "load_user raised ValueError" in caplog.text
        assert "with a secret in it" not in caplog.text

    @every_way
    def test_error_of_ours(self, way: Way) -> None:
        """Our own errors are raised unchanged, and leave no state."""
        answers: list[Any] = [UserDeleted("gone"), record(DID)]

        def deciding(did: str) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, UserDeleted):
                raise answer
            return answer

        loader = UserLoader(config(), load_user=deciding)
        with pytest.raises(UserDeleted, match="gone"):
            load(way, loader)
        assert load(way, loader).complete

    def test_async_error(self) -> None:
        """An error of an async function is an outage too."""

        async def failing(did: str) -> None:
            raise OSError

        assert asyncio.run(UserLoader(config(), load_user=failing).aload(TOKEN_USER)) is TOKEN_USER
