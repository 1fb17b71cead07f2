"""The decision about a request: authenticated, anonymous, or refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from privy_middleware.auth import PrivyAuth
from privy_middleware.callbacks import returned
from privy_middleware.config import PrivyConfig, RequestSettings
from privy_middleware.errors import (
    ConfigurationError,
    CrossSiteRequest,
    InvalidToken,
    KeysUnavailable,
    PrivyError,
    ServiceUnavailable,
    TokenExpired,
)
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, Reader, names_of
from privy_middleware.http.cross_site import is_cross_site, is_unsafe
from privy_middleware.http.protected_paths import Protection, is_plain
from privy_middleware.http.redirects import Navigable, page_redirect
from privy_middleware.verifiers.bearer import BearerSettings, verifier_for
from privy_middleware.verifiers.privy import PrivyVerifier, Verifier

__all__ = ["Gate", "PREFLIGHT_HEADERS", "PREFLIGHT_STATUS", "Request", "Settings", "build_gate", "is_preflight"]

_logger = logging.getLogger("privy_middleware")
_REFUSALS = (InvalidToken, CrossSiteRequest, ServiceUnavailable)

PREFLIGHT_STATUS = 204
"""The status of our answer to a preflight of a protected path: it has no body, and no CORS headers."""
PREFLIGHT_HEADERS = (("Cache-Control", "no-store"),)
_READING = frozenset({"GET", "HEAD"})

Settings = PrivyConfig | BearerSettings | Mapping[str, Any] | Verifier | None


class Request(Navigable, Protocol):
    """What the gate asks of a request, of whichever protocol; the method of a WebSocket is ``"WEBSOCKET"``."""

    @property
    def scheme(self) -> str:
        """Return ``http``, ``https``, ``ws`` or ``wss``."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """Return the path, decoded once, in each form that the app might route: with its mount point and without."""
        ...


class Gate:
    """Decide about requests with one verifier and one set of rules."""

    def __init__(self, verifier: Verifier, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        """Take the verifier, and the path prefixes that require a user, or do not.

        Raises:
            ConfigurationError: when a path prefix is not one.
        """
        self.verifier = verifier
        self.settings: RequestSettings = verifier.settings
        everything = ("/",) if self.settings.on_missing == "reject" else ()
        self._protection = Protection(everything or protect, exempt)
        self._guards_any = bool(self._protection)
        self._preflights_pass = self.settings.preflight == "pass"
        self._sign_in_pages = frozenset(_sign_in_pages(self.settings))
        self.reader: Reader = Reader(self.settings.slots, self.settings.sources)
        self._nobody = PrivyAuth(on_invalid=self.settings.on_invalid)
        self.vary: tuple[str, ...] = tuple(names_of(self.settings.slots))

    def ready(self) -> None:
        """Fetch the keys ahead of the first request; a failure is logged, or raised with ``fail_fast``.

        Raises:
            KeysUnavailable: with ``fail_fast``, when the keys cannot be had.
        """
        try:
            self.verifier.ready()
        except KeysUnavailable as error:
            self._not_ready(error)

    async def aready(self) -> None:
        """Fetch the keys ahead of the first request; logs and raises as ``ready`` does."""
        try:
            await self.verifier.aready()
        except KeysUnavailable as error:
            self._not_ready(error)

    def _not_ready(self, error: KeysUnavailable) -> None:
        if self.settings.fail_fast:
            raise error
        _logger.warning("keys could not be fetched at start-up: %s", error)

    def recall(self, request: Request, credentials: Sequence[Credential], now: float) -> PrivyAuth | None:
        """Return what is known at once about a request of ``now``, ``None`` where a token has to be verified first."""
        if not credentials:
            redirect = page_redirect(request, self.settings)
            return self._nobody if redirect is None else replace(self._nobody, redirect=redirect)
        try:
            auth = self.verifier.recall(credentials, now)
            if auth is not None:
                self._check_site(request, credentials)
        except _REFUSALS as error:
            return self.refuse(request, error)
        return auth

    def steps(self, request: Request, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Find out about a request of ``now`` with tokens, yielding wherever keys have to be waited for."""
        try:
            auth = yield from self.verifier.steps(credentials, now)
            self._check_site(request, credentials)
        except _REFUSALS as error:
            return self.refuse(request, error)
        return auth

    def refuse(self, request: Request, error: PrivyError) -> PrivyAuth:
        """Return what is known about a request whose tokens are refused; tells the log and the app's hook.

        Raises:
            ConfigurationError: when the hook returns something to await.
        """
        refusal = error.without_traces()
        level = logging.WARNING if isinstance(error, ServiceUnavailable) else logging.INFO
        _logger.log(level, "token not accepted: %s", error.code)
        if self.settings.on_refused is not None:
            returned(self.settings.on_refused(refusal), "on_refused")
        redirect = page_redirect(request, self.settings) if isinstance(error, TokenExpired) else None
        return replace(self._nobody, refusal=refusal, redirect=redirect)

    def _check_site(self, request: Request, credentials: Sequence[Credential]) -> None:
        # A page of another site cannot set a header, so one verified header token vouches for the request.
        if not is_unsafe(request.method) or any(credential.source == "header" for credential in credentials):
            return
        if is_cross_site(request, request.scheme, self.settings.trusted_origins):
            raise CrossSiteRequest

    def guards(self, request: Request) -> bool:
        """Return whether a request must not enter the app without a user, whatever the app asks for.

        Where it ``is_preflight``, it has no user and is answered by the middleware (``PREFLIGHT_STATUS``); with the
        setting ``preflight="pass"`` no preflight is guarded.
        """
        if not self._guards_any or not any(self.protects(path, request.method) for path in request.paths):
            return False
        return not (self._preflights_pass and is_preflight(request))

    def is_sign_in_page(self, request: Request) -> bool:
        """Return whether a request is for the app's own ``refresh_url`` or ``login_url``, which need no user."""
        return all(self._opens(path, request.method) for path in request.paths)

    def protects(self, path: str, method: str = "GET") -> bool:
        """Return whether a request for a path needs a user, whatever the app asks for."""
        return self._protection.covers(path) and not self._opens(path, method)

    def _opens(self, path: str, method: str) -> bool:
        return path in self._sign_in_pages and method in _READING


def _sign_in_pages(settings: RequestSettings) -> Iterator[str]:
    """Yield the pages of this app that a browser without a user is sent to, decoded as servers decode paths.

    Raises:
        ConfigurationError: if such a page has an address that can be read in more than one way.
    """
    for name in ("refresh_url", "login_url"):
        page: str = getattr(settings, name) or ""
        if page.startswith("/"):
            path = unquote(urlsplit(page).path)
            if not is_plain(path):
                raise ConfigurationError(name, "set a plain path, without empty or dot segments and escaped slashes")
            yield path


def is_preflight(request: Request) -> bool:
    """Return whether a request is a CORS preflight, which carries no credentials by design (WHATWG Fetch §3.2.2)."""
    return request.method == "OPTIONS" and bool(request.values("access-control-request-method"))


def build_gate(settings: Settings = None, *, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> Gate:
    """Return a gate from a configuration, a mapping of settings, a verifier, or the environment.

    Raises:
        ConfigurationError: when a setting is wrong.
    """
    if settings is None:
        settings = PrivyConfig.from_env()
    elif isinstance(settings, Mapping):
        settings = PrivyConfig.from_mapping(settings)
    if isinstance(settings, BearerSettings):
        settings = verifier_for(settings)
    verifier = PrivyVerifier(settings) if isinstance(settings, PrivyConfig) else settings
    if not isinstance(getattr(verifier, "settings", None), RequestSettings):
        raise ConfigurationError("config", "give a PrivyConfig, a mapping of settings, or a verifier")
    return Gate(verifier, protect, exempt)
