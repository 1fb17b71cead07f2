"""System checks, which report wrong settings before the first request."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 (Django's own name)
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from django_privy.conf import PrivySettings, login_url_problem
from django_privy.sign_in import sign_in
from django_privy.url_checks import unmatched_prefixes, url_patterns, wrong_permissions
from privy_middleware import ConfigurationError, PrivyConfig
from privy_middleware.plugin import Gate
from privy_middleware.settings.placeholders import IS_A_PLACEHOLDER

__all__ = ["check_privy", "is_installed"]

_MIDDLEWARE = "django_privy.middleware.PrivyMiddleware"
_BACKEND = "django_privy.backends.PrivyBackend"
_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_REST = "django_privy.rest_framework.PrivyAuthentication"
_REST_SESSION = "rest_framework.authentication.SessionAuthentication"
_IDS = {"app_id": "E001", "verification_key": "E003"}
_KNOWN = {"PRIVY", "protect", "exempt"} | {each.name for each in dataclasses.fields(PrivyConfig)}


def check_privy(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
    """Return the mistakes in ``settings.PRIVY`` and in the settings that it depends on."""
    checks = (
        _check_settings,
        _check_middleware,
        _check_accounts,
        _check_rest_framework,
        _check_permissions,
        _check_sign_in,
    )
    return [message for check in checks for message in check()]


def is_installed() -> bool:
    """Return whether the middleware, or a subclass of it, is in ``MIDDLEWARE``."""
    return _position(_MIDDLEWARE) > 0


def _error(number: str, message: str, hint: str) -> CheckMessage:
    return Error(message, hint=hint, id=f"django_privy.{number}")


def _warning(number: str, message: str, hint: str) -> CheckMessage:
    return Warning(message, hint=hint, id=f"django_privy.{number}")


def _check_settings() -> Iterator[CheckMessage]:
    try:
        gate = PrivySettings().gate
    except ConfigurationError as error:
        hint = 'Change settings.PRIVY, a dict such as {"APP_ID": "…"}, or the PRIVY_* environment variables.'
        yield _error(_number_of(error), f"{error}.", hint)
    else:
        yield from _check_cookies(gate)
        yield from _check_prefixes(gate)


def _number_of(error: ConfigurationError) -> str:
    if IS_A_PLACEHOLDER in str(error):
        return "E002"
    return _IDS.get(error.field, "E005" if error.field in _KNOWN else "E004")


def _check_cookies(gate: Gate) -> Iterator[CheckMessage]:
    if "cookie" in gate.settings.sources and not _position(_CSRF):
        message = "Tokens are read from cookies, but Django's CSRF middleware is not installed."
        hint = (
            f'Add "{_CSRF}" to MIDDLEWARE, or set PRIVY["SOURCES"] to ["header"]. If every view that changes something '
            "requires a Privy user, the cross-site rule of PrivyMiddleware is enough: silence this warning."
        )
        yield _warning("W001", message, hint)


def _check_prefixes(gate: Gate) -> Iterator[CheckMessage]:
    for option, given in gate.prefixes.items():
        for prefix in unmatched_prefixes(given):
            message = f'settings.PRIVY["{option.upper()}"]: no URL of the project begins with "{prefix}".'
            yield _warning("W005", message, "Correct the prefix, or remove it.")


def _check_permissions() -> Iterator[CheckMessage]:
    for view in wrong_permissions():
        hint = 'List the class PrivyUserRequired, or the result of PrivyUserRequired.where(wallet="ethereum").'
        yield _error("E012", f"{view}.permission_classes contains something of django_privy that is not a class.", hint)


def _check_middleware() -> Iterator[CheckMessage]:
    here = _position(_MIDDLEWARE)
    if not here:
        yield _error("E006", "PrivyMiddleware is not in MIDDLEWARE.", f'Add "{_MIDDLEWARE}".')
        return
    for path, check in _ORDER.items():
        there = _position(path)
        if there and there > here:
            number, why = check
            other = path.rpartition(".")[2]
            make = _error if number.startswith("E") else _warning
            message = f"PrivyMiddleware is listed before {other} in MIDDLEWARE."
            yield make(number, message, f"List it after {other}: {why}.")


_ORDER: Mapping[str, tuple[str, str]] = {
    _AUTHENTICATION: ("E007", "otherwise request.user is not the Django user of the Privy user"),
    "django.middleware.cache.UpdateCacheMiddleware": ("E008", "otherwise pages of one user are stored for all users"),
    "corsheaders.middleware.CorsMiddleware": ("W002", "otherwise error responses have no CORS headers"),
    _CSRF: ("W003", "the CSRF check must run before middleware that relies on it"),
}


def _position(path: str) -> int:
    """Return the position of a middleware or its subclass in ``MIDDLEWARE``, counted from 1; 0 if it is not listed."""
    return _place(path, settings.MIDDLEWARE)


def _place(path: str, listed: Sequence[object]) -> int:
    if path in listed:
        return listed.index(path) + 1
    return next((place for place, each in enumerate(listed, 1) if _is_subclass(each, path)), 0)


def _is_subclass(path: object, base: str) -> bool:
    classes = getattr(_imported(path), "__mro__", ())
    return any(f"{each.__module__}.{each.__qualname__}" == base for each in classes)


def _imported(path: object) -> object:
    if not isinstance(path, str):
        # REST framework also accepts classes.
        return path
    try:
        return import_string(path)
    except (ImportError, RuntimeError):
        # Django reports these itself: a middleware that does not exist, or models of an app that is not installed.
        return None


def _uses_accounts(path: str) -> bool:
    return path == _BACKEND or _is_subclass(path, _BACKEND)


def _check_accounts() -> Iterator[CheckMessage]:
    backends = [path for path in settings.AUTHENTICATION_BACKENDS if _uses_accounts(path)]
    if backends and not apps.is_installed("django_privy.accounts"):
        hint = 'Add "django_privy.accounts" to INSTALLED_APPS.'
        yield _error("E009", f"{backends[0]} needs the table of django_privy.accounts.", hint)
    if apps.is_installed("django_privy.accounts"):
        if not backends:
            hint = f'Add "{_BACKEND}".'
            yield _error("E010", "PrivyBackend is not in AUTHENTICATION_BACKENDS.", hint)
        if not _position(_AUTHENTICATION):
            hint = f'Add "{_AUTHENTICATION}" to MIDDLEWARE, before PrivyMiddleware.'
            yield _error("E011", "request.user needs Django's authentication middleware.", hint)


def _check_rest_framework() -> Iterator[CheckMessage]:
    listed: Sequence[object] = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_AUTHENTICATION_CLASSES", ())
    if apps.is_installed("django_privy.accounts") and 0 < _place(_REST_SESSION, listed) < _place(_REST, listed):
        message = (
            "SessionAuthentication is listed before PrivyAuthentication in DEFAULT_AUTHENTICATION_CLASSES: it treats "
            "Privy's users as users of the Django session, and requires Django's CSRF token even if the Privy token is "
            "in a header."
        )
        yield _warning("W004", message, f'List it after "{_REST}".')


def _check_sign_in() -> Iterator[CheckMessage]:
    """Check the login page if the sign-in view is routed, under whichever name."""
    if sign_in not in (view for _, view in url_patterns()):
        return
    try:
        login_url = PrivySettings().gate.settings.login_url
    except ConfigurationError:
        # Reported by ``_check_settings``.
        return
    problem = login_url_problem(login_url, _sign_in_path())
    if problem is not None:
        yield _error("E013", problem, "The sign-in view of django_privy redirects browsers to it.")


def _sign_in_path() -> str | None:
    try:
        return reverse(sign_in)
    except NoReverseMatch:
        return None
