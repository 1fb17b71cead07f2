"""Callbacks of an app: which ones are async, and that an awaitable is never used as a result."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from privy_middleware import ConfigurationError, InvalidToken, PrivyConfig, PrivyMiddleware, PrivyUser
from privy_middleware.callbacks import is_async, require_sync, returned
from privy_middleware.conditions import condition
from privy_middleware.keys import RedisKeyCache
from tests.support.callables import ASYNC, UNSEEN, Called
from tests.support.tokens import config, identity, verifier


def plain(*_: object) -> bool:
    """A plain function, as required."""
    return False


class Plain:
    """A callable object."""

    def __call__(self, *_: object) -> bool:
        """Return immediately."""
        return False


async def asynchronous_generator(*_: object) -> AsyncIterator[bool]:
    """An asynchronous generator, which cannot be used as a callback."""
    yield False


every_async = pytest.mark.parametrize("name", [*ASYNC])
every_unseen = pytest.mark.parametrize("name", [*UNSEEN])


@every_async
def test_async_functions_are_known(name: str) -> None:
    """Async functions are recognised, also inside ``functools.partial`` and in objects."""
    assert is_async(ASYNC[name])
    with pytest.raises(ConfigurationError, match=r"^field: .*plain function"):
        require_sync(ASYNC[name], "field")


@pytest.mark.parametrize("function", [plain, Plain(), functools.partial(plain, 1), print, dict, Called, None])
def test_plain_functions_are_known(function: Any) -> None:
    """A class is not async, even if its instances are."""
    assert not is_async(function)
    require_sync(function, "field")


def test_asynchronous_generators_are_refused() -> None:
    """Asynchronous generators are rejected, because their result cannot be used."""
    with pytest.raises(ConfigurationError, match="plain function"):
        require_sync(asynchronous_generator, "field")
    with pytest.raises(ConfigurationError, match="awaited"):
        returned(asynchronous_generator(), "field")


@pytest.mark.parametrize("answer", [True, False, None, 0, "text", [], PrivyUser("did:privy:x")])
def test_answers_are_handed_on(answer: object) -> None:
    """Results are returned unchanged."""
    assert returned(answer, "field") is answer


@pytest.mark.parametrize("name", [*ASYNC, *UNSEEN])
def test_what_is_to_be_awaited_is_no_answer(name: str) -> None:
    """An awaitable is closed, because nothing awaits it, and the error names the field."""
    function = (ASYNC | UNSEEN)[name]
    with pytest.raises(ConfigurationError, match=r"^field: .*awaited"):
        returned(function(), "field")


def test_a_task_is_no_answer() -> None:
    """A task is cancelled, because it has already started."""

    async def main() -> bool:
        task = asyncio.create_task(asyncio.sleep(60))
        with pytest.raises(ConfigurationError, match="awaited"):
            returned(task, "field")
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())


@every_async
@pytest.mark.parametrize("field", ["is_revoked", "on_refused"])
def test_async_hooks_are_refused_at_the_start(field: str, name: str) -> None:
    """A coroutine would reject every token, or do nothing."""
    settings: dict[str, Any] = {field: ASYNC[name]}
    with pytest.raises(ConfigurationError, match=f"^{field}: .*plain function") as caught:
        PrivyConfig(app_id="app", **settings)
    assert caught.value.field == field
    with pytest.raises(ConfigurationError, match=f"^{field}: "):
        PrivyConfig.from_mapping({"APP_ID": "app", field.upper(): ASYNC[name]})


@every_unseen
def test_an_awaitable_is_neither_revoked_nor_not(name: str) -> None:
    """It is an error of the server, for new and cached tokens, sync and async."""
    judge = verifier(is_revoked=UNSEEN[name])
    token = identity()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"^is_revoked: "):
            judge.verify_identity_token(token)
        with pytest.raises(ConfigurationError, match=r"^is_revoked: "):
            asyncio.run(judge.averify_identity_token(token))
    with pytest.raises(InvalidToken):
        judge.verify_identity_token("garbage")


@pytest.mark.parametrize(("answer", "refuses"), [(1, True), ("x", True), (0, False), (None, False), ("", False)])
def test_any_other_answer_counts_as_true_or_false(answer: object, refuses: bool) -> None:
    """Other values are used as in ``if``, for example a count or ``None``."""
    hook: Any = lambda _: answer  # noqa: E731 (its type is the point)
    judge = verifier(is_revoked=hook)
    if refuses:
        with pytest.raises(InvalidToken):
            judge.verify_identity_token(identity())
    else:
        assert judge.verify_identity_token(identity()).id


@every_async
def test_async_predicates_are_refused_at_the_start(name: str) -> None:
    """They are rejected when the condition is created or combined."""
    with pytest.raises(ConfigurationError, match=r"^condition: .*plain function"):
        condition(ASYNC[name])
    met = condition(guest=False)
    assert met is not None
    for combine in (met.__and__, met.__or__):
        with pytest.raises(ConfigurationError, match=r"^condition: "):
            combine(ASYNC[name])


@every_async
def test_async_key_caches_are_refused_at_the_start(name: str) -> None:
    """They would share nothing without an error."""
    for get, put in ((ASYNC[name], plain), (plain, ASYNC[name])):
        cache: Any = type("Cache", (), {"get": staticmethod(get), "set": staticmethod(put)})()
        with pytest.raises(ConfigurationError, match=r"^key_cache: .*plain function"):
            config(key_cache=cache)


def test_asynchronous_redis_clients_are_refused() -> None:
    """The mistake is one word in an import."""
    redis = pytest.importorskip("redis.asyncio")
    with pytest.raises(ConfigurationError, match=r"^key_cache: .*redis\.Redis"):
        RedisKeyCache(redis.Redis())


async def app(*_: object) -> None:
    """An app."""


@pytest.mark.parametrize("value", ["print", 1])
def test_on_expired_is_a_function(value: Any) -> None:
    """Otherwise a mistake would only be found when a token expires."""
    with pytest.raises(ConfigurationError, match=r"^on_expired: "):
        PrivyMiddleware(app, config(), close_expired=True, on_expired=value)


@pytest.mark.parametrize("function", [print, ASYNC["function"], UNSEEN["lambda"]])
def test_on_expired_needs_close_expired(function: Callable[..., Any]) -> None:
    """Without ``close_expired`` it would never be called."""
    with pytest.raises(ConfigurationError, match=r"^on_expired: .*close_expired"):
        PrivyMiddleware(app, config(), on_expired=function)
    PrivyMiddleware(app, config(), close_expired=True, on_expired=function)
