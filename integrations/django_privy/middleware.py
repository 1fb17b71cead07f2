"""The middleware: ``django_privy.middleware.PrivyMiddleware``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_privy.conf import PrivySettings
from django_privy.django_user import attach_user
from django_privy.refusals import Refusal, aenter, enter, refuse
from django_privy.request_adapter import is_asgi
from django_privy.request_attributes import DjangoLookup, attach
from django_privy.signals import request_refused, user_authenticated
from privy_middleware import PrivyError
from privy_middleware.plugin import PRIVATE, has_content, merge_vary, requirement

__all__ = ["GetResponse", "PrivyMiddleware"]

GetResponse = Callable[[HttpRequest], Any]


class PrivyMiddleware:
    """Give every request its Privy user, sync or async as the handler around it is.

    A token is verified when the user is first looked at. Only where that would mean to wait for keys on the event loop
    it is done before the view. List it after ``AuthenticationMiddleware`` and ``CorsMiddleware``.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: GetResponse) -> None:
        """Take the next handler; read the settings, so that a wrong one stops the start.

        Raises:
            ConfigurationError: when a setting is wrong.
            KeysUnavailable: with ``FAIL_FAST``, when the keys cannot be had.
        """
        self.get_response = get_response
        self.settings: PrivySettings = PrivySettings()
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        if self.settings.gate.settings.fail_fast:
            self.settings.gate.ready()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve one request."""
        return self._aserve(request) if self._is_async else self._serve(request)

    def _serve(self, request: HttpRequest) -> HttpResponseBase:
        lookup = self._attach(request)
        # Behind a middleware that is sync only, an async view still runs on the event loop.
        if is_asgi(request) and not lookup.settled():
            lookup.find()
        response: HttpResponseBase = _guard(request, lookup) or self.get_response(request)
        response = _settle(request, response, lookup)
        for signal, news in _news(lookup):
            signal.send(type(self), request=request, **news)
        return _tell_caches(response, lookup)

    async def _aserve(self, request: HttpRequest) -> HttpResponseBase:
        lookup = self._attach(request)
        if not lookup.settled():
            await lookup.afind()
        response: HttpResponseBase = await _aguard(request, lookup) or await self.get_response(request)
        response = _settle(request, response, lookup)
        for signal, news in _news(lookup):
            await signal.asend(type(self), request=request, **news)
        return _tell_caches(response, lookup)

    def _attach(self, request: HttpRequest) -> DjangoLookup:
        lookup = attach(request, self.settings.gate)
        attach_user(request)
        return lookup

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a refusal that a view has raised, such as ``request.privy_auth.require()`` does."""
        if isinstance(exception, PrivyError) and exception.status != PrivyError.status:
            return refuse(request, exception)
        return None


def _guard(request: HttpRequest, lookup: DjangoLookup) -> Refusal | None:
    return enter(request, requirement()) if lookup.gate.guards(lookup.request) else None


async def _aguard(request: HttpRequest, lookup: DjangoLookup) -> Refusal | None:
    return await aenter(request, requirement()) if lookup.gate.guards(lookup.request) else None


def _settle(request: HttpRequest, response: HttpResponseBase, lookup: DjangoLookup) -> HttpResponseBase:
    """Return the response, or the answer to an outage that a middleware met with when it looked at ``request.user``.

    What a middleware raises, unlike a view, no other is asked about: Django has made its own answer to a fault of it.
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
    return news


def _tell_caches(response: HttpResponseBase, lookup: DjangoLookup) -> HttpResponseBase:
    """Add what caches must know if the view looked at the user, or may still do so while it streams its response."""
    headers = response.headers
    streams = response.streaming and "Content-Length" not in headers and has_content(response.status_code)
    if lookup.looked or streams:
        headers["Vary"] = merge_vary((headers.get("Vary", ""),), lookup.gate.vary)
        if lookup.presented and "Cache-Control" not in headers:
            headers["Cache-Control"] = PRIVATE
    return response
