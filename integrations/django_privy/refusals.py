"""The core's answers as Django responses."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any, Self, TypeAlias

from django.http import HttpRequest, HttpResponse

from django_privy.parameters import in_request
from django_privy.requests import lookup_of
from django_privy.users import afind_active, find_active, maps_users
from privy_middleware import Condition, PrivyAuth, PrivyError
from privy_middleware.gate import PREFLIGHT_HEADERS, PREFLIGHT_STATUS, is_preflight

__all__ = ["Answer", "Rule", "aenter", "arun", "enter", "refuse", "remember", "requirement", "run"]

Rule: TypeAlias = Callable[[PrivyAuth, HttpRequest], object]


class Answer(HttpResponse):
    """A response that can be awaited too: Django awaits what the sync ``dispatch`` of an async view class returns."""

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the response itself."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self


def refuse(request: HttpRequest, error: PrivyError) -> Answer:
    """Return the answer that a refusal carries, and remember why it was given.

    Raises:
        PrivyError: when it is none of a client's business, such as a wrong setting.
    """
    if error.status == PrivyError.status:
        raise error
    remember(request, error)
    headers = {**dict(error.headers), "Content-Length": str(len(error.body))}
    return Answer(error.body, status=error.status, headers=headers)


def remember(request: HttpRequest, error: PrivyError) -> None:
    """Keep why a request was refused until the response is ready, when subscribers are told."""
    # The traceback would keep frames, and with them the request, alive.
    lookup_of(request).refused = error.with_traceback(None)


def requirement(condition: Condition | None) -> Rule:
    """Return the rule that there is a user, who meets the condition."""

    def rule(auth: PrivyAuth, request: HttpRequest) -> None:
        # Nothing of the body is read before the user is known.
        auth.require()
        if condition is not None:
            auth.require(condition, in_request(request, condition.parameters))

    return rule


def enter(request: HttpRequest, rule: Rule) -> Answer | None:
    """Apply a rule to a request; return the answer that refuses it, or ``None`` to go on.

    A CORS preflight carries no credentials by design (WHATWG Fetch §3.2.2). It is not refused, nor does it get into a
    view that was written to have a user: an empty answer is given, to which a CORS middleware adds its headers.
    """
    if is_preflight(lookup_of(request).request):
        return _preflight_answer()
    return _apply(request, rule, find_active(request))


async def aenter(request: HttpRequest, rule: Rule) -> Answer | None:
    """Apply a rule as ``enter`` does, without ever blocking the event loop."""
    if is_preflight(lookup_of(request).request):
        return _preflight_answer()
    return _apply(request, rule, await afind_active(request))


def _preflight_answer() -> Answer:
    return Answer(status=PREFLIGHT_STATUS, headers=dict(PREFLIGHT_HEADERS))


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


def _apply(request: HttpRequest, rule: Rule, auth: PrivyAuth) -> Answer | None:
    try:
        rule(auth, request)
    except PrivyError as error:
        return refuse(request, error)
    return None
