"""django-ninja: ``NinjaAPI(auth=privy_auth())``, or ``auth=privy_auth(wallet="ethereum")`` for one operation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack

from django.http import HttpRequest
from ninja.utils import check_csrf

from django_privy.django_user import find_active
from django_privy.parameters import in_request
from django_privy.schemes import security_schemes
from privy_middleware import Condition, ConfigurationError, PrivyUser, condition
from privy_middleware.errors import CrossSiteRequest
from privy_middleware.plugin import ConditionWords, Predicate, requirement

__all__ = ["PrivyUserAuth", "privy_auth"]


class PrivyUserAuth:
    """Require a Privy user, who becomes ``request.auth``; the middleware answers refusals.

    For cookie tokens Django's CSRF check is made, as ninja's own cookie authentication does, unless ``csrf`` is false.
    """

    openapi_security_schema: dict[str, Any]

    def __init__(self, asked: Condition | None = None, *, csrf: bool = True) -> None:
        """Create it with the condition that the user must meet."""
        self._rule = requirement(asked)
        self._csrf = csrf

    def __call__(self, request: HttpRequest) -> PrivyUser:
        """Return the user.

        Raises:
            PrivyError: the refusal, which a handler of the API for its class may answer in another way.
        """
        auth = find_active(request)
        self._rule.check(auth, partial(in_request, request))
        exempt = getattr(request, "_ninja_csrf_exempt", not self._csrf)
        if not exempt and all(token.source == "cookie" for token in auth.tokens) and check_csrf(request):
            raise CrossSiteRequest("the CSRF token is missing or wrong")
        return auth.require()


def privy_auth(*predicates: Predicate, csrf: bool = True, **words: Unpack[ConditionWords]) -> Sequence[PrivyUserAuth]:
    """Return what ninja takes as ``auth``: one for each way in which a token may come, each with its own scheme.

    Raises:
        ConfigurationError: when ninja calls it with a request, since it was not called where the API is made.
    """
    if any(isinstance(each, HttpRequest) for each in predicates):
        raise ConfigurationError("privy_auth", "call it: auth=privy_auth()")
    asked = condition(*predicates, **words)
    return [_named(name, scheme)(asked, csrf=csrf) for name, scheme in security_schemes().items()]


def _named(name: str, scheme: dict[str, Any]) -> type[PrivyUserAuth]:
    # The class's name is the scheme's name in ninja's document.
    return type(name, (PrivyUserAuth,), {"openapi_security_schema": scheme})
