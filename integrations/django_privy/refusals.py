"""The core's error responses as Django responses."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Self

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.template.response import TemplateResponse

from django_privy.authentication import maps_users
from django_privy.inactive_users import afind_active, find_active
from django_privy.parameters import in_request
from django_privy.request_attributes import lookup_of
from privy_middleware import PrivyAuth, PrivyError
from privy_middleware.errors import PageRedirect, ServiceUnavailable
from privy_middleware.plugin import PREFLIGHT_ANSWER, Answer, Rule, is_navigation, is_preflight

__all__ = ["Refusal", "RefusalPage", "aenter", "arun", "enter", "refuse", "run"]


class _Awaitable:
    """A response that can be awaited: Django awaits the result of the sync ``dispatch`` of an async view."""

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the response itself."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self


class Refusal(_Awaitable, HttpResponse):
    """An error response."""

    def __init__(self, answer: Answer) -> None:
        """Create the response from the core's error response."""
        super().__init__(answer.body, status=answer.status, headers=dict(answer.headers_with_length))


class RefusalPage(_Awaitable, TemplateResponse):
    """An error response with the project's template for the status, such as ``401.html``; Django renders it later."""

    def __init__(self, request: HttpRequest, error: PrivyError, answer: Answer) -> None:
        """Create the response; the template gets ``error.code``, ``error.message`` and ``login_url``.

        Raises:
            TemplateDoesNotExist: if the project has no template for the status.
        """
        template = get_template(f"{answer.status}.html")
        context = {
            "error": {"code": error.code, "message": error.message},
            "login_url": lookup_of(request).gate.settings.login_url,
        }
        # In an outage a context processor that uses ``request.user`` would fail, as in Django's own page for errors.
        given: Any = None if isinstance(error, ServiceUnavailable) else request
        headers = dict(answer.headers_for("text/html; charset=utf-8"))
        super().__init__(given, template, context, status=answer.status, headers=headers)


def refuse(request: HttpRequest, error: PrivyError) -> Refusal | RefusalPage:
    """Return the response for an error, and remember the error for the signal.

    Raises:
        PrivyError: the error itself, if it does not reject the request but reports a mistake, such as a wrong setting.
    """
    lookup = lookup_of(request)
    answer = lookup.refuse(error)
    if not isinstance(error, PageRedirect) and is_navigation(lookup.request):
        with suppress(TemplateDoesNotExist):
            return RefusalPage(request, error, answer)
    return Refusal(answer)


def enter(request: HttpRequest, rule: Rule) -> Refusal | RefusalPage | None:
    """Apply a rule to a request; return the error response, or ``None`` if the request passes.

    A CORS preflight never has credentials (WHATWG Fetch §3.2.2). It is not rejected, but the view, which expects a
    user, does not run for it: an empty response is returned, and a CORS middleware adds its headers to it.
    """
    if is_preflight(lookup_of(request).request):
        return Refusal(PREFLIGHT_ANSWER)
    return _apply(request, rule, find_active(request))


async def aenter(request: HttpRequest, rule: Rule) -> Refusal | RefusalPage | None:
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


def _apply(request: HttpRequest, rule: Rule, auth: PrivyAuth) -> Refusal | RefusalPage | None:
    try:
        rule.check(auth, partial(in_request, request))
    except PrivyError as error:
        return refuse(request, error)
    return None
