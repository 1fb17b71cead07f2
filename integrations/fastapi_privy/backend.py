"""The verified user for Starlette's own authentication: ``request.user`` and ``request.auth``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection

from fastapi_privy.connection import privy_auth
from privy_middleware import ConfigurationError, PrivyError, PrivyUser
from privy_middleware.callbacks import require_sync, returned
from privy_middleware.errors import ServiceUnavailable
from privy_middleware.plugin import display_name

__all__ = ["PrivyBackend", "SignedInUser"]


class SignedInUser(BaseUser):
    """The ``request.user`` for a verified user.

    Attributes:
        privy_user: the verified user.
        is_authenticated: always true.
        display_name: an e-mail address, one that Privy has verified if possible, or else the ID.
        identity: the ID, a DID.
    """

    def __init__(self, privy_user: PrivyUser) -> None:
        """Create it for a verified user."""
        self.privy_user = privy_user

    @property
    def is_authenticated(self) -> bool:
        """Return ``True``."""
        return True

    @property
    def display_name(self) -> str:
        """Return an e-mail address, one that Privy has verified if possible, or else the ID."""
        return display_name(self.privy_user)

    @property
    def identity(self) -> str:
        """Return the user's ID, a DID."""
        return self.privy_user.id


class _UnknownScopes(AuthCredentials):
    """The ``request.auth`` during an outage: reading the scopes raises the error."""

    def __init__(self, error: PrivyError) -> None:
        self._error = error

    def _refuse(self) -> NoReturn:
        raise self._error

    scopes: Any = property(_refuse)


class _UnknownUser(UnauthenticatedUser):
    """The ``request.user`` during an outage: it has no name, and reading ``is_authenticated`` raises the error."""

    def __init__(self, error: PrivyError) -> None:
        self._error = error

    @property
    def is_authenticated(self) -> NoReturn:
        raise self._error


class PrivyBackend(AuthenticationBackend):
    """A backend for Starlette's ``AuthenticationMiddleware``, which must run inside the Privy middleware.

    It provides ``request.user``, ``request.auth`` and ``@requires("authenticated")``. If the keys are not available and
    the request has a token, using these raises ``ServiceUnavailable``, for which the middleware sends the error
    response. Endpoints that do not use them are not affected.
    """

    def __init__(self, scopes: Callable[[PrivyUser], Iterable[str]] = lambda _: ()) -> None:
        """Create the backend; ``scopes`` returns a user's scopes in addition to ``"authenticated"``.

        Raises:
            ConfigurationError: if ``scopes`` is not a function, or is async.
        """
        if not callable(scopes):
            raise ConfigurationError("scopes", "give a function that returns a list of scopes for a user")
        require_sync(scopes, "scopes")
        self._scopes = scopes

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the scopes and the user, or ``None`` without a user; in an outage both raise the error when used.

        Raises:
            ConfigurationError: if the Privy middleware does not run outside this one, or the scopes are not a list.
        """
        auth = privy_auth(conn)
        if isinstance(auth.refusal, ServiceUnavailable):
            return _UnknownScopes(auth.refusal), _UnknownUser(auth.refusal)
        if auth.user is None:
            return None
        return AuthCredentials(["authenticated", *self._scopes_of(auth.user)]), SignedInUser(auth.user)

    def _scopes_of(self, user: PrivyUser) -> Iterable[str]:
        scopes = returned(self._scopes(user), "scopes")
        # Each letter of a string would become a scope.
        if isinstance(scopes, str):
            raise ConfigurationError("scopes", "return a list of scopes, even for a single scope")
        return scopes
