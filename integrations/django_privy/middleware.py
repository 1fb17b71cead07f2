"""The middleware: ``django_privy.middleware.PrivyMiddleware``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeGuard

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_privy.authentication import attach_user
from django_privy.conf import PrivySettings
from django_privy.refusals import Refusal, RefusalPage, aenter, enter, refuse
from django_privy.request_adapter import is_asgi
from django_privy.request_attributes import DjangoLookup, attach
from django_privy.signals import event, request_refused, user_authenticated
from django_privy.signing_out import clear_privy_cookies
from privy_middleware import PrivyError
from privy_middleware.events import Event, RequestEvent
from privy_middleware.plugin import PRIVATE, Gate, has_content, merge_vary, requirement

__all__ = ["GetResponse", "PrivyMiddleware"]

GetResponse = Callable[[HttpRequest], Any]


class PrivyMiddleware:
    """The Django middleware that adds ``privy_user``, ``privy_auth`` and ``aprivy_user`` to every request.

    The token is verified when the user is first used. There is one exception under ASGI: if keys must be fetched first,
    the token is verified before the view, so that the view does not block the event loop. The middleware is sync or
    async, like the handler that it wraps. List it after ``AuthenticationMiddleware`` and ``CorsMiddleware``.

    Attributes:
        get_response: the next handler.
        settings: the current ``settings.PRIVY``.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: GetResponse) -> None:
        """Create the middleware and read the settings, so that a mistake in them is reported at startup.

        Raises:
            ConfigurationError: if a setting is wrong.
            KeysUnavailable: with ``FAIL_FAST``, if the keys cannot be fetched.
        """
        self.get_response = get_response
        self.settings: PrivySettings = PrivySettings()
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        self._watched: Gate | None = None
        if self._watch().settings.fail_fast:
            self.settings.gate.ready()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Return the response to a request."""
        return self._aserve(request) if self._is_async else self._serve(request)

    def _serve(self, request: HttpRequest) -> HttpResponseBase:
        lookup = self._attach(request)
        # Inside a middleware that is sync only, an async view still runs on the event loop.
        if is_asgi(request) and not lookup.settled():
            lookup.find()
        response: HttpResponseBase = _guard(request, lookup) or self.get_response(request)
        response = _settle(request, response, lookup)
        lookup.report()
        if _is_unrendered(response):
            response.render()
        for signal, news in _news(lookup):
            signal.send_robust(type(self), request=request, **news)
        return _complete(request, response, lookup)

    async def _aserve(self, request: HttpRequest) -> HttpResponseBase:
        lookup = self._attach(request)
        if not lookup.settled():
            await lookup.afind()
        response: HttpResponseBase = await _aguard(request, lookup) or await self.get_response(request)
        response = _settle(request, response, lookup)
        lookup.report()
        if _is_unrendered(response):
            # A template may query the database.
            await sync_to_async(response.render)()
        for signal, news in _news(lookup):
            await signal.asend_robust(type(self), request=request, **news)
        # The response is sent after this, so nothing may wait for a hook.
        await lookup.gate.reporter.deliver(patience=0)
        return _complete(request, response, lookup)

    def _watch(self) -> Gate:
        """Return the gate, after subscribing to its events, once for each gate."""
        gate = self.settings.gate
        if gate is not self._watched:
            reporter = gate.reporter
            if not self._is_async:
                reporter.require_sync()
            reporter.subscribe(_send, lambda: event.receivers)
            self._watched = gate
        return gate

    def _attach(self, request: HttpRequest) -> DjangoLookup:
        lookup = attach(request, self._watch())
        attach_user(request)
        return lookup

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return the error response if a view raised a ``PrivyError``, as ``request.privy_auth.require()`` does."""
        if isinstance(exception, PrivyError) and exception.status != PrivyError.status:
            return refuse(request, exception)
        return None


def _guard(request: HttpRequest, lookup: DjangoLookup) -> Refusal | RefusalPage | None:
    return enter(request, requirement()) if lookup.gate.guards(lookup.request) else None


async def _aguard(request: HttpRequest, lookup: DjangoLookup) -> Refusal | RefusalPage | None:
    return await aenter(request, requirement()) if lookup.gate.guards(lookup.request) else None


def _settle(request: HttpRequest, response: HttpResponseBase, lookup: DjangoLookup) -> HttpResponseBase:
    """Return the response, or the error response if another middleware used ``request.user`` during an outage.

    Django does not call ``process_exception`` for errors that a middleware raises: it returns a response with 500.
    """
    lookup.answered, outage = True, lookup.outage
    return response if outage is None or response.status_code != PrivyError.status else refuse(request, outage)


def _news(lookup: DjangoLookup) -> list[tuple[Signal, dict[str, Any]]]:
    """Return the signals to send about a request."""
    news: list[tuple[Signal, dict[str, Any]]] = []
    if user_authenticated.receivers and lookup.looked and lookup.auth is not None and lookup.auth.user is not None:
        news.append((user_authenticated, {"user": lookup.auth.user, "auth": lookup.auth}))
    if request_refused.receivers and lookup.refused is not None:
        news.append((request_refused, {"error": lookup.refused}))
    if lookup.events:
        news += ((event, {"event": each}) for each in lookup.events)
    return news


def _send(happened: Event) -> None:
    """Send an event that is not about a request; those about requests are sent with their responses."""
    if not isinstance(happened, RequestEvent):
        event.send_robust(PrivyMiddleware, event=happened)


def _is_unrendered(response: HttpResponseBase) -> TypeGuard[RefusalPage]:
    """Return whether the response is a page of ours that Django does not render, because no view has returned it."""
    return isinstance(response, RefusalPage) and not response.is_rendered


def _complete(request: HttpRequest, response: HttpResponseBase, lookup: DjangoLookup) -> HttpResponseBase:
    """Delete the cookies of a user who has signed out.

    Also add caching headers if the view used the user, or may still use it while it streams the response.
    """
    if lookup.signed_out:
        clear_privy_cookies(response, request)
    headers = response.headers
    streams = response.streaming and "Content-Length" not in headers and has_content(response.status_code)
    if lookup.looked or streams:
        headers["Vary"] = merge_vary((headers.get("Vary", ""),), lookup.gate.vary)
        if lookup.presented and "Cache-Control" not in headers:
            headers["Cache-Control"] = PRIVATE
    return response
