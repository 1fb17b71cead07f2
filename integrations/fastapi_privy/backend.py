"""The verified user as Starlette's own authentication knows one: ``request.user`` and ``request.auth``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection

from fastapi_privy.connection import privy_auth
from privy_middleware import ConfigurationError, PrivyError, PrivyUser
from privy_middleware.callbacks import require_sync, returned
from privy_middleware.errors import ServiceUnavailable

__all__ = ["PrivyBackend", "SignedInUser"]


class SignedInUser(BaseUser):
    """Be ``request.user`` for a verified user, who is at ``privy_user``."""

    def __init__(self, privy_user: PrivyUser) -> None:
        """Take the verified user."""
        self.privy_user = privy_user

    @property
    def is_authenticated(self) -> bool:
        """Say that there is a user."""
        return True

    @property
    def display_name(self) -> str:
        """Return the first e-mail address, or else the id."""
        email = self.privy_user.email
        return self.privy_user.id if email is None else email.address

    @property
    def identity(self) -> str:
        """Return the user's id, a DID."""
        return self.privy_user.id


class _UnknownScopes(AuthCredentials):
    """Be ``request.auth`` while our side cannot tell: whoever asks for the scopes is answered with the outage."""

    def __init__(self, error: PrivyError) -> None:
        self._error = error

    def _refuse(self) -> NoReturn:
        raise self._error

    scopes: Any = property(_refuse)


class _UnknownUser(UnauthenticatedUser):
    """Be ``request.user`` while our side cannot tell: it has no name, and whether it has signed in is not known."""

    def __init__(self, error: PrivyError) -> None:
        self._error = error

    @property
    def is_authenticated(self) -> NoReturn:
        raise self._error


class PrivyBackend(AuthenticationBackend):
    """Let Starlette's ``AuthenticationMiddleware`` take the user that the Privy middleware around it has verified.

    Gives ``request.user``, ``request.auth`` and ``@requires("authenticated")``. While keys cannot be had, asking these
    about a request with a token raises ``ServiceUnavailable``, which the middleware answers; other pages stay open.
    """

    def __init__(self, scopes: Callable[[PrivyUser], Iterable[str]] = lambda _: ()) -> None:
        """Take a function that gives a user further scopes beside ``"authenticated"``.

        Raises:
            ConfigurationError: when it is no function, or an async one.
        """
        if not callable(scopes):
            raise ConfigurationError("scopes", "give a function from the user to a list of scopes")
        require_sync(scopes, "scopes")
        self._scopes = scopes

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the scopes and the user, ``None`` where there is no user; in an outage, what says so if it is asked.

        Raises:
            ConfigurationError: when the Privy middleware is not around this one, or the scopes are not a list.
        """
        auth = privy_auth(conn)
        if isinstance(auth.refusal, ServiceUnavailable):
            return _UnknownScopes(auth.refusal), _UnknownUser(auth.refusal)
        if auth.user is None:
            return None
        return AuthCredentials(["authenticated", *self._scopes_of(auth.user)]), SignedInUser(auth.user)

    def _scopes_of(self, user: PrivyUser) -> Iterable[str]:
        scopes = returned(self._scopes(user), "scopes")
        # The letters of one scope would each be a scope of their own.
        if isinstance(scopes, str):
            raise ConfigurationError("scopes", "return a list of scopes, also where there is one")
        return scopes
