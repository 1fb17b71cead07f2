"""Writes events to the log: one logger for each subject, and nothing of a token or a user."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from privy_middleware.events import (
    Anonymous,
    Authenticated,
    Event,
    Refused,
    RequestEvent,
    UserLoaded,
    UserLoadFailed,
    WebhookAccepted,
    WebhookRefused,
)

__all__ = ["EventLog", "requests_logger"]

requests_logger: logging.Logger = logging.getLogger("privy_middleware.requests")
_users = logging.getLogger("privy_middleware.users")
_webhooks = logging.getLogger("privy_middleware.webhooks")

_SECONDS_BETWEEN_WARNINGS = 300.0
# Reasons that differ only in a number, such as the seconds since exp, are one.
_NUMBER = re.compile(r"[0-9]+")
# An app may put something else into each reason, such as the id of a user.
_MOST_SUBJECTS = 200


class EventLog:
    """Log refusals at level INFO, the first of each reason and one every five minutes at WARNING, and the rest lower.

    Python shows warnings even if an app does not configure logging, so a refusal is seen without a flood.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create it; ``clock`` returns seconds."""
        self._clock = clock
        self._warned_at: dict[str, float] = {}
        self._since: dict[str, int] = {}

    def write(self, event: Event) -> None:
        """Log an event; the events about keys are logged where they occur."""
        match event:
            case Refused():
                self._log_refusal(event)
            case Authenticated():
                requests_logger.debug(
                    "privy-middleware: %s: authenticated (%s token, %s).", _place(event), event.kind, event.source
                )
            case Anonymous():
                requests_logger.debug("privy-middleware: %s: no token.", _place(event))
            case WebhookAccepted():
                _webhooks.debug("A webhook of type %s was accepted.", event.type)
            case WebhookRefused():
                level, repeated = self._level_of(f"webhook {event.code}")
                _webhooks.log(level, "A webhook was refused, %s. %s%s", event.code, event.error.detail, repeated)
            case UserLoaded():
                _users.debug("A user of %s was loaded." if event.found else "%s has no such user.", event.app_id)
            case UserLoadFailed():
                level, repeated = self._level_of(f"user {event.reason}")
                _users.log(level, "A user of %s cannot be loaded: %s.%s", event.app_id, event.reason, repeated)
            case _:
                pass

    def _log_refusal(self, event: Refused) -> None:
        token = "" if event.kind is None else f" ({event.kind} token, {event.source})"
        result = "served without a user" if event.status is None else str(event.status)
        # A signed-out visitor on the way to the login page is nothing to warn of.
        usual = event.answer is event.error and event.status is not None and event.status < 400
        level, repeated = (logging.INFO, "") if usual else self._level_of(event.code + _NUMBER.sub("", event.reason))
        requests_logger.log(
            level,
            "privy-middleware: %s: %s, %s%s. %s%s",
            _place(event),
            result,
            event.code,
            token,
            event.reason,
            repeated,
        )

    def _level_of(self, subject: str) -> tuple[int, str]:
        """Return the level for a subject, and for a warning how many lines were not warnings since the last one."""
        now, warned_at = self._clock(), self._warned_at.get(subject)
        if warned_at is not None and now < warned_at + _SECONDS_BETWEEN_WARNINGS:
            self._since[subject] = self._since.get(subject, 0) + 1
            return logging.INFO, ""
        if not self._may_add(now):
            return logging.INFO, ""
        self._warned_at[subject] = now
        count = self._since.pop(subject, 0)
        return logging.WARNING, f" ({count} more since the last warning)" if count else ""

    def _may_add(self, now: float) -> bool:
        """Return whether there is space for another subject, after removing old ones if it is needed."""
        if len(self._warned_at) >= _MOST_SUBJECTS:
            warned = [*self._warned_at.items()]
            self._warned_at = {each: at for each, at in warned if now < at + _SECONDS_BETWEEN_WARNINGS}
            self._since = {each: self._since[each] for each in self._warned_at if each in self._since}
        return len(self._warned_at) < _MOST_SUBJECTS


def _place(event: RequestEvent) -> str:
    return f"{event.method} {event.route or event.path}"
