"""Finds the user of one request: on first use, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import ConflictingTokens
from privy_middleware.fetching.waiting import arun, run, run_now
from privy_middleware.gate import Gate
from privy_middleware.http.credentials import Credential
from privy_middleware.http.request import Request

__all__ = ["Lookup"]


class Lookup:
    """Find the user of a request; never raises for an invalid token.

    Copies of a request share one lookup: they have the same user.

    Attributes:
        gate: decides about the request.
        request: the request.
        auth: what was found, ``None`` before the first use.
    """

    __slots__ = ("_arrived", "_credentials", "auth", "gate", "request")

    def __init__(self, gate: Gate, request: Request) -> None:
        """Create it when the request arrives: its tokens must be valid at this moment, however late the app looks."""
        self._arrived = gate.verifier.now()
        self.gate: Gate = gate
        self.request: Request = request
        self.auth: PrivyAuth | None = None
        self._credentials: Sequence[Credential] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the lookup itself, which a copy of the request shares."""
        return self

    def find(self) -> PrivyAuth:
        """Return what is known about the request, blocking if keys have to be fetched."""
        credentials = self._read()
        if self.auth is None:
            self.auth = run(self.gate.steps(self.request, credentials, self._arrived))
        return self.auth

    async def afind(self) -> PrivyAuth:
        """Return what is known about the request, awaiting keys if they have to be fetched."""
        credentials = self._read()
        if self.auth is None:
            self.auth = await arun(self.gate.steps(self.request, credentials, self._arrived))
        return self.auth

    def find_now(self) -> PrivyAuth:
        """Return what is known about the request, for callers on an event loop who cannot wait.

        If the lookup was ``settled``, only keys that have been dropped since make that a refusal (503).
        """
        credentials = self._read()
        if self.auth is None:
            self.auth = run_now(self.gate.steps(self.request, credentials, self._arrived))
        return self.auth

    def settled(self) -> bool:
        """Return whether ``find`` has nothing to wait for; finds the tokens, and does not verify them."""
        credentials = self._read()
        return not credentials or self.gate.verifier.settled(credentials)

    @property
    def presented(self) -> bool:
        """Return whether the request has a token, valid or not; does not verify it."""
        if self.auth is None and self._read():
            return True
        return self.auth is not None and self.auth.presented

    def _read(self) -> Sequence[Credential]:
        credentials = self._credentials
        if credentials is None:
            try:
                credentials = self.gate.reader.read(self.request)
            except ConflictingTokens as error:
                credentials = ()
                self.auth = self.gate.refused(self.request, error)
            self._credentials = credentials
        return credentials
