"""Finds the user of one request, on first use and only once, and reports what was decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import (
    Answer,
    ConfigurationError,
    ConflictingTokens,
    CrossSiteRequest,
    MissingToken,
    PageRedirect,
    PrivyError,
    ServiceUnavailable,
    TokenRevoked,
)
from privy_middleware.events import Anonymous, Authenticated, Refused, RequestEvent, Revoked
from privy_middleware.fetching.waiting import arun, run, run_now
from privy_middleware.gate import Gate
from privy_middleware.http.credentials import Credential
from privy_middleware.http.loopback import is_loopback
from privy_middleware.http.request import Request, shown_method, shown_path
from privy_middleware.revocation import Revocations

__all__ = ["Lookup"]

_DEBUG_HEADER = "Privy-Debug-Reason"


class Lookup:
    """Find the user of a request, which never raises for an invalid token, and report the decision about it.

    Copies of a request share one lookup: they have the same user.

    Attributes:
        gate: decides about the request.
        request: the request.
        auth: what was found, ``None`` before the first use.
        refused: the error that the request was refused with, if it was.
    """

    __slots__ = ("_answered", "_arrived", "_credentials", "_ended", "_reported", "auth", "gate", "refused", "request")

    def __init__(self, gate: Gate, request: Request) -> None:
        """Create it when the request arrives: its tokens must be valid at this moment, however late the app looks."""
        self._arrived = gate.verifier.now()
        self.gate: Gate = gate
        self.request: Request = request
        self.auth: PrivyAuth | None = None
        self.refused: PrivyError | None = None
        self._answered: tuple[PrivyError, Answer] | None = None
        self._credentials: Sequence[Credential] | None = None
        self._reported: object = None
        self._ended = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the lookup itself, which a copy of the request shares."""
        return self

    def find(self) -> PrivyAuth:
        """Return what is known about the request, blocking if keys have to be fetched."""
        credentials = self._read()
        return self.auth or self._found(run(self.gate.steps(self.request, credentials, self._arrived)))

    async def afind(self) -> PrivyAuth:
        """Return what is known about the request, awaiting keys if they have to be fetched."""
        credentials = self._read()
        return self.auth or self._found(await arun(self.gate.steps(self.request, credentials, self._arrived)))

    def find_now(self) -> PrivyAuth:
        """Return what is known about the request, for callers on an event loop who cannot wait.

        If the lookup was ``settled``, only keys that have been dropped since make that a refusal (503).
        """
        credentials = self._read()
        return self.auth or self._found(run_now(self.gate.steps(self.request, credentials, self._arrived)))

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

    def refuse(self, error: PrivyError) -> Answer:
        """Return the answer to a refusal, and remember the refusal.

        Raises:
            PrivyError: the error itself, if it is not a refusal but a mistake in the app, such as a wrong setting.
        """
        if self._answered is not None and self._answered[0] is error:
            # Some plugins ask again when the response is complete.
            return self._answered[1]
        answer = self.gate.answer(error)
        self.remember(error)
        if self.gate.settings.debug_reasons and is_loopback(self.request):
            headers = (*answer.headers, (_DEBUG_HEADER, self._debug_reason(error)))
            answer = dataclasses.replace(answer, headers=headers)
        self._answered = error, answer
        return answer

    def remember(self, error: PrivyError) -> None:
        """Remember the error that the request is refused with, and complete its reason, before it is reported."""
        if isinstance(error, MissingToken) and error.detail == MissingToken.reason:
            error.detail = self.gate.missing_reason(self.request)
        if error.kind is None and self._credentials:
            error.of_token(self._credentials[0].kind, self._credentials[0].source)
        self.refused = error

    def revoke(self) -> None:
        """Revoke the session of the request; without an access token, all tokens of its user until now.

        A request without a user has nothing to revoke.

        Raises:
            ConfigurationError: if ``revocations`` is not set.
            ServiceUnavailable: if the token cannot be verified now, or the revocation cannot be stored.
            CrossSiteRequest: if a page of another site sent the request, with a token in a cookie.
        """
        store, auth = self._revocations(), self.find()
        if auth.access is not None:
            store.revoke_session(auth.access)
        elif _revocable(auth):
            store.revoke_user(auth.require().id)

    async def arevoke(self) -> None:
        """Revoke what ``revoke`` does, without blocking the event loop."""
        store, auth = self._revocations(), await self.afind()
        if auth.access is not None:
            await store.arevoke_session(auth.access)
        elif _revocable(auth):
            await store.arevoke_user(auth.require().id)

    def report(self) -> None:
        """Report the decision about the request, once; called when the response begins, or the request has ended.

        Nothing is reported about a request whose tokens nobody has asked for; it is when somebody does later.
        """
        self._ended = True
        auth = self.auth
        if auth is None:
            return
        decision = self.refused or auth
        if self._reported is decision:
            return
        self._reported = decision
        if decision is not auth or auth.refusal is not None or self.listens():
            self.announce(self._event(auth))

    def listens(self) -> bool:
        """Return whether anything would be done with an event about a request that was not refused."""
        return self.gate.reporter.listens()

    def announce(self, event: RequestEvent) -> None:
        """Hand an event to the reporter; a plugin may override it to send a signal of its framework as well."""
        self.gate.reporter.report(event)

    def _found(self, auth: PrivyAuth) -> PrivyAuth:
        self.auth = auth
        if self._ended:
            self.report()
        return auth

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

    def _revocations(self) -> Revocations:
        store = self.gate.settings.stored_revocations
        if store is None:
            fix = "set it, such as to RedisRevocations(…): nothing can be revoked without a store"
            raise ConfigurationError("revocations", fix)
        return store

    def _event(self, auth: PrivyAuth) -> RequestEvent:
        request, refused = self.request, self.refused
        about: dict[str, Any] = {
            "method": shown_method(request.method),
            "route": request.route,
            "path": shown_path(request.target),
            "request": request.native,
        }
        error = _cause(refused, auth) or auth.refusal
        if error is not None:
            kind = Revoked if isinstance(error, TokenRevoked) else Refused
            return kind(**about, error=error, answer=refused)
        if auth.user is None:
            return Anonymous(**about)
        return Authenticated(**about, user_id=auth.user.id, issuer=auth.issuer, kind=auth.kind, source=auth.source)

    def _debug_reason(self, error: PrivyError) -> str:
        cause = error if self.auth is None else _cause(error, self.auth) or error
        text = f"{cause.code}: {cause.detail}"
        return "".join(each if " " <= each <= "~" else "?" for each in text)


def _revocable(auth: PrivyAuth) -> bool:
    """Return whether the request has a user.

    Raises:
        ServiceUnavailable: if that is not known, because the token could not be verified.
        CrossSiteRequest: if a page of another site sent the request, which may not sign the user out.
    """
    if isinstance(auth.refusal, ServiceUnavailable | CrossSiteRequest):
        raise auth.refusal
    return auth.user is not None


def _cause(refused: PrivyError | None, auth: PrivyAuth) -> PrivyError | None:
    """Return why a request was refused: for a redirect to a login page, the error of the bad token if there is one."""
    return auth.refusal or refused if isinstance(refused, PageRedirect) else refused
