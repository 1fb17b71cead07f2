"""Load users from the REST API, complete and up to date, for the routes that ask for them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from privy_middleware.config import PrivyConfig
from privy_middleware.errors import ConfigurationError, UserDeleted, UserUnavailable
from privy_middleware.events import Event, UserLoaded, UserLoadFailed
from privy_middleware.fetching.backoff import Backoff
from privy_middleware.fetching.waiting import Steps, Waitable, arun, run
from privy_middleware.gate import read_settings
from privy_middleware.loader.api import CallableSource, LoadUser, UserAPI, UserSource
from privy_middleware.loader.cache import Loaded, LoadFailed, UserCache, UserRef
from privy_middleware.loader.request import Follower, Leader, UserFlight
from privy_middleware.settings.hints import known_options
from privy_middleware.users.user import PrivyUser

__all__ = ["UserLoader"]

# The longest time to wait that the API can ask for, in seconds.
_MAX_RETRY_AFTER = 3600.0
# A DID that can stand in a path segment (W3C DID Core §3.1).
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:-]+")


class UserLoader:
    """Load users from the REST API, only when asked to.

    What is guaranteed:

    - A user is kept for ``ttl`` seconds, at most ``size`` users are; that there is no such user is kept as well.
    - Any number of threads and tasks that ask for a user at the same time cause one request.
    - After a 429 no request is made before ``Retry-After`` or ``X-RateLimit-Reset`` (at most an hour), for any user;
      after other failures for 1, 2, 4, … at most 30 s. Users in the cache are returned in the meantime.
    - A request takes at most ``timeout`` seconds in all and follows no redirect.
    - The app secret is in no ``repr``, log or exception.
    """

    @known_options('UserLoader({"APP_ID": "…", "APP_SECRET": "…"})')
    def __init__(
        self,
        config: PrivyConfig | Mapping[str, Any] | None = None,
        *,
        ttl: float = 60.0,
        size: int = 10_000,
        timeout: float = 5.0,
        on_outage: Literal["token", "error"] = "token",
        load_user: LoadUser | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Set a configuration with its ``app_secret``, a mapping of settings, or ``None`` for the environment.

        ``on_outage`` is what happens if the API cannot answer: ``"token"`` returns the user that was passed in, as
        complete as it was, and ``"error"`` raises ``UserUnavailable`` (503). ``load_user`` is called instead of the
        REST API.

        Raises:
            ConfigurationError: if a setting is wrong, naming it and the fix.
        """
        _check_numbers(ttl=(ttl, 0, 86_400), size=(size, 1, 1 << 24), timeout=(timeout, 0.1, 60))
        if on_outage not in ("token", "error"):
            raise ConfigurationError("on_outage", 'set "token" or "error"')
        self._config = _configured(config)
        api = UserAPI(self._config, timeout) if load_user is None else CallableSource(load_user)
        self._source: UserSource = api
        self._on_outage = on_outage
        self._cache = UserCache(ttl, size)
        self._backoffs = dict.fromkeys(self._config.app_ids, Backoff(_MAX_RETRY_AFTER))
        self._flights: dict[UserRef, UserFlight] = {}
        # The total time of a request, twice because connecting may come on top of it.
        self._flight_seconds = 2 * timeout + 3.0
        self._lock = threading.Lock()
        self._clock = clock
        self._wall_clock = wall_clock

    def __repr__(self) -> str:
        """Show the app ids, and no secret."""
        return f"<UserLoader {', '.join(self._config.app_ids)}>"

    @property
    def config(self) -> PrivyConfig:
        """Return the configuration."""
        return self._config

    def load(self, user: PrivyUser | str, *, app_id: str | None = None) -> PrivyUser:
        """Return the complete user of a user or a user id, blocking if the API has to be asked.

        A loaded user has ``complete`` and ``fresh_at`` (Unix seconds) set; ``claims`` are those of the token.
        ``app_id`` is needed if there are several apps and only an id is given.

        Raises:
            UserDeleted: if there is no such user, or no longer (401).
            UserUnavailable: if the API cannot answer, and ``on_outage`` is ``"error"`` or only an id was given (503).
            ConfigurationError: if it is not clear which app the user belongs to.
        """
        return self._result(user, run(self._steps(self._ref(user, app_id))))

    async def aload(self, user: PrivyUser | str, *, app_id: str | None = None) -> PrivyUser:
        """Return the complete user without blocking the event loop; otherwise as ``load``."""
        return self._result(user, await arun(self._steps(self._ref(user, app_id))))

    def invalidate(self, user_id: str) -> None:
        """Drop a user from the cache, so that the next ``load`` asks the API."""
        with self._lock:
            for app_id in self._config.app_ids:
                ref = UserRef(app_id, user_id)
                self._cache.discard(ref)
                # A request in progress may have been answered before the change, so its result is not kept.
                self._flights.pop(ref, None)

    def _ref(self, user: PrivyUser | str, app_id: str | None) -> UserRef:
        apps = self._config.app_ids
        if isinstance(user, PrivyUser):
            audience, user_id = user.claims.get("aud"), user.id
        else:
            audience, user_id = None, user
        if app_id is None:
            members = audience if isinstance(audience, tuple | list) else (audience,)
            app_id = apps[0] if len(apps) == 1 else next((each for each in apps if each in members), None)
        if app_id is None or app_id not in apps:
            raise ConfigurationError("app_id", f"say which app the user belongs to: {', '.join(apps)}")
        return UserRef(app_id, user_id)

    def _result(self, user: PrivyUser | str, outcome: Loaded | LoadFailed) -> PrivyUser:
        token_user = user if isinstance(user, PrivyUser) else None
        if isinstance(outcome, LoadFailed):
            if token_user is None or self._on_outage == "error":
                raise UserUnavailable(f"The user cannot be loaded: {outcome.reason}.", retry_after=outcome.retry_after)
            return token_user
        if outcome.user is None:
            raise UserDeleted
        return outcome.user if token_user is None else replace(outcome.user, claims=token_user.claims)

    def _steps(self, ref: UserRef) -> Steps[Loaded | LoadFailed]:
        if not _DID.fullmatch(ref.user_id):
            return Loaded(None)
        while True:
            joined = self._join(ref)
            if isinstance(joined, Loaded | LoadFailed):
                return joined
            flight, waitable = joined
            yield waitable
            # Without an outcome the request was cancelled, and has to be made again.
            if flight.outcome is not None:
                return flight.outcome

    def _join(self, ref: UserRef) -> Loaded | LoadFailed | tuple[UserFlight, Waitable]:
        """Return the outcome if it is known already, or else the request to make or to wait for."""
        with self._lock:
            now = self._clock()
            known = self._cache.get(ref, now) or self._backing_off(ref.app_id, now)
            if known is not None:
                return known
            flight = self._flights.get(ref)
            if flight is not None and not flight.is_overdue():
                return flight, Follower(flight)
            flight = self._flights[ref] = UserFlight(self._flight_seconds)
            return flight, Leader(ref, self._source, self._wall_clock, partial(self._finish, ref, flight))

    def _finish(self, ref: UserRef, flight: UserFlight, outcome: Loaded | LoadFailed | None) -> None:
        with self._lock:
            now = self._clock()
            self._update_backoff(ref.app_id, outcome, now)
            if self._flights.get(ref) is flight:
                del self._flights[ref]
                if isinstance(outcome, Loaded):
                    self._cache.put(ref, outcome, now)
        flight.outcome = outcome
        flight.finish()
        if outcome is not None:
            self._config.reporter.report(_event(ref, outcome))

    def _backing_off(self, app_id: str, now: float) -> LoadFailed | None:
        """Return the failure to report during a back-off, ``None`` if a request may be made."""
        backoff = self._backoffs[app_id]
        return LoadFailed(backoff.reason, backoff.retry_at - now) if now < backoff.retry_at else None

    def _update_backoff(self, app_id: str, outcome: Loaded | LoadFailed | None, now: float) -> None:
        backoff = self._backoffs[app_id]
        if isinstance(outcome, Loaded):
            self._backoffs[app_id] = backoff.after_success()
        elif outcome is not None and outcome.backs_off:
            self._backoffs[app_id] = backoff.after_failure(now, outcome.reason, outcome.retry_after)


def _event(ref: UserRef, outcome: Loaded | LoadFailed) -> Event:
    if isinstance(outcome, LoadFailed):
        return UserLoadFailed(app_id=ref.app_id, reason=outcome.reason, retry_in=outcome.retry_after)
    return UserLoaded(app_id=ref.app_id, user_id=ref.user_id, found=outcome.user is not None)


def _configured(config: PrivyConfig | Mapping[str, Any] | None) -> PrivyConfig:
    if config is not None and not isinstance(config, PrivyConfig | Mapping):
        raise ConfigurationError("settings", 'give a PrivyConfig or a dict such as {"APP_ID": "…"}')
    return config if isinstance(config, PrivyConfig) else read_settings(config)


def _check_numbers(**settings: tuple[float, float, float]) -> None:
    for name, (value, low, high) in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            raise ConfigurationError(name, f"set a number from {low} to {high}")
