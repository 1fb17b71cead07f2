"""Hooks for events: called with each event, and never able to change an answer."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import anyio.to_thread
import pytest

from privy_middleware import ConfigurationError, PrivyConfig
from privy_middleware.errors import BadSignature
from privy_middleware.events import Event, KeysFailed, Refused, UserLoaded, WebhookAccepted
from privy_middleware.reporting import Reporter
from tests.support.tokens import Request, config

EVENT = WebhookAccepted(id="msg", type="user.created")


def test_every_hook_gets_every_event() -> None:
    """The setting is a function or a list of functions."""
    first: list[Event] = []
    second: list[Event] = []
    for hooks, expected in ((first.append, [EVENT]), ([first.append, second.append], [EVENT, EVENT])):
        config(on_event=hooks).reporter.report(EVENT)
        assert first == expected
    assert second == [EVENT]


def test_nobody_listens() -> None:
    """Without a hook, and without a log at level DEBUG, requests that are not refused need no event."""
    assert not config().reporter.listens()
    assert config(on_event=print).reporter.listens()


def test_hooks_that_want_nothing_are_left_alone() -> None:
    """A plugin's hook is called only while its signal has receivers."""
    events: list[Event] = []
    wanted: list[bool] = []
    reporter = Reporter()
    reporter.subscribe(events.append, lambda: wanted)
    reporter.report(EVENT)
    assert events == []
    wanted.append(True)
    reporter.report(EVENT)
    assert events == [EVENT]
    # The signals of a plugin get events about requests from its lookups.
    assert not reporter.listens()


def test_subscribing_twice() -> None:
    """A hook is called once, however often an app is set up with the same settings."""
    events: list[Event] = []
    hook = events.append
    reporter = Reporter([hook])
    reporter.subscribe(hook)
    reporter.report(EVENT)
    assert events == [EVENT]


@pytest.mark.parametrize("given", ["print", 1, [1], {"on": print}])
def test_what_is_no_hook(given: Any) -> None:
    """The error says what to give."""
    with pytest.raises(ConfigurationError, match="on_event: give a function, or a list of functions"):
        config(on_event=given)


@pytest.mark.anyio
async def test_async_hooks_wait_for_deliver() -> None:
    """They are awaited in the order of the events, and one that raises does not stop the others."""
    events: list[tuple[str, Event]] = []

    async def fails(event: Event) -> None:
        events.append(("fails", event))
        raise LookupError

    async def works(event: Event) -> None:
        events.append(("works", event))

    reporter = Reporter([fails, functools.partial(works)])
    reporter.report(EVENT)
    assert (events, len(reporter.waiting)) == ([], 2)
    await reporter.deliver()
    assert (events, len(reporter.waiting)) == ([("fails", EVENT), ("works", EVENT)], 0)


@pytest.mark.anyio
async def test_async_hooks_that_want_nothing_are_left_alone() -> None:
    """Nothing waits for them."""

    async def hook(_: Event) -> None:
        raise AssertionError

    reporter = Reporter()
    reporter.subscribe(hook, list)
    reporter.report(EVENT)
    assert not reporter.waiting
    await reporter.deliver()


@pytest.mark.anyio
async def test_events_that_nobody_takes(caplog: pytest.LogCaptureFixture) -> None:
    """Without an event loop that delivers them, the oldest are dropped, and the log says so once."""
    events: list[Any] = []

    async def hook(event: Event) -> None:
        events.append(event)

    reporter = Reporter([hook])
    for number in range(1500):
        reporter.report(WebhookAccepted(id=str(number), type="t"))
    await reporter.deliver()
    assert [int(event.id) for event in events] == [*range(500, 1500)]
    assert [record.getMessage() for record in caplog.records] == [
        "on_event is too slow, or never awaited: the oldest of 1000 events are lost."
    ]


@pytest.mark.anyio
async def test_a_slow_hook(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for it for long: with asyncio it goes on, with trio it is cancelled."""
    events: list[Event] = []
    released = anyio.Event()

    async def hook(event: Event) -> None:
        await released.wait()
        events.append(event)

    reporter = Reporter([hook])
    reporter.report(EVENT)
    await reporter.deliver(patience=0)
    released.set()
    await anyio.wait_all_tasks_blocked()
    assert events == ([EVENT] if anyio_backend == "asyncio" else [])
    assert ("on_event took longer than 0 s, and was cancelled" in caplog.text) == (anyio_backend == "trio")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_hooks_that_never_end(anyio_backend: str) -> None:
    """The number of their tasks is limited; the tasks of an event loop that was closed do not count."""

    async def hook(_: Event) -> None:
        await asyncio.get_running_loop().create_future()

    async def report() -> None:
        reporter.report(EVENT)
        await reporter.deliver(patience=0)

    def in_a_loop_that_is_closed() -> None:
        loop = asyncio.new_event_loop()
        # Its tasks would be reported when they are destroyed.
        loop.set_exception_handler(lambda *_: None)
        for _ in range(100):
            loop.run_until_complete(report())
        loop.close()

    reporter = Reporter([hook])
    await anyio.to_thread.run_sync(in_a_loop_that_is_closed)
    for _ in range(150):
        await report()
    tasks = [task for task in asyncio.all_tasks() if "_call_all" in str(task.get_coro())]
    assert (len(tasks), bool(reporter.waiting)) == (100, True)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_cancelled_while_hooks_run(anyio_backend: str) -> None:
    """The end of a request does not end its hooks; the end of their own task does."""
    events: list[Event] = []
    released = anyio.Event()

    async def hook(event: Event) -> None:
        await released.wait()
        events.append(event)

    reporter = Reporter([hook])
    reporter.report(EVENT)
    with anyio.move_on_after(0):
        await reporter.deliver()
    released.set()
    await anyio.wait_all_tasks_blocked()
    assert events == [EVENT]
    released = anyio.Event()
    reporter.report(EVENT)
    task = reporter.start()
    assert task is not None
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert events == [EVENT]


@pytest.mark.anyio
async def test_a_hook_that_raises_a_cancellation(caplog: pytest.LogCaptureFixture) -> None:
    """Something else was cancelled than the task of the hook, so it is an error like any other."""
    events: list[Event] = []

    async def fails(_: Event) -> None:
        raise asyncio.CancelledError

    async def works(event: Event) -> None:
        events.append(event)

    def fails_at_once(_: Event) -> None:
        raise asyncio.CancelledError

    reporter = Reporter([fails, works, fails_at_once])
    reporter.report(EVENT)
    await reporter.deliver()
    assert events == [EVENT]
    assert caplog.text.count("on_event raised CancelledError, and the request goes on") == 2


def test_logging_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A filter of the app's logging changes nothing, also if it rejects the line about itself."""
    events: list[Event] = []

    def reject(_: logging.LogRecord) -> bool:
        raise LookupError

    for name in ("webhooks", "events"):
        logger = logging.getLogger(f"privy_middleware.{name}")
        caplog.set_level(logging.DEBUG, logger.name)
        logger.addFilter(reject)
    try:
        Reporter([events.append]).report(EVENT)
    finally:
        for name in ("webhooks", "events"):
            logging.getLogger(f"privy_middleware.{name}").removeFilter(reject)
    assert events == [EVENT]


def test_async_hooks_need_an_event_loop() -> None:
    """A hook of the settings must be sync where there is none; those of plugins are made for their mode."""

    async def hook(_: Event) -> None: ...

    Reporter([print]).require_sync()
    plugin = Reporter()
    plugin.subscribe(hook)
    plugin.require_sync()
    with pytest.raises(ConfigurationError, match="on_event: give a plain function"):
        Reporter([hook]).require_sync()


@pytest.mark.parametrize("error", [LookupError, BadSignature])
def test_a_hook_that_raises(error: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    """The next hook is called, and the log says what happened."""
    events: list[Event] = []

    def hook(_: Event) -> None:
        raise error

    Reporter([hook, events.append]).report(EVENT)
    assert events == [EVENT]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("privy_middleware.events", "ERROR")
    assert record.getMessage() == f"on_event raised {error.__name__}, and the request goes on."


def test_a_hook_that_ends_the_process() -> None:
    """Only exceptions are caught."""

    def hook(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Reporter([hook]).report(EVENT)


async def _coroutine(_: Event) -> None: ...


async def _generator(_: Event) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("hook", [lambda event: _coroutine(event), _generator])  # noqa: PLW0108 (not known to be async)
def test_a_hook_whose_result_would_have_to_be_awaited(
    hook: Callable[[Event], object], caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot be recognised beforehand, and the log says what to do."""
    Reporter([hook]).report(EVENT)
    assert "make it an async function" in caplog.text


def test_following_another_reporter() -> None:
    """Events of both reach the hooks of both, once, also hooks that come later."""
    events: list[Event] = []
    later: list[Event] = []
    hook = events.append
    own: list[Event] = []
    first, second = Reporter([hook]), Reporter([hook, own.append])
    second.follow(first)
    first.subscribe(later.append)
    for reporter in (first, second):
        reporter.report(EVENT)
    assert events == own == later == [EVENT, EVENT]


def test_following_a_reporter_with_an_async_hook() -> None:
    """The check for a missing event loop covers both."""

    async def hook(_: Event) -> None: ...

    first, second = Reporter(), Reporter([hook])
    second.follow(first)
    with pytest.raises(ConfigurationError, match="on_event"):
        first.require_sync()


def test_nothing_of_a_user_in_the_text_of_an_event() -> None:
    """Events may be logged as they are: ids of users, paths and requests are left out."""
    private = "did:privy:somebody"
    loaded = UserLoaded(app_id="app", user_id=private, found=True)
    refused = Refused(method="GET", path=f"/{private}", request=Request(("Cookie", private)), error=BadSignature())
    assert private not in f"{loaded!r}{refused!r}"


def test_events_are_immutable() -> None:
    """Several hooks get the same object."""
    event = KeysFailed(url="https://example.com", reason="r", retry_in=1.0, usable_for=0.0)
    with pytest.raises(AttributeError):
        event.reason = "other"  # type: ignore[misc]
    assert event.at > 0


def test_settings_stay_equal() -> None:
    """What listens is not part of the settings' value."""
    assert config() == config()
    assert isinstance(config(), PrivyConfig)
