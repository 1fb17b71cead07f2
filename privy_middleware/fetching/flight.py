"""One fetch that any number of threads, and of tasks on any number of event loops, wait for together."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
from anyio.lowlevel import current_token

__all__ = ["Flight"]


class Flight:
    """Stand for a fetch under way until it has landed, or until it is so late that nobody should count on it."""

    def __init__(self, seconds: float, *, younger_than: float = math.inf) -> None:
        """Expect the fetch to land within ``seconds``; ``younger_than`` is for the one who leads it."""
        self.younger_than = younger_than
        self._landed = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []
        self._expected = time.monotonic() + seconds

    def prolong(self, seconds: float) -> None:
        """Expect the fetch within ``seconds`` from now, since somebody else has taken it over."""
        self._expected = time.monotonic() + seconds

    def overdue(self) -> bool:
        """Tell whether whoever leads must have died."""
        return self._remaining() <= 0

    def land(self) -> None:
        """Wake everybody who waits, wherever they wait."""
        with self._lock:
            self._landed.set()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            # A loop that has been closed in the meantime has nobody waiting any more.
            with suppress(RuntimeError):
                wake()

    def wait(self) -> bool:
        """Block until the fetch has landed, and tell whether it has or is overdue."""
        return self._landed.wait(self._remaining())

    async def await_landing(self) -> bool:
        """Wait as ``wait`` does, without blocking the event loop."""
        event = anyio.Event()
        if self._subscribe(_thread_safe(event.set)):
            with anyio.move_on_after(self._remaining()):
                await event.wait()
        return self._landed.is_set()

    def _remaining(self) -> float:
        return max(0.0, self._expected - time.monotonic())

    def _subscribe(self, waker: Callable[[], object]) -> bool:
        with self._lock:
            waiting = not self._landed.is_set()
            if waiting:
                self._wakers.append(waker)
        return waiting


def _thread_safe(wake: Callable[[], object]) -> Callable[[], object]:
    """Return a way to call ``wake`` on the running event loop from any thread."""
    token: Any = current_token()
    loop = getattr(token, "native_token", token)
    if isinstance(loop, asyncio.AbstractEventLoop):
        return lambda: loop.call_soon_threadsafe(wake)
    return lambda: loop.run_sync_soon(wake)
