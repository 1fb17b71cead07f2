"""The user in full and as of now, from the REST API, for the routes that ask for it."""

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
from privy_middleware.fetching.backoff import Backoff
from privy_middleware.fetching.waiting import Steps, Waitable, arun, run
from privy_middleware.loader.api import PRIVY_API_URL, LoadUser, PluggedClient, UserAPI, UserSource
from privy_middleware.loader.cache import Failed, Kept, Loaded, Question
from privy_middleware.loader.request import Errand, Following, Leading
from privy_middleware.users.user import PrivyUser

__all__ = ["UserLoader"]

# The longest time that the API can ask for, in seconds.
_MAX_RETRY_AFTER = 3600.0
# A DID, of which a path segment can be made (W3C DID Core §3.1).
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:-]+")


class UserLoader:
    """Load users from the REST API, on request only.

    What is guaranteed:

    - A user is kept for ``ttl`` seconds, ``size`` users at the most; that there is no such user is kept as well.
    - Any number of threads and tasks that ask for a user at once cause one request.
    - After a 429 no request goes out before ``Retry-After`` or ``X-RateLimit-Reset`` (an hour at the most), for
      whichever user; after other failures for 1, 2, 4, … at most 30 s. Users that are kept are given meanwhile.
    - A request takes at most ``timeout`` seconds in all and follows no redirect.
    - The app secret is in no ``repr``, log or exception.
    """

    def __init__(
        self,
        config: PrivyConfig | Mapping[str, Any] | None = None,
        *,
        base_url: str = PRIVY_API_URL,
        ttl: float = 60.0,
        size: int = 10_000,
        timeout: float = 5.0,
        on_outage: Literal["token", "error"] = "token",
        load_user: LoadUser | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Take a configuration with its ``app_secret``, a mapping, or nothing for the environment's settings.

        ``on_outage`` says what there is when the API cannot answer: with ``"token"`` the user that was passed in, as
        complete as it was, with ``"error"`` a 503. ``load_user`` is asked instead of the REST API.

        Raises:
            ConfigurationError: naming what is wrong and the mend.
        """
        _check_numbers(ttl=(ttl, 0, 86_400), size=(size, 1, 1 << 24), timeout=(timeout, 0.1, 60))
        if on_outage not in ("token", "error"):
            raise ConfigurationError("on_outage", 'set "token" or "error"')
        self._config = _configured(config)
        api = UserAPI(self._config, base_url, timeout) if load_user is None else PluggedClient(load_user)
        self._source: UserSource = api
        self._on_outage = on_outage
        self._kept = Kept(ttl, size)
        self._backoffs = dict.fromkeys(self._config.app_ids, Backoff(_MAX_RETRY_AFTER))
        self._errands: dict[Question, Errand] = {}
        # The deadline of a request, and a connection that took its own time before.
        self._patience = 2 * timeout + 3.0
        self._lock = threading.Lock()
        self._clock = clock
        self._wall_clock = wall_clock

    def __repr__(self) -> str:
        """Show the apps, and no secret."""
        return f"<UserLoader {', '.join(self._config.app_ids)}>"

    def load(self, user: PrivyUser | str, *, app_id: str | None = None) -> PrivyUser:
        """Return the user in full, blocking if the API has to be asked; takes a user or a user's id.

        What was loaded has ``complete`` and ``fresh_at`` (Unix seconds) set; ``claims`` stay the token's.
        ``app_id`` is needed where there are several apps and only an id is given.

        Raises:
            UserDeleted: there is no such user, or no longer: 401.
            UserUnavailable: the API cannot answer, and ``on_outage`` or an id alone leaves no choice: 503.
            ConfigurationError: it cannot be told of which app the user is.
        """
        return self._given(user, run(self._steps(self._question(user, app_id))))

    async def aload(self, user: PrivyUser | str, *, app_id: str | None = None) -> PrivyUser:
        """Return the user in full without blocking the event loop; otherwise as ``load``."""
        return self._given(user, await arun(self._steps(self._question(user, app_id))))

    def invalidate(self, user_id: str) -> None:
        """Forget a user, so that whoever asks from now on gets what is true from now on."""
        with self._lock:
            for app_id in self._config.app_ids:
                question = Question(app_id, user_id)
                self._kept.discard(question)
                # What is under way may have been read before the change: it must not be kept.
                self._errands.pop(question, None)

    def _question(self, user: PrivyUser | str, app_id: str | None) -> Question:
        apps = self._config.app_ids
        if isinstance(user, PrivyUser):
            audience, user_id = user.claims.get("aud"), user.id
        else:
            audience, user_id = None, user
        if app_id is None:
            members = audience if isinstance(audience, tuple | list) else (audience,)
            app_id = apps[0] if len(apps) == 1 else next((each for each in apps if each in members), None)
        if app_id is None or app_id not in apps:
            raise ConfigurationError("app_id", f"say of which app the user is: {', '.join(apps)}")
        return Question(app_id, user_id)

    def _given(self, user: PrivyUser | str, outcome: Loaded | Failed) -> PrivyUser:
        token_user = user if isinstance(user, PrivyUser) else None
        if isinstance(outcome, Failed):
            if token_user is None or self._on_outage == "error":
                raise UserUnavailable(f"the user cannot be loaded: {outcome.reason}", retry_after=outcome.retry_after)
            return token_user
        if outcome.user is None:
            raise UserDeleted("Privy knows no such user")
        return outcome.user if token_user is None else replace(outcome.user, claims=token_user.claims)

    def _steps(self, question: Question) -> Steps[Loaded | Failed]:
        if not _DID.fullmatch(question.did):
            return Loaded(None)
        while True:
            boarding = self._board(question)
            if isinstance(boarding, Loaded | Failed):
                return boarding
            errand, waitable = boarding
            yield waitable
            # Without an outcome, whoever led has been cancelled and another has to.
            if errand.outcome is not None:
                return errand.outcome

    def _board(self, question: Question) -> Loaded | Failed | tuple[Errand, Waitable]:
        """Return what is known, or else the request to wait for, one's own or another's."""
        with self._lock:
            now = self._clock()
            known = self._kept.get(question, now) or self._backing_off(question.app_id, now)
            if known is not None:
                return known
            errand = self._errands.get(question)
            if errand is not None and not errand.overdue():
                return errand, Following(errand)
            errand = self._errands[question] = Errand(self._patience)
            return errand, Leading(question, self._source, self._wall_clock, partial(self._land, question, errand))

    def _land(self, question: Question, errand: Errand, outcome: Loaded | Failed | None) -> None:
        with self._lock:
            now = self._clock()
            if outcome is not None:
                self._note(question.app_id, outcome, now)
            if self._errands.get(question) is errand:
                del self._errands[question]
                if isinstance(outcome, Loaded):
                    self._kept.put(question, outcome, now)
        errand.outcome = outcome
        errand.land()

    def _backing_off(self, app_id: str, now: float) -> Failed | None:
        """Return the failure to report instead of a request, ``None`` if a request may be made."""
        backoff = self._backoffs[app_id]
        return Failed(backoff.reason, backoff.retry_at - now) if now < backoff.retry_at else None

    def _note(self, app_id: str, outcome: Loaded | Failed, now: float) -> None:
        backoff = self._backoffs[app_id]
        if isinstance(outcome, Loaded):
            self._backoffs[app_id] = backoff.after_success()
        elif outcome.pauses:
            self._backoffs[app_id] = backoff.after_failure(now, outcome.reason, outcome.retry_after)


def _configured(config: PrivyConfig | Mapping[str, Any] | None) -> PrivyConfig:
    if config is None:
        return PrivyConfig.from_env()
    return config if isinstance(config, PrivyConfig) else PrivyConfig.from_mapping(config)


def _check_numbers(**settings: tuple[float, float, float]) -> None:
    for name, (value, low, high) in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            raise ConfigurationError(name, f"set a number from {low} to {high}")
