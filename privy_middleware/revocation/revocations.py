"""Revoked sessions, users and tokens: what apps call, and what the verifiers ask; here in the memory of one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from privy_middleware.errors import ConfigurationError, TokenRevoked
from privy_middleware.reporting import Reporter
from privy_middleware.revocation.entries import Entries
from privy_middleware.revocation.rules import Kind, Revocation, by_session, by_token, by_user
from privy_middleware.tokens.claims import Claims
from privy_middleware.users.user import AccessTokenClaims

__all__ = ["Revocations", "check_seconds"]

# Clocks may differ, and a token is accepted for ``leeway`` after its expiry: at most 60 s each, for both of its ends.
_MARGIN = 300.0
_REASONS: dict[Kind, str] = {
    "session": "The token is revoked: its session was revoked.",
    "identity": "The token is revoked: a session of its user was revoked after it was issued, and it names no session.",
    "user": "The token is revoked: all tokens of its user were revoked after it was issued.",
    "token": "The token is revoked.",
}


class Revocations:
    """Revoke tokens before they expire, for the setting ``revocations``; in the memory of one process.

    A request is checked in memory, also if its token is cached. `RedisRevocations` reaches every process.

    Attributes:
        max_token_age: how many seconds after ``iat`` a token is accepted at most, whatever its ``exp`` says.
    """

    def __init__(
        self,
        *,
        max_token_age: float = 86_400.0,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set for how many seconds tokens are valid at most: entries are kept a few minutes longer.

        ``clock`` returns Unix time; ``steady_clock`` returns seconds, and never jumps.

        Raises:
            ConfigurationError: if ``max_token_age`` is not a number from 60 to 2592000.
        """
        self.max_token_age: float = check_seconds("max_token_age", max_token_age, 60, 30 * 86_400)
        self._seconds_kept = self.max_token_age + _MARGIN
        self._clock = clock
        self._steady_clock = steady_clock
        self._entries = Entries(steady_clock)

    def __len__(self) -> int:
        """Return how many entries there are in memory."""
        return len(self._entries)

    def __bool__(self) -> bool:
        """Return ``True``, also if there are no entries."""
        return True

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the store itself: a copy would not hear of what is revoked in this one."""
        return self

    def revoke_session(self, session: AccessTokenClaims | Claims | str, user_id: str | None = None) -> None:
        """Refuse the tokens of a session: ``privy_auth.access``, or the session id and the user's id.

        Access tokens with this session id are refused. Identity tokens name no session, so all of the user's that were
        issued until now are refused, those of other sessions too.

        Raises:
            ConfigurationError: if the session or the user is missing.
            RevocationsUnavailable: if the store cannot be reached; the revocation is then valid in this process.
        """
        self._revoke(by_session(session, user_id, self._now()))

    async def arevoke_session(self, session: AccessTokenClaims | Claims | str, user_id: str | None = None) -> None:
        """Do what ``revoke_session`` does, without blocking the event loop."""
        await self._arevoke(by_session(session, user_id, self._now()))

    def revoke_user(self, user_id: str, *, issued_before: float | None = None) -> None:
        """Refuse all tokens that a user got until ``issued_before``, in Unix seconds, by default now.

        Raises:
            ConfigurationError: if an argument is wrong.
            RevocationsUnavailable: if the store cannot be reached; the revocation is then valid in this process.
        """
        self._revoke(by_user(user_id, issued_before, self._now()))

    async def arevoke_user(self, user_id: str, *, issued_before: float | None = None) -> None:
        """Do what ``revoke_user`` does, without blocking the event loop."""
        await self._arevoke(by_user(user_id, issued_before, self._now()))

    def revoke_token(self, claims: Claims) -> None:
        """Refuse one token, by all its claims, such as ``privy_auth.claims``.

        Raises:
            ConfigurationError: if they are not the claims of a token.
            RevocationsUnavailable: if the store cannot be reached; the revocation is then valid in this process.
        """
        self._revoke(by_token(claims))

    async def arevoke_token(self, claims: Claims) -> None:
        """Do what ``revoke_token`` does, without blocking the event loop."""
        await self._arevoke(by_token(claims))

    def check(self, user_id: str, claims: Claims) -> None:
        """Require that a verified token is not revoked; this never waits for anything.

        Raises:
            TokenRevoked: if it is.
            RevocationsUnavailable: if that cannot be known.
        """
        kind = self._entries.revoked_by(user_id, claims)
        if kind is not None:
            raise TokenRevoked(_REASONS[kind])

    @property
    def is_loading(self) -> bool:
        """Return whether ``fetch`` would wait, as it does once in each process at most."""
        return False

    def fetch(self) -> None:
        """Wait until the revocations have been loaded, or could not be."""

    async def afetch(self) -> None:
        """Wait as ``fetch`` does, without blocking the event loop."""

    def ready(self) -> None:
        """Load the revocations now, before the first request.

        Raises:
            RevocationsUnavailable: if the store cannot be reached.
        """

    async def aready(self) -> None:
        """Load the revocations as ``ready`` does, without blocking the event loop."""

    def report_to(self, reporter: Reporter) -> None:
        """Send the events of the store to a reporter."""

    def close(self) -> None:
        """End what runs in the background; the next check starts it again."""

    async def aclose(self) -> None:
        """Do what ``close`` does, without blocking the event loop."""

    def _now(self) -> float:
        """Return the time until which tokens are revoked by default, in Unix seconds."""
        return self._clock()

    def _revoke(self, entries: Sequence[Revocation]) -> None:
        for entry in entries:
            self._entries.add(entry, self._seconds_kept)

    async def _arevoke(self, entries: Sequence[Revocation]) -> None:
        self._revoke(entries)


def check_seconds(name: str, value: float, low: float, high: float) -> float:
    """Return a number of seconds.

    Raises:
        ConfigurationError: if it is not a number within the limits.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and low <= value <= high):
        raise ConfigurationError(name, f"set a number from {low:g} to {high:g}")
    return value
