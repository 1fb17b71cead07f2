"""What every webhook endpoint does with a request: verify it, drop cached users, and call the app's functions."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import anyio

from privy_middleware.callbacks import is_async, returned
from privy_middleware.config import RequestSettings
from privy_middleware.errors import ConfigurationError, InvalidWebhook, WebhookMethod, WebhookTooLarge
from privy_middleware.events import WebhookAccepted, WebhookRefused
from privy_middleware.loader.loader import UserLoader
from privy_middleware.reporting import Reporter
from privy_middleware.settings.hints import known_keywords
from privy_middleware.webhooks.verifier import Headers, WebhookEvent, WebhookVerifier

__all__ = ["OnDeleted", "OnEvent", "WebhookAnswer", "WebhookReceiver"]

OnEvent: TypeAlias = Callable[[WebhookEvent], None] | Callable[[WebhookEvent], Awaitable[None]]
OnDeleted: TypeAlias = Callable[[str], None] | Callable[[str], Awaitable[None]]
_Call: TypeAlias = tuple[str, Callable[[Any], Any], WebhookEvent | str]

_ASYNC = "an async function, or one whose answer must be awaited, needs an async endpoint: give a plain function"


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The answer to a webhook."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-store"),)
    body: bytes = b""


class WebhookReceiver:
    """Verify webhooks, drop their users from the loader's cache, and call the functions of the app, in this order.

    Exceptions of these functions are not caught: the server answers 500, and Svix delivers the event again.
    """

    max_bytes = 1 << 20

    @known_keywords('is not an argument; secrets comes first, as in "whsec_…"')
    def __init__(
        self,
        secrets: str | Sequence[str],
        *,
        users: UserLoader | None = None,
        on_event: OnEvent | None = None,
        on_deleted: OnDeleted | None = None,
        clock: Callable[[], float] = time.time,
        config: RequestSettings | None = None,
    ) -> None:
        """Set the signing key or keys of the endpoint, the loader, and the functions, which may be sync or async.

        ``on_event`` is called with each event, ``on_deleted`` with the id of each user that no longer exists. The
        ``on_event`` of ``config`` is told whether webhooks were accepted; by default that of the loader is.

        Raises:
            ConfigurationError: if an argument is wrong, naming it and the fix.
        """
        self._verifier = WebhookVerifier(secrets, clock=clock)
        if users is not None and not isinstance(users, UserLoader):
            raise ConfigurationError("users", "give the UserLoader of the app, or leave it out")
        self._users = users
        known = config or (users and users.config)
        self._reporter = known.reporter if known else Reporter()
        functions = {"on_event": on_event, "on_deleted": on_deleted}
        for name, function in functions.items():
            if function is not None and not callable(function):
                raise ConfigurationError(name, "give a function, or leave it out")
        self._on_event = on_event
        self._on_deleted = on_deleted
        self._async_fields = [name for name, function in functions.items() if is_async(function)]
        self.is_async: bool = bool(self._async_fields)

    def require_sync(self) -> None:
        """Check that no function is async.

        Raises:
            ConfigurationError: if one is.
        """
        for name in self._async_fields:
            raise ConfigurationError(name, _ASYNC)

    def receive(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer:
        """Handle one request, whose ``body`` is ``None`` if it is too long, and return the answer.

        Raises:
            ConfigurationError: if a function is async, or returns something to await.
        """
        self.require_sync()
        calls = self._calls(method, headers, body)
        if isinstance(calls, WebhookAnswer):
            return calls
        for name, function, argument in calls:
            returned(function(argument), name, _ASYNC)
        return WebhookAnswer()

    async def areceive(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer:
        """Handle one request without blocking the event loop: sync functions run in a thread."""
        calls = self._calls(method, headers, body)
        if isinstance(calls, WebhookAnswer):
            return calls
        for name, function, argument in calls:
            if name in self._async_fields:
                await function(argument)
                continue
            answer = await anyio.to_thread.run_sync(function, argument)
            if inspect.isawaitable(answer):
                await answer
        return WebhookAnswer()

    def accepts(self, content_length: str | int | None) -> bool:
        """Return whether a body with this ``Content-Length`` is to be read; one without it is not."""
        text = "" if content_length is None else str(content_length)
        return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= self.max_bytes

    def _calls(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer | list[_Call]:
        """Return the functions to call and their arguments, or the answer if it is not a webhook from Privy."""
        try:
            if method != "POST":
                raise WebhookMethod
            if body is None:
                raise WebhookTooLarge
            event = self._verifier.verify(headers, body)
        except InvalidWebhook as error:
            self._reporter.report(WebhookRefused(error=error.without_traces()))
            length = ("Content-Length", str(len(error.body)))
            return WebhookAnswer(error.status, (*error.headers, length), error.body)
        self._reporter.report(WebhookAccepted(id=event.id, type=event.type))
        if self._users is not None:
            for user_id in event.user_ids:
                self._users.invalidate(user_id)
        calls: list[_Call] = []
        if self._on_deleted is not None:
            calls += [("on_deleted", self._on_deleted, user_id) for user_id in event.deleted_user_ids]
        if self._on_event is not None:
            calls.append(("on_event", self._on_event, event))
        return calls
