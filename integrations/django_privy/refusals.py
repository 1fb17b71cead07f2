"""The core's error responses as Django responses."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Self

from django.http import HttpRequest, HttpResponse

from django_privy.authentication import maps_users
from django_privy.inactive_users import afind_active, find_active
from django_privy.parameters import in_request
from django_privy.request_attributes import lookup_of
from privy_middleware import PrivyAuth, PrivyError
from privy_middleware.plugin import PREFLIGHT_ANSWER, Answer, Rule, is_preflight

__all__ = ["Refusal", "aenter", "arun", "enter", "refuse", "run"]


class Refusal(HttpResponse):
    """An error response, which can be awaited: Django awaits the result of the sync ``dispatch`` of an async view."""

    def __init__(self, answer: Answer) -> None:
        """Create the response from the core's error response."""
        super().__init__(answer.body, status=answer.status, headers=dict(answer.headers_with_length))

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the response itself."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self


def refuse(request: HttpRequest, error: PrivyError) -> Refusal:
    """Return the response for an error, and remember the error for the signal.

    Raises:
        PrivyError: the error itself, if it does not reject the request but reports a mistake, such as a wrong setting.
    """
    return Refusal(lookup_of(request).refuse(error))


def enter(request: HttpRequest, rule: Rule) -> Refusal | None:
    """Apply a rule to a request; return the error response, or ``None`` if the request passes.

    A CORS preflight never has credentials (WHATWG Fetch §3.2.2). It is not rejected, but the view, which expects a
    user, does not run for it: an empty response is returned, and a CORS middleware adds its headers to it.
    """
    if is_preflight(lookup_of(request).request):
        return Refusal(PREFLIGHT_ANSWER)
    return _apply(request, rule, find_active(request))


async def aenter(request: HttpRequest, rule: Rule) -> Refusal | None:
    """Apply a rule as ``enter`` does, without blocking the event loop."""
    if is_preflight(lookup_of(request).request):
        return Refusal(PREFLIGHT_ANSWER)
    return _apply(request, rule, await afind_active(request))


def run(request: HttpRequest, rule: Rule, view: Callable[[], Any]) -> Any:
    """Return the result of a view, or the error response.

    A view class with async methods has a sync ``dispatch`` that runs on the event loop. If the database must be queried
    there, the result is a coroutine, which Django awaits.
    """
    if maps_users() and _on_event_loop():
        return arun(request, rule, view)
    answer = enter(request, rule)
    return view() if answer is None else answer


async def arun(request: HttpRequest, rule: Rule, view: Callable[[], Any]) -> Any:
    """Return the same as ``run``; if the result of the view is awaitable, it is awaited."""
    refused = await aenter(request, rule)
    answer = view() if refused is None else refused
    return await answer if inspect.isawaitable(answer) else answer


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _apply(request: HttpRequest, rule: Rule, auth: PrivyAuth) -> Refusal | None:
    try:
        rule.check(auth, partial(in_request, request))
    except PrivyError as error:
        return refuse(request, error)
    return None
