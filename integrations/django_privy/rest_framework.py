"""Django REST framework: an authentication class and a permission, on what the middleware has found out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self, Unpack, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from django_privy.django_user import find_active, find_django_user, maps_users
from django_privy.parameters import in_request
from django_privy.principals import PrivyPrincipal
from django_privy.refusals import remember
from django_privy.request_attributes import find_auth, lookup_of
from privy_middleware import Condition, PrivyAuth, PrivyError, PrivyUser, condition
from privy_middleware.config import OnInvalid
from privy_middleware.errors import MissingToken, ServiceUnavailable
from privy_middleware.plugin import Answer, ConditionWords, Predicate, requirement

__all__ = ["PrivyAuthentication", "PrivyUserRequired", "Refused"]


class Refused(APIException):
    """A refusal for REST framework's own exception handler and renderers; ``error`` says why."""

    def __init__(self, error: PrivyError, answer: Answer | None = None) -> None:
        """Create it for a refusal; ``answer`` is what the core's gate answers, by default what any does."""
        answer = answer or Answer.to(error)
        super().__init__(detail=dict(answer.payload))
        headers = dict(answer.headers)
        self.error = error
        self.answer: Answer = answer
        self.status_code: int = answer.status
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
        """Return the challenge of a 401, which without it would become a 403; let no cache keep the answer."""
        missing = lookup_of(request._request).gate.answer(MissingToken())
        _keep_out_of_caches(request, missing)
        return dict(missing.headers)["WWW-Authenticate"]


def _optional(request: HttpRequest, auth: PrivyAuth, on_invalid: OnInvalid | None) -> PrivyUser | None:
    try:
        return auth.optional(on_invalid)
    except PrivyError as error:
        # An API answers a page's navigation, too, and sends it nowhere.
        refused = auth.refusal or error
        raise _refused(request, refused) from None


def _refused(request: HttpRequest, error: PrivyError) -> Refused:
    remember(request, error)
    return Refused(error, lookup_of(request).gate.answer(error))


def _principal(request: HttpRequest, user: PrivyUser) -> Any:
    if not maps_users():
        return PrivyPrincipal(user)
    django_user = find_django_user(request)
    if django_user is None:
        raise AuthenticationFailed(_("User inactive or deleted."))
    return django_user


def _keep_out_of_caches(request: Request, answer: Answer) -> None:
    view = request.parser_context.get("view")
    if view is not None:
        # They are added to its answer, whoever makes that.
        view.headers["Cache-Control"] = dict(answer.headers)["Cache-Control"]


class PrivyUserRequired(BasePermission):
    """Require a Privy user, with the answers that ``@require_privy_user`` gives; ``&``, ``|`` and ``~`` work as ever.

    ``PrivyUserRequired.where(wallet="ethereum")`` is the permission with a condition.
    """

    privy_condition: ClassVar[Condition | None] = None

    @classmethod
    def where(cls, *predicates: Predicate, **words: Unpack[ConditionWords]) -> type[Self]:
        """Return the permission class with a condition."""
        members = {"privy_condition": condition(*predicates, **words)}
        return cast("type[Self]", type(cls.__name__, (cls,), members))

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether there is a user who meets the condition.

        Raises:
            Refused: when our side cannot tell.
        """
        auth = find_active(request._request)
        try:
            requirement(self.privy_condition).check(auth, partial(in_request, request._request))
        except ServiceUnavailable as error:
            raise _refused(request._request, error) from None
        except PrivyError as error:
            if hasattr(view, "handle_exception"):
                _Answers.of(view).error = auth.refusal or (error if auth.user else MissingToken())
            return False
        return True


class _Answers:
    """Stand in for the ``handle_exception`` of one view, and give our answer where our permission is what denied.

    The permission cannot raise it by itself: in a combination another may grant what it does not. And REST framework
    asks what is combined for no message.
    """

    def __init__(self, view: Any) -> None:
        self.error: PrivyError | None = None
        self._view = view
        self._handle: Callable[[Exception], Any] = view.handle_exception

    @classmethod
    def of(cls, view: Any) -> _Answers:
        """Return the one of a view, which is made for a single request."""
        if not isinstance(view.handle_exception, cls):
            view.handle_exception = cls(view)
        return cast(_Answers, view.handle_exception)

    def __call__(self, exc: Exception) -> Any:
        """Return the response to an exception."""
        error = self._reason() if isinstance(exc, NotAuthenticated | PermissionDenied) else None
        if error is None:
            return self._handle(exc)
        request = self._view.request
        refused = _refused(request._request, error)
        _keep_out_of_caches(request, refused.answer)
        return self._handle(refused)

    def _reason(self) -> PrivyError | None:
        # Whatever raised it, what counts is which permission fails first, and whether one of ours in it does.
        for permission in self._view.get_permissions():
            self.error = None
            if not permission.has_permission(self._view.request, self._view):
                return self.error
        return None
