"""One fetch that any number of threads, and of tasks on any number of event loops, wait for together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
from anyio.lowlevel import current_token

__all__ = ["SingleFlight"]


class SingleFlight:
    """A fetch in progress: one thread or task makes it, all others wait for it.

    It has a deadline, after which no caller waits any longer: the thread that makes the fetch may have died.
    """

    def __init__(self, seconds: float) -> None:
        """Start the flight with a deadline ``seconds`` from now."""
        self._finished = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []
        self._deadline = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Set the deadline to ``seconds`` from now, because another thread has taken over the fetch."""
        self._deadline = time.monotonic() + seconds

    def is_overdue(self) -> bool:
        """Return whether the deadline has passed."""
        return self._remaining() <= 0

    def finish(self) -> None:
        """Wake all who wait, in whichever thread or event loop."""
        with self._lock:
            self._finished.set()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            # If an event loop has been closed in the meantime, nobody is waiting in it.
            with suppress(RuntimeError):
                wake()

    def wait(self) -> bool:
        """Block until the fetch has finished or is overdue; return whether it has finished."""
        return self._finished.wait(self._remaining())

    async def wait_async(self) -> bool:
        """Wait as ``wait`` does, without blocking the event loop."""
        event = anyio.Event()
        if self._subscribe(_thread_safe(event.set)):
            with anyio.move_on_after(self._remaining()):
                await event.wait()
        return self._finished.is_set()

    def _remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _subscribe(self, waker: Callable[[], object]) -> bool:
        with self._lock:
            waiting = not self._finished.is_set()
            if waiting:
                self._wakers.append(waker)
        return waiting


def _thread_safe(wake: Callable[[], object]) -> Callable[[], object]:
    """Return a function that calls ``wake`` on the running event loop and can itself be called from any thread."""
    token: Any = current_token()
    loop = getattr(token, "native_token", token)
    if isinstance(loop, asyncio.AbstractEventLoop):
        return lambda: loop.call_soon_threadsafe(wake)
    return lambda: loop.run_sync_soon(wake)
