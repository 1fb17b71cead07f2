"""Django REST framework: an authentication class and a permission class, which use the result of the middleware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NoReturn, Self, Unpack, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from django_privy.authentication import find_django_user, maps_users
from django_privy.inactive_users import find_active
from django_privy.parameters import in_request
from django_privy.principals import PrivyPrincipal
from django_privy.request_attributes import find_auth, lookup_of
from privy_middleware import Condition, ConfigurationError, PrivyAuth, PrivyError, PrivyUser, condition
from privy_middleware.config import OnInvalid
from privy_middleware.errors import MissingToken, ServiceUnavailable
from privy_middleware.plugin import Answer, ConditionWords, Predicate, Rule, requirement

__all__ = ["PrivyAuthentication", "PrivyUserRequired", "Refused"]


class Refused(APIException):
    """The exception of a rejected request, for REST framework's exception handler and renderers.

    Attributes:
        error: the original error.
        answer: the error response.
        status_code: the status of the error response.
        auth_header: the value of ``WWW-Authenticate``, or ``None``.
        wait: the value of ``Retry-After`` in seconds, or 0.
    """

    def __init__(self, error: PrivyError, answer: Answer | None = None) -> None:
        """Create the exception for an error; ``answer`` is the error response, by default that of ``error``."""
        answer = answer or Answer.to(error)
        payload: Any = answer.payload
        super().__init__(detail=dict(payload))
        # REST framework makes text of every value, also of the status in a problem.
        numbers = {name: value for name, value in answer.payload.items() if isinstance(value, int)}
        self.detail: Any = {**cast("dict[str, Any]", self.detail), **numbers}
        headers = dict(answer.headers)
        self.error = error
        self.answer: Answer = answer
        self.status_code: int = answer.status
        self.auth_header: str | None = headers.get("WWW-Authenticate")
        self.wait: int = int(headers.get("Retry-After", "0"))


class PrivyAuthentication(BaseAuthentication):
    """Authentication with the Privy token that the middleware verified.

    ``request.user`` is the Django user, or a ``PrivyPrincipal`` without ``django_privy.accounts``. ``request.auth`` is
    the ``PrivyAuth``. Django's CSRF check applies to tokens in cookies, as in ``SessionAuthentication``.

    Attributes:
        on_invalid: set it in a subclass: ``"reject"`` rejects an invalid token, with ``"anonymous"`` it counts as no
            token. ``None`` means the setting ``PRIVY["ON_INVALID"]``.
    """

    on_invalid: ClassVar[OnInvalid | None] = None

    def authenticate(self, request: Request) -> tuple[Any, PrivyAuth] | None:
        """Return the user and the ``PrivyAuth``, or ``None`` without a token.

        Raises:
            Refused: if the token is rejected.
            PermissionDenied: if Django's CSRF check fails.
            AuthenticationFailed: if the Django user is inactive.
        """
        auth = find_auth(request._request)
        user = _optional(request, auth, self.on_invalid)
        if user is None:
            return None
        if all(token.source == "cookie" for token in auth.tokens):
            SessionAuthentication().enforce_csrf(request)
        return _principal(request._request, user), auth

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge for a 401; also sets ``Cache-Control``. Without a challenge the status would be 403."""
        missing = lookup_of(request._request).gate.answer(MissingToken())
        _keep_out_of_caches(request, missing)
        return dict(missing.headers)["WWW-Authenticate"]


def _optional(request: Request, auth: PrivyAuth, on_invalid: OnInvalid | None) -> PrivyUser | None:
    try:
        if auth.redirect is not None or auth.page:
            # An API never redirects, even for navigation in a browser.
            auth = replace(auth, redirect=None, page="")
        return auth.optional(on_invalid)
    except PrivyError as error:
        raise _refused(request, error) from None


def _refused(request: Request, error: PrivyError) -> Refused:
    answer = lookup_of(request._request).refuse(error)
    renderer: Any = getattr(request, "accepted_renderer", None)
    if "status" in answer.payload and isinstance(renderer, JSONRenderer):
        problem = {"media_type": "application/problem+json"}
        vars(request)["accepted_renderer"] = type(type(renderer).__name__, (type(renderer),), problem)()
    return Refused(error, answer)


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
        # REST framework adds these headers to the response of the view, including error responses.
        view.headers["Cache-Control"] = dict(answer.headers)["Cache-Control"]


class PrivyUserRequired(BasePermission):
    """A permission that requires a Privy user; the error responses are those of ``@require_privy_user``.

    ``PrivyUserRequired.where(wallet="ethereum")`` is the permission with a condition. It can be combined with other
    permissions with ``&``, ``|`` and ``~``.

    Attributes:
        privy_condition: the condition that the user must meet, or ``None``.
        privy_rule: what the class requires, for tools that list the routes.
    """

    privy_condition: ClassVar[Condition | None] = None
    privy_rule: ClassVar[Rule] = requirement()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Set the rule of a subclass.

        Raises:
            ConfigurationError: if ``privy_condition`` is not a condition.
        """
        super().__init_subclass__(**kwargs)
        cls.privy_rule = requirement(cls.privy_condition)

    @classmethod
    def where(cls, *predicates: Predicate, **words: Unpack[ConditionWords]) -> type[Self]:
        """Return a subclass with a condition.

        Raises:
            ConfigurationError: if there is no condition, or a wrong one; also if ``where`` itself is listed as a
                permission, because REST framework calls it then.
        """
        if not predicates and not words:
            fix = 'give a condition, as in PrivyUserRequired.where(wallet="ethereum"), or list PrivyUserRequired itself'
            raise ConfigurationError("where", fix)
        members = {"privy_condition": condition(*predicates, **words)}
        return cast("type[Self]", type(cls.__name__, (cls,), members))

    def __call__(self) -> NoReturn:
        """Raise an error: REST framework calls the permissions of a view, which must be classes."""
        raise ConfigurationError("permission_classes", "list the class PrivyUserRequired, not an instance of it")

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether there is a user who meets the condition.

        Raises:
            Refused: if the token cannot be verified at the moment.
        """
        auth = find_active(request._request)
        try:
            requirement(self.privy_condition).check(auth, partial(in_request, request._request))
        except ServiceUnavailable as error:
            raise _refused(request, error) from None
        except PrivyError as error:
            if hasattr(view, "handle_exception"):
                _Answers.of(view).error = auth.refusal or (error if auth.user else MissingToken())
            return False
        return True


class _Answers:
    """A replacement for the ``handle_exception`` of a view that returns our error response if our permission failed.

    The permission cannot raise the error itself, because in a combination another permission may grant access. And REST
    framework does not use the message of a combined permission.
    """

    def __init__(self, view: Any) -> None:
        self.error: PrivyError | None = None
        self._view = view
        self._handle: Callable[[Exception], Any] = view.handle_exception

    @classmethod
    def of(cls, view: Any) -> _Answers:
        """Return the replacement in a view, which is created for each request; installs it if necessary."""
        if not isinstance(view.handle_exception, cls):
            view.handle_exception = cls(view)
        return cast(_Answers, view.handle_exception)

    def __call__(self, exc: Exception) -> Any:
        """Return the response to an exception."""
        error = self._reason() if isinstance(exc, NotAuthenticated | PermissionDenied) else None
        if error is None:
            return self._handle(exc)
        request = self._view.request
        refused = _refused(request, error)
        _keep_out_of_caches(request, refused.answer)
        return self._handle(refused)

    def _reason(self) -> PrivyError | None:
        # The response depends only on the first permission that fails, and on whether it contains one of ours.
        for permission in self._view.get_permissions():
            self.error = None
            if not permission.has_permission(self._view.request, self._view):
                return self.error
        return None
