"""The core's answers as Django responses."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Self

from django.http import HttpRequest, HttpResponse

from django_privy.django_user import afind_active, find_active, maps_users
from django_privy.parameters import in_request
from django_privy.request_attributes import lookup_of
from privy_middleware import PrivyAuth, PrivyError
from privy_middleware.plugin import PREFLIGHT_ANSWER, Answer, Rule, is_preflight

__all__ = ["Refusal", "aenter", "arun", "enter", "refuse", "remember", "run"]


class Refusal(HttpResponse):
    """A response of ours, which can be awaited: Django awaits what the sync ``dispatch`` of an async view returns."""

    def __init__(self, answer: Answer) -> None:
        """Create it from the core's answer."""
        super().__init__(answer.body, status=answer.status, headers=dict(answer.headers_with_length))

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the response itself."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self


def refuse(request: HttpRequest, error: PrivyError) -> Refusal:
    """Return the answer to a refusal, and remember why it was given.

    Raises:
        PrivyError: the error itself, if it is not a refusal but a mistake in the app, such as a wrong setting.
    """
    answer = lookup_of(request).gate.answer(error)
    remember(request, error)
    return Refusal(answer)


def remember(request: HttpRequest, error: PrivyError) -> None:
    """Keep why a request was refused until the response is ready, when subscribers are told."""
    # The traceback would keep frames, and with them the request, alive.
    lookup_of(request).refused = error.with_traceback(None)


def enter(request: HttpRequest, rule: Rule) -> Refusal | None:
    """Apply a rule to a request; return the answer that refuses it, or ``None`` to go on.

    A CORS preflight carries no credentials by design (WHATWG Fetch §3.2.2). It is not refused, nor does it get into a
    view that was written to have a user: an empty answer is given, to which a CORS middleware adds its headers.
    """
    if is_preflight(lookup_of(request).request):
        return Refusal(PREFLIGHT_ANSWER)
    return _apply(request, rule, find_active(request))


async def aenter(request: HttpRequest, rule: Rule) -> Refusal | None:
    """Apply a rule as ``enter`` does, without ever blocking the event loop."""
    if is_preflight(lookup_of(request).request):
        return Refusal(PREFLIGHT_ANSWER)
    return _apply(request, rule, await afind_active(request))


def run(request: HttpRequest, rule: Rule, view: Callable[[], Any]) -> Any:
    """Return what a view returns, or the answer that refuses the request.

    On an event loop, where a view class with async methods is dispatched by a function that is not async, it is a
    coroutine if the database has to be asked: Django awaits either.
    """
    if maps_users() and _on_event_loop():
        return arun(request, rule, view)
    answer = enter(request, rule)
    return view() if answer is None else answer


async def arun(request: HttpRequest, rule: Rule, view: Callable[[], Any]) -> Any:
    """Return what ``run`` does, for a view whose result may have to be awaited."""
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
