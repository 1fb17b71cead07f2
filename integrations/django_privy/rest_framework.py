"""Django REST framework: an authentication class and a permission, on what the middleware has found out."""

from __future__ import annotations

from typing import Any, ClassVar, Self, Unpack, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from django_privy.principals import PrivyPrincipal
from django_privy.refusals import remember, requirement
from django_privy.requests import find_auth
from django_privy.users import find_django_user, maps_users
from privy_middleware import Condition, PrivyAuth, PrivyError, PrivyUser, condition
from privy_middleware.conditions import ConditionWords, Predicate
from privy_middleware.config import OnInvalid
from privy_middleware.errors import MissingToken

__all__ = ["PrivyAuthentication", "PrivyUserRequired", "Refused"]


class Refused(APIException):
    """Answer a refusal through REST framework's own exception handler and renderers; ``error`` says why."""

    def __init__(self, error: PrivyError) -> None:
        """Take the refusal."""
        super().__init__(detail=dict(error.payload))
        headers = dict(error.headers)
        self.error = error
        self.status_code: int = error.status
        self.auth_header: str | None = headers.get("WWW-Authenticate")
        self.wait: int = int(headers.get("Retry-After", "0"))


class PrivyAuthentication(BaseAuthentication):
    """Authenticate by Privy token: ``request.user`` is the Django user, or a ``PrivyPrincipal`` where there are none.

    ``request.auth`` is the ``PrivyAuth``. A token that does not verify is refused, or with ``on_invalid = "anonymous"``
    in a subclass counts as none. For cookie tokens Django's CSRF check is made, as ``SessionAuthentication`` does.
    """

    on_invalid: ClassVar[OnInvalid | None] = None

    def authenticate(self, request: Request) -> tuple[Any, PrivyAuth] | None:
        """Return the user and what is known about the request, ``None`` without a token.

        Raises:
            Refused: when the token is refused.
            PermissionDenied: when Django's CSRF check fails.
            AuthenticationFailed: when the Django user is inactive.
        """
        auth = find_auth(request._request)
        user = _optional(request._request, auth, self.on_invalid)
        if user is None:
            return None
        if all(token.source == "cookie" for token in auth.tokens):
            SessionAuthentication().enforce_csrf(request)
        return _principal(request._request, user), auth

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401, which without it would become a 403."""
        return dict(MissingToken().headers)["WWW-Authenticate"]


def _optional(request: HttpRequest, auth: PrivyAuth, on_invalid: OnInvalid | None) -> PrivyUser | None:
    try:
        return auth.optional(on_invalid)
    except PrivyError as error:
        # An API answers a page's navigation, too, and sends it nowhere.
        refused = auth.refusal or error
        remember(request, refused)
        raise Refused(refused) from None


def _principal(request: HttpRequest, user: PrivyUser) -> Any:
    if not maps_users():
        return PrivyPrincipal(user)
    django_user = find_django_user(request)
    if django_user is None:
        raise AuthenticationFailed(_("User inactive or deleted."))
    return django_user


class PrivyUserRequired(BasePermission):
    """Require a Privy user, with the answers that ``@require_privy_user`` gives.

    ``PrivyUserRequired.where(wallet="ethereum")`` is the permission with a condition.
    """

    privy_condition: ClassVar[Condition | None] = None

    @classmethod
    def where(cls, *predicates: Predicate, **words: Unpack[ConditionWords]) -> type[Self]:
        """Return the permission class with a condition."""
        members = {"privy_condition": condition(*predicates, **words)}
        return cast("type[Self]", type(cls.__name__, (cls,), members))

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say yes, or refuse.

        Raises:
            Refused: when there is no user, or the condition is not met.
        """
        auth = find_auth(request._request)
        try:
            requirement(self.privy_condition)(auth, request._request)
        except PrivyError as error:
            refused = auth.refusal or (error if auth.user else MissingToken())
            remember(request._request, refused)
            raise Refused(refused) from None
        return True
