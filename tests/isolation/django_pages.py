"""The same small app in Django: views for WSGI, and below ``/async`` for ASGI."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path

from django_privy import PrivyHttpRequest, require_privy_user
from tests.isolation.apps import LATER, id_of

_ENDS = (",", ",", "]")


def who(request: PrivyHttpRequest) -> JsonResponse:
    """Report the user."""
    first = id_of(request.privy_user)
    time.sleep(0)
    return JsonResponse([first, id_of(request.privy_user), id_of(request.privy_auth.user)], safe=False)


async def awho(request: PrivyHttpRequest) -> JsonResponse:
    """Report the user."""
    first = id_of(await request.aprivy_user())
    await asyncio.sleep(0)
    return JsonResponse([first, id_of(await request.aprivy_user()), id_of(request.privy_auth.user)], safe=False)


def stream(request: PrivyHttpRequest) -> StreamingHttpResponse:
    """Report the user in a stream."""

    def parts() -> Iterator[str]:
        yield "["
        yield from (json.dumps(id_of(request.privy_user)) + end for end in _ENDS)

    return StreamingHttpResponse(parts())


async def astream(request: PrivyHttpRequest) -> StreamingHttpResponse:
    """Report the user in a stream."""

    async def parts() -> AsyncIterator[str]:
        yield "["
        for end in _ENDS:
            await asyncio.sleep(0)
            yield json.dumps(id_of(request.privy_user)) + end

    return StreamingHttpResponse(parts())


def _remember(request: PrivyHttpRequest) -> None:
    LATER.append((request.headers["X-Marker"], id_of(request.privy_user)))


def later(request: PrivyHttpRequest) -> JsonResponse:
    """Report the user in a thread."""
    thread = threading.Thread(target=_remember, args=(request,))
    thread.start()
    thread.join()
    return who(request)


async def alater(request: PrivyHttpRequest) -> JsonResponse:
    """Report the user in a task."""

    async def remember() -> None:
        await asyncio.sleep(0)
        _remember(request)

    await asyncio.create_task(remember())
    return await awho(request)


def crash(request: HttpRequest) -> JsonResponse:
    """Raise an error."""
    raise LookupError


async def acrash(request: HttpRequest) -> JsonResponse:
    """Raise an error."""
    raise LookupError


urlpatterns = [
    path("who", who),
    path("me", require_privy_user(who)),
    path("stream", stream),
    path("thread", who),
    path("later", later),
    path("crash", crash),
    path("async/who", awho),
    path("async/me", require_privy_user(awho)),
    path("async/stream", astream),
    path("async/thread", who),
    path("async/later", alater),
    path("async/crash", acrash),
]
