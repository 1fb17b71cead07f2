"""Authentication of a Privy user as a Django user (``django_privy.accounts``): ``request.user``."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import get_backends
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from django_privy.request_attributes import DjangoLookup, afind_auth, find_auth, lookup_of
from privy_middleware import ConfigurationError, PrivyAuth, PrivyUser
from privy_middleware.errors import ServiceUnavailable

__all__ = ["afind_django_user", "attach_user", "find_django_user", "issuer_of", "maps_users", "privy_backends"]


class _Accounts:
    """Whether the app of the accounts is installed, for which Django goes through all apps."""

    def __init__(self) -> None:
        self._known: tuple[object, bool] = (None, False)

    def are_installed(self) -> bool:
        # A test that changes INSTALLED_APPS replaces the dict.
        configs = apps.app_configs
        known, installed = self._known
        if known is not configs:
            installed = apps.is_installed("django_privy.accounts")
            self._known = (configs, installed)
        return installed


_ACCOUNTS = _Accounts()


def maps_users() -> bool:
    """Return whether the project uses Django users for Privy users."""
    return _ACCOUNTS.are_installed()


def attach_user(request: HttpRequest) -> None:
    """Set ``request.user`` to the Django user of the Privy user; without a valid token it is that of the session."""
    if not hasattr(request, "user") or not maps_users():
        return
    vars(request).update(
        user=SimpleLazyObject(partial(_find_either, request, request.user)),
        auser=partial(_afind_either, request, request.auser),
    )


def _find_either(request: HttpRequest, session_user: Any) -> Any:
    return find_django_user(request) or session_user


async def _afind_either(request: HttpRequest, asession_user: Any) -> Any:
    return await afind_django_user(request) or await asession_user()


def find_django_user(request: HttpRequest) -> Any:
    """Return the Django user of the request's Privy user, or ``None``; it is looked up only once.

    Raises:
        ServiceUnavailable: if the token cannot be verified at the moment.
    """
    lookup = lookup_of(request)
    if lookup.user is ...:
        auth = find_auth(request)
        lookup.user = None if _user_of(lookup, auth) is None else _authenticate(request, auth)
    return lookup.user


async def afind_django_user(request: HttpRequest) -> Any:
    """Return the Django user as ``find_django_user`` does."""
    if _user_of(lookup_of(request), await afind_auth(request)) is None:
        return None
    return await sync_to_async(find_django_user)(request)


def _user_of(lookup: DjangoLookup, auth: PrivyAuth) -> PrivyUser | None:
    # In an outage, an anonymous user would be redirected to the login page, so raise an error instead. There is no
    # error for code that runs after the response was created.
    if isinstance(auth.refusal, ServiceUnavailable) and not lookup.answered:
        lookup.outage = auth.refusal
        raise auth.refusal
    return auth.user


def _authenticate(request: HttpRequest, auth: PrivyAuth) -> Any:
    # Not ``django.contrib.auth.authenticate``: it would send ``user_login_failed`` on each request of an inactive user.
    issuer = issuer_of(auth)
    users = (backend.authenticate(request, privy_user=auth.user, issuer=issuer) for backend in privy_backends())
    return next((user for user in users if user is not None), None)


def issuer_of(auth: PrivyAuth) -> str:
    """Return the issuer of the user's token.

    Raises:
        ConfigurationError: if the verifier does not return it.
    """
    if auth.issuer is None:
        raise ConfigurationError("verifier", "return claims with iss: accounts are identified by issuer and ID")
    return auth.issuer


def privy_backends() -> list[Any]:
    """Return the authentication backends that are ours."""
    from django_privy.backends import PrivyBackend  # noqa: PLC0415 (it needs models, which only some projects have)

    return [backend for backend in get_backends() if isinstance(backend, PrivyBackend)]
