"""Async hooks, which are awaited beside the requests: a slow or a broken one delays and changes no response."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Any

import anyio

from privy_middleware.events import Event, OnEvent

__all__ = ["AsyncHooks", "PATIENCE", "log_failure"]

_logger = logging.getLogger("privy_middleware.events")

# How many events wait at most, and how many tasks call hooks for them; the oldest are dropped if hooks are too slow.
_MOST_WAITING = 1000
_MOST_TASKS = 100
PATIENCE = 1.0
"""How many seconds a request waits for its hooks after its response: event loops of tests end with the request."""


class AsyncHooks:
    """A queue of events, and the tasks that call async hooks with them.

    Attributes:
        waiting: the hooks to call, with their events.
    """

    def __init__(self) -> None:
        """Create an empty queue."""
        self.waiting: deque[tuple[OnEvent, Event]] = deque(maxlen=_MOST_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._dropped = False

    def add(self, hook: OnEvent, event: Event) -> None:
        """Add an event for a hook."""
        if len(self.waiting) == _MOST_WAITING and not self._dropped:
            self._dropped = True
            _logger.error("on_event is too slow, or never awaited: the oldest of %s events are lost.", _MOST_WAITING)
        self.waiting.append((hook, event))

    def start(self) -> asyncio.Task[None] | None:
        """Return a new task that calls the hooks, ``None`` if there is nothing to do, enough tasks, or no asyncio."""
        loop = _running_loop()
        if loop is None or not self.waiting or self._is_busy():
            return None
        task = loop.create_task(self._call_all())
        # The event loop has no strong reference.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def deliver(self, task: asyncio.Task[None] | None = None, patience: float = PATIENCE) -> None:
        """Call the hooks, and wait ``patience`` seconds at most; with asyncio, they go on after that.

        ``task`` is one that was started before.
        """
        if _running_loop() is None:
            await self._call_briefly(patience)
            return
        started = [each for each in (task, self.start()) if each is not None]
        if started:
            await asyncio.wait(started, timeout=patience)

    def _is_busy(self) -> bool:
        if len(self._tasks) >= _MOST_TASKS:
            # Tasks of an event loop that was closed never end.
            self._tasks = {each for each in self._tasks if not each.get_loop().is_closed()}
        return len(self._tasks) >= _MOST_TASKS

    async def _call_briefly(self, seconds: float) -> None:
        with anyio.move_on_after(seconds) as scope:
            await self._call_all()
        if scope.cancelled_caught:
            _logger.error("on_event took longer than %g s, and was cancelled.", seconds)

    async def _call_all(self) -> None:
        while True:
            try:
                hook, event = self.waiting.popleft()
            except IndexError:
                return
            try:
                answer: Any = hook(event)
                await answer
            except Exception as error:
                log_failure("on_event", error)
            except asyncio.CancelledError as error:
                if _is_cancelled():
                    raise
                # The hook has awaited something else that was cancelled.
                log_failure("on_event", error)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of asyncio that is running, ``None`` under trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _is_cancelled() -> bool:
    """Return whether the current task of asyncio is being cancelled."""
    task = asyncio.current_task() if _running_loop() else None
    return task is not None and task.cancelling() > 0


def log_failure(name: str, error: BaseException) -> None:
    """Log what a hook has raised; the app's own logging may raise something, too."""
    with suppress(Exception):
        _logger.error("%s raised %s, and the request goes on.", name, type(error).__qualname__, exc_info=error)
