"""One request for a user, and how those who want that user wait for it together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from privy_middleware.fetching.download import FetchFailed
from privy_middleware.fetching.flight import Flight
from privy_middleware.loader.api import UserSource
from privy_middleware.loader.cache import Failed, Loaded, Question
from privy_middleware.users.records import UnreadableUser, user_from_record
from privy_middleware.users.user import PrivyUser

__all__ = ["Errand", "Following", "Leading"]

_logger = logging.getLogger("privy_middleware")


class Errand(Flight):
    """A request under way, and in the end its outcome; none if it was broken off."""

    outcome: Loaded | Failed | None = None


class Following:
    """Wait for somebody else's request."""

    def __init__(self, errand: Errand) -> None:
        """Take the request."""
        self._errand = errand

    def fetch(self) -> None:
        """Wait by blocking."""
        self._errand.wait()

    async def afetch(self) -> None:
        """Wait without blocking the event loop."""
        await self._errand.await_landing()


class Leading:
    """Make the request that others wait for, and tell how it has ended even if it is broken off."""

    def __init__(
        self,
        question: Question,
        source: UserSource,
        wall_clock: Callable[[], float],
        land: Callable[[Loaded | Failed | None], None],
    ) -> None:
        """Take who is wanted, from where, the time in Unix seconds, and what to call with the outcome."""
        self._question = question
        self._source = source
        self._wall_clock = wall_clock
        self._land = land
        self._outcome: Loaded | Failed | None = None

    def fetch(self) -> None:
        """Make the request, blocking."""
        with self._landing():
            self._take(self._source.get(*self._question))

    async def afetch(self) -> None:
        """Make the request without blocking the event loop."""
        with self._landing():
            self._take(await self._source.aget(*self._question))

    @contextmanager
    def _landing(self) -> Iterator[None]:
        try:
            yield
        except FetchFailed as error:
            self._fail(Failed(error.reason, error.retry_after or 0.0))
        except UnreadableUser as error:
            # One user's strange record is no reason to leave the others waiting.
            self._fail(Failed(f"what it answers cannot be read: {error}", pauses=False))
        finally:
            self._land(self._outcome)

    def _fail(self, failed: Failed) -> None:
        _logger.warning("a user could not be loaded: %s", failed.reason)
        self._outcome = failed

    def _take(self, found: object) -> None:
        self._outcome = Loaded(None if found is None else self._user(found))

    def _user(self, found: object) -> PrivyUser:
        now = self._wall_clock()
        if isinstance(found, PrivyUser):
            user = replace(found, complete=True, fresh_at=now)
        elif isinstance(found, Mapping):
            user = user_from_record(found, fresh_at=now)
        else:
            raise UnreadableUser("it is not a JSON object")
        if user.id != self._question.did:
            raise UnreadableUser("it is another user")
        return user
