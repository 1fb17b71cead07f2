"""django-ninja: ``NinjaAPI(auth=privy_auth())``, or ``auth=privy_auth(wallet="ethereum")`` for a single operation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack

from django.http import HttpRequest
from ninja.utils import check_csrf

from django_privy.inactive_users import find_active
from django_privy.parameters import in_request
from django_privy.request_attributes import lookup_of
from django_privy.schemes import security_schemes
from privy_middleware import Condition, ConfigurationError, PrivyError, PrivyUser, condition
from privy_middleware.errors import CrossSiteRequest
from privy_middleware.plugin import ConditionWords, Predicate, Rule, requirement

__all__ = ["PrivyUserAuth", "privy_auth"]


class PrivyUserAuth:
    """A security scheme that requires a Privy user; ``request.auth`` is the user.

    Like ninja's own cookie authentication, it runs Django's CSRF check for tokens in cookies, unless ``csrf`` is false.
    The error responses come from the middleware.

    Attributes:
        openapi_security_schema: the scheme in ninja's OpenAPI document.
        privy_rule: what it requires.
    """

    openapi_security_schema: dict[str, Any]
    privy_rule: Rule

    def __init__(self, asked: Condition | None = None, *, csrf: bool = True) -> None:
        """Create the scheme; ``asked`` is a condition that the user must meet.

        Raises:
            ConfigurationError: if ninja calls this class with a request: ``auth`` was the class, not ``privy_auth()``.
        """
        if isinstance(asked, HttpRequest):
            raise ConfigurationError("privy_auth", "call it: auth=privy_auth()")
        self.privy_rule = requirement(asked)
        self._csrf = csrf

    def __call__(self, request: HttpRequest) -> PrivyUser:
        """Return the user.

        Raises:
            PrivyError: if the request is rejected; exception handlers of the API can handle it.
        """
        try:
            return self._user_of(request)
        except PrivyError as error:
            # A handler of the API may answer it.
            lookup_of(request).remember(error)
            raise

    def _user_of(self, request: HttpRequest) -> PrivyUser:
        auth = find_active(request)
        self.privy_rule.check(auth, partial(in_request, request))
        exempt = getattr(request, "_ninja_csrf_exempt", not self._csrf)
        if not exempt and all(token.source == "cookie" for token in auth.tokens) and check_csrf(request):
            raise CrossSiteRequest("The token is in a cookie, and Django's CSRF token is missing or wrong.")
        return auth.require()


def privy_auth(*predicates: Predicate, csrf: bool = True, **words: Unpack[ConditionWords]) -> Sequence[PrivyUserAuth]:
    """Return the ``auth`` argument of an API or an operation: one security scheme for each header and cookie.

    Raises:
        ConfigurationError: if ninja calls this function with a request, because ``privy_auth`` was passed uncalled.
    """
    if any(isinstance(each, HttpRequest) for each in predicates):
        raise ConfigurationError("privy_auth", "call it: auth=privy_auth()")
    asked = condition(*predicates, **words)
    return [_named(name, scheme)(asked, csrf=csrf) for name, scheme in security_schemes().items()]


def _named(name: str, scheme: dict[str, Any]) -> type[PrivyUserAuth]:
    # ninja uses the name of the class as the name of the scheme in its OpenAPI document.
    return type(name, (PrivyUserAuth,), {"openapi_security_schema": scheme})
