"""The thread that keeps a copy up to date, for as long as its owner is used."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from privy_middleware.fetching.single_flight import SingleFlight

__all__ = ["Followed", "Follower", "Run"]

# How long the first request of a process waits for a long copy; an attempt that fails ends sooner.
_LOAD_SECONDS = 10.0


class Run:
    """One run of the thread.

    Attributes:
        first: ends with the first attempt to bring the copy up to date.
        tried: whether that attempt has ended.
        stopped: set to end the thread.
    """

    def __init__(self) -> None:
        """Create it before its thread."""
        self.first: SingleFlight = SingleFlight(_LOAD_SECONDS)
        self.tried: bool = False
        self.stopped: threading.Event = threading.Event()

    def finish_first(self) -> None:
        """Wake those who wait for the first attempt."""
        if not self.tried:
            self.tried = True
            self.first.finish()


_R = TypeVar("_R", bound=Run)
_Run_contra = TypeVar("_Run_contra", bound=Run, contravariant=True)


class Followed(Protocol[_Run_contra]):
    """What the thread needs of its owner."""

    def step(self, run: _Run_contra) -> float:
        """Read once, waiting for news for a bounded time, and return after how many seconds to read again."""
        ...

    def fail(self, reason: str) -> None:
        """Note why nothing can be read."""
        ...

    def disconnect(self, run: _Run_contra) -> None:
        """Close the connection of a run, in which its thread may be waiting."""
        ...

    def after_fork(self) -> None:
        """Forget the thread of the parent, and replace what it may have left locked."""
        ...


class Follower(Generic[_R]):
    """Start the thread when it is needed, at most one, and again in a forked child, which has no copy of it.

    The thread has no reference to its owner between two steps, so it ends when the owner is no longer used.
    """

    def __init__(self, owner: Followed[_R], make_run: Callable[[], _R]) -> None:
        """Set whose thread it is, and what creates a run."""
        self._make_run = make_run
        self._run: _R | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        _OWNERS.add(owner)

    @property
    def is_starting(self) -> bool:
        """Return whether there is no run yet, or its first attempt has not ended."""
        run = self._run
        return run is None or not run.tried

    def start(self, owner: Followed[_R]) -> _R:
        """Start the thread unless it is alive, and return its run."""
        with self._lock:
            run, thread = self._run, self._thread
            if run is None or thread is None or not thread.is_alive():
                run = self._run = self._make_run()
                self._thread = self._started(owner, run)
        return run

    def close(self, owner: Followed[_R]) -> None:
        """End the thread, and wait until it has ended."""
        with self._lock:
            run, self._run = self._run, None
            thread, self._thread = self._thread, None
        if run is not None and thread is not None:
            run.stopped.set()
            owner.disconnect(run)
            thread.join(_LOAD_SECONDS)

    def forget(self) -> None:
        """Forget the thread, which is one of the parent of this process."""
        self._lock = threading.Lock()
        self._run = self._thread = None

    def _started(self, owner: Followed[_R], run: _R) -> threading.Thread | None:
        target = (weakref.ref(owner), run)
        thread = threading.Thread(target=_follow, args=target, name="privy-revocations", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            owner.fail("no thread can be started to read them")
            run.finish_first()
            return None
        return thread


def _follow(owner: weakref.ref[Followed[_R]], run: _R) -> None:
    while not run.stopped.is_set():
        followed = owner()
        if followed is None:
            break
        pause = followed.step(run)
        del followed
        run.stopped.wait(pause)
    run.finish_first()


_OWNERS: weakref.WeakSet[Followed[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for owner in _OWNERS:
        owner.after_fork()


# On systems without fork the function does not exist.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
