"""One request for a user, which one caller makes and others wait for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from privy_middleware.fetching.download import FetchFailed
from privy_middleware.fetching.single_flight import SingleFlight
from privy_middleware.loader.api import UserSource
from privy_middleware.loader.cache import Loaded, LoadFailed, UserRef
from privy_middleware.users.records import UnreadableUser, user_from_record
from privy_middleware.users.user import PrivyUser

__all__ = ["Follower", "Leader", "UserFlight"]

_logger = logging.getLogger("privy_middleware")


class UserFlight(SingleFlight):
    """A request in progress, and its outcome when it has finished; none if it was cancelled."""

    outcome: Loaded | LoadFailed | None = None


class Follower:
    """A caller who waits for another's request."""

    def __init__(self, flight: UserFlight) -> None:
        """Set the request to wait for."""
        self._flight = flight

    def fetch(self) -> None:
        """Wait, blocking."""
        self._flight.wait()

    async def afetch(self) -> None:
        """Wait without blocking the event loop."""
        await self._flight.wait_async()


class Leader:
    """The caller who makes the request, and reports the outcome even if it is cancelled."""

    def __init__(
        self,
        ref: UserRef,
        source: UserSource,
        wall_clock: Callable[[], float],
        finish: Callable[[Loaded | LoadFailed | None], None],
    ) -> None:
        """Set the user, the source, a clock in Unix seconds, and the function to call with the outcome."""
        self._ref = ref
        self._source = source
        self._wall_clock = wall_clock
        self._finish = finish
        self._outcome: Loaded | LoadFailed | None = None

    def fetch(self) -> None:
        """Make the request, blocking."""
        with self._reporting():
            self._read(self._source.get(*self._ref))

    async def afetch(self) -> None:
        """Make the request without blocking the event loop."""
        with self._reporting():
            self._read(await self._source.aget(*self._ref))

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except FetchFailed as error:
            self._fail(LoadFailed(error.reason, error.retry_after or 0.0))
        except UnreadableUser as error:
            # One user's unreadable record is no reason to stop asking for others.
            self._fail(LoadFailed(f"its answer cannot be read: {error}", backs_off=False))
        finally:
            self._finish(self._outcome)

    def _fail(self, failed: LoadFailed) -> None:
        _logger.warning("a user could not be loaded: %s", failed.reason)
        self._outcome = failed

    def _read(self, found: object) -> None:
        self._outcome = Loaded(None if found is None else self._user(found))

    def _user(self, found: object) -> PrivyUser:
        now = self._wall_clock()
        if isinstance(found, PrivyUser):
            user = replace(found, complete=True, fresh_at=now)
        elif isinstance(found, Mapping):
            user = user_from_record(found, fresh_at=now)
        else:
            raise UnreadableUser("it is not a JSON object")
        if user.id != self._ref.user_id:
            raise UnreadableUser("it is another user")
        return user
