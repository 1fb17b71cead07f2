"""What happened, as typed objects: one event for each decision about a request, and for each change of the keys.

``on_event`` of the settings, the signals of Flask and Django, the log and OpenTelemetry get the same objects. Names and
fields are stable: later versions only add to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from privy_middleware.errors import ConditionNotMet, PrivyError

__all__ = [
    "Anonymous",
    "Authenticated",
    "Event",
    "KeysChanged",
    "KeysEvent",
    "KeysFailed",
    "KeysFetched",
    "KeysStale",
    "OnEvent",
    "Refused",
    "RequestEvent",
    "RevocationsFailed",
    "RevocationsRecovered",
    "Revoked",
    "SharedKeysRejected",
    "UserLoadFailed",
    "UserLoaded",
    "WebhookAccepted",
    "WebhookRefused",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all events.

    Attributes:
        at: when it happened, in Unix seconds.
    """

    at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent(Event):
    """A decision about a request; there is one for each request, and another one if a WebSocket is closed later.

    Attributes:
        method: the method, ``"WEBSOCKET"`` for a WebSocket.
        route: the template of the route, such as ``/users/{id}``, if the framework has matched one.
        path: the path without the query, as it was sent, with long parts left out.
        request: the request: the ASGI scope, the WSGI environ, or Django's request. It contains the tokens.
    """

    method: str
    route: str | None = None
    path: str = field(default="", repr=False)
    request: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated(RequestEvent):
    """The request has a verified user, and was not refused.

    Attributes:
        user_id: the user's id.
        issuer: the issuer of the token.
        kind: the kind of the first token, the identity token if there are two.
        source: where the token was, ``"header"`` or ``"cookie"``.
    """

    user_id: str = field(repr=False)
    issuer: str | None = None
    kind: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous(RequestEvent):
    """The request has no token, and none is required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(RequestEvent):
    """The request was refused, or its token is bad although the app serves the request without a user.

    Attributes:
        error: the error, with the reason for the developer; for a redirect to a login page, that of the bad token.
        answer: the error that the client was answered with, ``None`` if the app served the request.
    """

    error: PrivyError
    answer: PrivyError | None = None

    @property
    def code(self) -> str:
        """Return the stable code of the error, such as ``"token_expired"``."""
        return self.error.code

    @property
    def reason(self) -> str:
        """Return the reason, a sentence for the developer."""
        return self.error.detail

    @property
    def condition(self) -> str | None:
        """Return the condition that was not met, in words."""
        return self.error.condition if isinstance(self.error, ConditionNotMet) else None

    @property
    def kind(self) -> str | None:
        """Return the kind of the token that was refused."""
        return self.error.kind

    @property
    def source(self) -> str | None:
        """Return where the token was that was refused, ``"header"`` or ``"cookie"``."""
        return self.error.source

    @property
    def status(self) -> int | None:
        """Return the status of the answer, ``None`` if the app served the request."""
        return None if self.answer is None else self.answer.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Refused):
    """The token is valid, but the app has revoked it: by the setting ``revocations`` or ``is_revoked``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysEvent(Event):
    """The base of the events about the keys of a URL.

    Attributes:
        url: the URL.
    """

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysFetched(KeysEvent):
    """Keys were fetched from the URL or from the shared cache.

    Attributes:
        count: how many usable keys there are.
        fresh_for: how many seconds they are fresh.
    """

    count: int
    fresh_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysChanged(KeysEvent):
    """The fetched keys are others than before: the issuer has rotated them.

    Attributes:
        added: how many keys are new.
        removed: how many keys are gone, whose tokens are no longer accepted.
    """

    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysFailed(KeysEvent):
    """Keys could not be fetched.

    Attributes:
        reason: the problem.
        retry_in: after how many seconds the next attempt may start.
        usable_for: how many seconds the last keys can still be used, 0 if there are none.
    """

    reason: str
    retry_in: float
    usable_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysStale(KeysEvent):
    """A token was verified with keys that are no longer fresh; there is one event until the next fetch.

    Attributes:
        usable_for: how many seconds the keys can still be used.
    """

    usable_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKeysRejected(KeysEvent):
    """An entry of the shared key cache is not signed with ``key_cache_secret``, and was ignored.

    Either its writer does not have the secret, or the workers do not all have the same one.

    Attributes:
        reason: the problem.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationsFailed(Event):
    """The store of revocations cannot be reached; there is one event for each outage.

    Attributes:
        reason: the problem.
        refusing: whether requests with a token are refused (503) until the store can be reached again.
    """

    reason: str
    refusing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationsRecovered(Event):
    """The store of revocations can be reached again, and everything that was revoked in the meantime is known.

    Attributes:
        after: for how many seconds it could not be reached.
    """

    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAccepted(Event):
    """A webhook was verified.

    Attributes:
        id: the event's id.
        type: the event's type, such as ``user.created``.
    """

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRefused(Event):
    """A request to the webhook endpoint is not a webhook from Privy.

    Attributes:
        error: the error, with the reason.
    """

    error: PrivyError

    @property
    def code(self) -> str:
        """Return the stable code of the error."""
        return self.error.code


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLoaded(Event):
    """A user was loaded from the REST API or by ``load_user``; users from the cache cause no event.

    Attributes:
        app_id: the app.
        user_id: the user's id.
        found: whether there is such a user.
    """

    app_id: str
    user_id: str = field(repr=False)
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLoadFailed(Event):
    """A user could not be loaded.

    Attributes:
        app_id: the app.
        reason: the problem.
        retry_in: after how many seconds it makes sense to try again.
    """

    app_id: str
    reason: str
    retry_in: float


OnEvent: TypeAlias = Callable[[Event], object]
"""A function, sync or async, that is called with each event."""
