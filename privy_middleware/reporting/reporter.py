"""Hands events to the log, to the app's hooks and to a plugin's signals; none of them can change an answer."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

from privy_middleware.callbacks import discard, is_async
from privy_middleware.errors import ConfigurationError
from privy_middleware.events import Event, OnEvent
from privy_middleware.reporting.async_hooks import PATIENCE, AsyncHooks, log_failure
from privy_middleware.reporting.log import EventLog, requests_logger

__all__ = ["Reporter", "call_hook", "read_hooks"]

_logger = logging.getLogger("privy_middleware.events")

_Wanted: TypeAlias = Callable[[], object]


def _always() -> bool:
    return True


class _Hook(NamedTuple):
    """A function that gets events, and a test of whether it would do anything with them."""

    call: OnEvent
    wanted: _Wanted


class Reporter:
    """Report events.

    Sync hooks are called at once. Async hooks are awaited in tasks of their own, which are started when a response has
    begun. What a hook raises is logged.

    Attributes:
        waiting: the async hooks to call, with their events.
    """

    def __init__(self, hooks: Sequence[OnEvent] = ()) -> None:
        """Set the hooks of the settings."""
        self._hooks: list[_Hook] = []
        self._async_hooks: list[_Hook] = []
        self._queue = AsyncHooks()
        self.waiting: Collection[object] = self._queue.waiting
        self._log = EventLog()
        # Plugins subscribe for the events that are not about requests, in the way that fits their mode.
        self._has_hooks = bool(hooks)
        self._needs_loop = any(is_async(hook) for hook in hooks)
        for hook in hooks:
            self.subscribe(hook)

    def subscribe(self, hook: OnEvent, wanted: _Wanted = _always) -> None:
        """Add a hook, sync or async; ``wanted`` returns whether it would do anything with an event at the moment."""
        hooks = self._async_hooks if is_async(hook) else self._hooks
        if not any(each.call == hook for each in hooks):
            hooks.append(_Hook(hook, wanted))

    def follow(self, other: Reporter) -> None:
        """Share the hooks of another reporter, which gets the own ones and may get more later."""
        for each in (*self._hooks, *self._async_hooks):
            other.subscribe(*each)
        other._needs_loop |= self._needs_loop
        other._has_hooks |= self._has_hooks
        self._hooks, self._async_hooks = other._hooks, other._async_hooks
        self._queue, self.waiting = other._queue, other.waiting

    def require_sync(self) -> None:
        """Check that no hook is async, where there is no event loop to await it.

        Raises:
            ConfigurationError: if one is.
        """
        if self._needs_loop:
            raise ConfigurationError("on_event", "give a plain function: there is no event loop to await an async one")

    def listens(self) -> bool:
        """Return whether an event about a request that was not refused would reach a hook of the app, or the log."""
        return self._has_hooks or requests_logger.isEnabledFor(logging.DEBUG)

    def report(self, event: Event) -> None:
        """Report an event to the log and to the hooks; async hooks get it with the next ``deliver``."""
        try:
            self._log.write(event)
        except Exception as error:
            # A filter or a handler of the app's logging.
            log_failure("The app's logging", error)
        for hook in self._hooks:
            if hook.wanted():
                call_hook(hook.call, event, "on_event")
        for hook in self._async_hooks:
            if hook.wanted():
                self._queue.add(hook.call, event)

    def start(self) -> asyncio.Task[None] | None:
        """Start to await the async hooks for the events since the last call, if the event loop is asyncio's."""
        return self._queue.start()

    async def deliver(self, task: asyncio.Task[None] | None = None, patience: float = PATIENCE) -> None:
        """Start to await the async hooks, and wait for them and for ``task``, but not longer than ``patience`` seconds.

        With asyncio, slower hooks go on after that; with trio, they are cancelled.
        """
        await self._queue.deliver(task, patience)


def call_hook(hook: Callable[..., object], argument: object, name: str) -> None:
    """Call a sync hook, whose errors are logged: what it raises, and a result that would have to be awaited."""
    try:
        answer = hook(argument)
    except (Exception, asyncio.CancelledError) as error:
        # Nothing cancels a sync function, so that is an error of the hook, too.
        log_failure(name, error)
        return
    if inspect.isawaitable(answer) or inspect.isasyncgen(answer):
        discard(answer)
        _logger.error("%s returned something to await, which is not awaited: make it an async function.", name)


def read_hooks(given: Any) -> tuple[OnEvent, ...]:
    """Return the hooks of the setting ``on_event``: none, a function, or a list of functions.

    Raises:
        ConfigurationError: if it is anything else.
    """
    hooks = () if given is None else tuple(given) if isinstance(given, list | tuple) else (given,)
    if not all(callable(hook) for hook in hooks):
        raise ConfigurationError("on_event", "give a function, or a list of functions, that take an event")
    return hooks
