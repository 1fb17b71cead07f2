"""The mixin for view classes."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from django_privy.refusals import run
from privy_middleware import Condition, ConfigurationError
from privy_middleware.conditions import require_condition
from privy_middleware.plugin import Rule, requirement, view_name

__all__ = ["PrivyUserRequiredMixin"]


class PrivyUserRequiredMixin:
    """A mixin that requires a user for every method of a view class, sync or async; list it before the view class.

    Attributes:
        privy_condition: the condition that the user must meet, such as ``condition(wallet="ethereum")``, or ``None``.
        privy_rule: what the class requires, for tools that list the routes.
    """

    privy_condition: ClassVar[Condition | None] = None
    privy_rule: ClassVar[Rule] = requirement()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check that the mixin is listed before the view class.

        Raises:
            ConfigurationError: if the view class is listed first, so that the mixin would have no effect, or if
                ``privy_condition`` is not a condition.
        """
        super().__init_subclass__(**kwargs)
        if not isinstance(asked := inspect.getattr_static(cls, "privy_condition"), property):
            require_condition(asked, "privy_condition")
        fixed = (
            not isinstance(asked, property) and cls.get_privy_condition is PrivyUserRequiredMixin.get_privy_condition
        )
        cls.privy_rule = requirement(asked) if fixed else replace(requirement(), condition="decided by the view")
        first = next(each for each in cls.__mro__ if each is PrivyUserRequiredMixin or each is View)
        if first is View:
            fix = "list PrivyUserRequiredMixin before the view class: otherwise the view does not require a user"
            raise ConfigurationError(view_name(cls), fix)

    def get_privy_condition(self) -> Condition | None:
        """Return the condition; override this if it depends on ``self.request`` or ``self.kwargs``."""
        return self.privy_condition

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the view if the request passes; otherwise return the error response."""
        view: Any = super()
        dispatch = functools.partial(view.dispatch, request, *args, **kwargs)
        answer: HttpResponseBase = run(request, requirement(self.get_privy_condition()), dispatch)
        return answer
