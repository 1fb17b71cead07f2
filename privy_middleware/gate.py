"""The decision about a request: authenticated, anonymous, or refused; and the answer to a refusal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from privy_middleware.auth import PrivyAuth
from privy_middleware.config import PrivyConfig, RequestSettings
from privy_middleware.errors import (
    Answer,
    ConfigurationError,
    CrossSiteRequest,
    InvalidToken,
    KeysUnavailable,
    PrivyError,
    RevocationsUnavailable,
    ServiceUnavailable,
)
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, CredentialReader, vary_names
from privy_middleware.http.cross_site import is_cross_site, is_unsafe
from privy_middleware.http.navigation import is_form
from privy_middleware.http.preflight import is_preflight
from privy_middleware.http.protected_paths import Protection, is_plain
from privy_middleware.http.redirects import PageAnswer, SignInPages
from privy_middleware.http.request import Request
from privy_middleware.reporting import Reporter, call_hook
from privy_middleware.settings.sources import SettingsSource, build_settings, environment
from privy_middleware.verifiers.base import Verifier
from privy_middleware.verifiers.bearer import BearerSettings, verifier_for
from privy_middleware.verifiers.privy import PrivyVerifier

__all__ = ["Gate", "Settings", "build_gate", "check_app", "read_settings"]

_logger = logging.getLogger("privy_middleware.keys")
_settings_logger = logging.getLogger("privy_middleware.settings")
_REFUSALS = (InvalidToken, CrossSiteRequest, ServiceUnavailable)
_READING = frozenset({"GET", "HEAD"})
_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"})

Settings = PrivyConfig | BearerSettings | Mapping[str, Any] | Verifier | None
"""The kinds of configuration that an app may give; ``None`` reads the environment."""


class Gate:
    """Decide about requests with one verifier and one set of rules.

    Attributes:
        verifier: verifies tokens.
        settings: the settings of the verifier.
        reporter: gets the events.
        reader: finds the tokens of a request.
        prefixes: the path prefixes as they were given, by ``"protect"`` and ``"exempt"``.
        vary: the header fields that a decision depends on.
    """

    def __init__(self, verifier: Verifier, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        """Create a gate; ``protect`` and ``exempt`` are path prefixes that require a user, or do not.

        Raises:
            ConfigurationError: if a path prefix is not one, or paths are exempt but none are protected.
        """
        self.verifier = verifier
        self.settings: RequestSettings = verifier.settings
        self.reporter: Reporter = verifier.settings.reporter
        everything = ("/",) if self.settings.on_missing == "reject" else ()
        self._protection = Protection(everything or protect, exempt)
        if exempt and not self._protection:
            fix = 'has no effect without a protected path: set protect (PROTECT in Django) or on_missing="reject" too'
            raise ConfigurationError("exempt", fix)
        self.prefixes: dict[str, tuple[str, ...]] = {"protect": tuple(protect), "exempt": tuple(exempt)}
        self._guards_any = bool(self._protection)
        self._preflights_pass = self.settings.preflight == "pass"
        self._sign_in_pages = frozenset(_sign_in_pages(self.settings))
        self._pages = SignInPages(self.settings.refresh_url, self.settings.login_url)
        self.reader: CredentialReader = CredentialReader(self.settings.locations, self.settings.sources)
        self._revocations = self.settings.stored_revocations
        self._nobody = PrivyAuth(on_invalid=self.settings.on_invalid)
        self.vary: tuple[str, ...] = tuple(vary_names(self.settings.locations))
        if self.settings.debug_reasons:
            _settings_logger.warning(
                "debug_reasons is on, which shows local clients why they are refused: set it in development only."
            )

    def ready(self) -> None:
        """Fetch the keys before the first request; a failure is logged, or raised with ``fail_fast``.

        Raises:
            KeysUnavailable: with ``fail_fast``, if the keys cannot be fetched.
            RevocationsUnavailable: with ``fail_fast``, if the store of revocations cannot be reached.
        """
        try:
            self.verifier.ready()
        except KeysUnavailable as error:
            self._not_ready(error, "keys could not be fetched")
        try:
            if self._revocations is not None:
                self._revocations.ready()
        except RevocationsUnavailable as error:
            self._not_ready(error, "revocations could not be loaded")

    async def aready(self) -> None:
        """Fetch the keys before the first request; logs and raises as ``ready`` does."""
        try:
            await self.verifier.aready()
        except KeysUnavailable as error:
            self._not_ready(error, "keys could not be fetched")
        try:
            if self._revocations is not None:
                await self._revocations.aready()
        except RevocationsUnavailable as error:
            self._not_ready(error, "revocations could not be loaded")

    async def aclose(self) -> None:
        """End what runs in the background, at the end of the app; a later request starts it again."""
        if self._revocations is not None:
            await self._revocations.aclose()

    def _not_ready(self, error: ServiceUnavailable, problem: str) -> None:
        if self.settings.fail_fast:
            raise error
        _logger.warning("%s at start-up: %s", problem, error)

    def steps(self, request: Request, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Find the user of a request that arrived at ``now`` (Unix seconds), yielding what has to be waited for."""
        if not credentials:
            return _with_page(self._nobody, self._pages.answer(request, None))
        try:
            unsafe = is_unsafe(request.method)
            if unsafe and is_form(request):
                # First, since a bad token would send the browser to sign in, which no other site may cause.
                self._check_site(request, credentials)
            auth = yield from self.verifier.steps(credentials, now)
            if unsafe:
                self._check_site(request, credentials)
        except _REFUSALS as error:
            return self.refused(request, error)
        return auth

    def refused(self, request: Request, error: PrivyError) -> PrivyAuth:
        """Return what is known about a request with a refused token; calls ``on_refused``."""
        refusal = error.without_traces()
        if self.settings.on_refused is not None:
            call_hook(self.settings.on_refused, refusal, "on_refused")
        auth = replace(self._nobody, refusal=refusal)
        return _with_page(auth, self._pages.answer(request, refusal)) if self._is_bad_cookie(request, refusal) else auth

    def _is_bad_cookie(self, request: Request, refusal: PrivyError) -> bool:
        # A browser sends cookies by itself, so a bad one is no mistake in an API call.
        return isinstance(refusal, InvalidToken) and not self.reader.has_header(request)

    def sign_in(self, request: Request, auth: PrivyAuth, target: str) -> PrivyError:
        """Return what sends a request without a user to sign in and back to ``target``, a local path with its query.

        A token in a header, or one that cannot be verified now, is refused for what it is.
        """
        if auth.refusal is not None and not self._is_bad_cookie(request, auth.refusal):
            return auth.refusal
        return _with_page(auth, self._pages.answer_for(request, auth.refusal, target)).unauthenticated()

    def _check_site(self, request: Request, credentials: Sequence[Credential]) -> None:
        # A page of another site cannot set a header, so one verified token in a header is enough.
        if any(credential.source == "header" for credential in credentials):
            return
        if is_cross_site(request, self.settings.trusted_origins):
            # The client may make up a method, whose text must not be in the log.
            method = request.method if request.method in _WRITING else "request"
            raise CrossSiteRequest(
                f"The token is in a cookie, and the {method} comes from another site: if it is yours, add its origin "
                "to trusted_origins."
            )

    def missing_reason(self, request: Request) -> str:
        """Return why a request counts as one without a token, with the places where one is looked for."""
        places = ", ".join(self.reader.places)
        if self.reader.finds_only_other_schemes(request):
            return f'The header authorization does not begin with "Bearer ", and there is no other token ({places}).'
        return f"There is no token in the request ({places})."

    def answer(self, error: PrivyError) -> Answer:
        """Return the answer to a refusal, the same in every framework.

        Raises:
            PrivyError: the error itself, if it is not a refusal but a mistake in the app, such as a wrong setting.
        """
        return Answer.to(error, self.settings.error_body)

    def guards(self, request: Request) -> bool:
        """Return whether a request must not enter the app without a user, whatever the app asks for.

        A preflight has no user, and the middleware answers it (``PREFLIGHT_ANSWER``); with the setting
        ``preflight="pass"`` no preflight is guarded.
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
    """Yield the paths of the refresh page and the login page if they belong to this app, decoded as servers do it.

    Raises:
        ConfigurationError: if the path of such a page can be read in more than one way.
    """
    for name in ("refresh_url", "login_url"):
        page: str = getattr(settings, name) or ""
        if page.startswith("/"):
            path = unquote(urlsplit(page).path)
            if not is_plain(path):
                raise ConfigurationError(name, "set a plain path, without empty or dot segments and escaped slashes")
            yield path


def _with_page(auth: PrivyAuth, answer: PageAnswer | None) -> PrivyAuth:
    if answer is None:
        return auth
    return replace(auth, redirect=answer.redirect, page=answer.page, form=answer.form)


def check_app(app: object, name: str) -> None:
    """Check that the first argument of a middleware is an app.

    Raises:
        ConfigurationError: if it is not callable, such as a configuration.
    """
    if not callable(app):
        raise ConfigurationError("app", f"the first argument is the app, the second its settings: {name}(app, config)")


def read_settings(settings: Mapping[str, Any] | None = None, framework: SettingsSource | None = None) -> PrivyConfig:
    """Return the configuration of an app: settings in code over those of the framework over the environment.

    Raises:
        ConfigurationError: if a setting is missing or wrong, naming it as it is written in its source.
    """
    given = (SettingsSource(settings or {}), framework, environment(PrivyConfig))
    return build_settings(PrivyConfig, [source for source in given if source is not None])


def build_gate(
    settings: Settings = None,
    *,
    protect: Sequence[str] = (),
    exempt: Sequence[str] = (),
    framework: SettingsSource | None = None,
) -> Gate:
    """Return a gate from a configuration, a mapping of settings, a verifier, or the environment.

    A configuration or a verifier is complete. A mapping has precedence over the settings of the framework, and these
    over the environment, field by field.

    Raises:
        ConfigurationError: if a setting is wrong.
    """
    if settings is None or isinstance(settings, Mapping):
        settings = read_settings(settings, framework)
    if isinstance(settings, BearerSettings):
        settings = verifier_for(settings)
    verifier = PrivyVerifier(settings) if isinstance(settings, PrivyConfig) else settings
    if not isinstance(getattr(verifier, "settings", None), RequestSettings):
        fix = 'give a PrivyConfig, a dict of settings such as {"APP_ID": "…"}, or a verifier'
        raise ConfigurationError("config", fix)
    return Gate(verifier, protect, exempt)
