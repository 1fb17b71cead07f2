"""The mixin for view classes."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from django_privy.refusals import run
from privy_middleware import Condition, ConfigurationError
from privy_middleware.plugin import requirement, view_name

__all__ = ["PrivyUserRequiredMixin"]


class PrivyUserRequiredMixin:
    """Require a user for every method of a view class, sync or async; list it first among the bases.

    ``privy_condition`` is what the user must meet, as ``condition(wallet="ethereum")`` returns it.
    """

    privy_condition: ClassVar[Condition | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Require the mixin to come before what dispatches requests.

        Raises:
            ConfigurationError: when a view class comes first, which would answer everybody.
        """
        super().__init_subclass__(**kwargs)
        first = next(each for each in cls.__mro__ if each is PrivyUserRequiredMixin or each is View)
        if first is View:
            fix = "list PrivyUserRequiredMixin before the view class among its bases: else the view asks for no user"
            raise ConfigurationError(view_name(cls), fix)

    def get_privy_condition(self) -> Condition | None:
        """Return what the user must meet; override it for what depends on ``self.request`` or ``self.kwargs``."""
        return self.privy_condition

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the view's method for a user, else answer the refusal."""
        view: Any = super()
        dispatch = functools.partial(view.dispatch, request, *args, **kwargs)
        answer: HttpResponseBase = run(request, requirement(self.get_privy_condition()), dispatch)
        return answer
