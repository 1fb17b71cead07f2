"""Where users are loaded from: Privy's REST API, or a function of the app."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

import anyio
import httpx2

from privy_middleware.callbacks import is_async, returned
from privy_middleware.config import PrivyConfig
from privy_middleware.errors import ConfigurationError, PrivyError
from privy_middleware.fetching.cache_control import retry_after_of
from privy_middleware.fetching.client_options import client_settings
from privy_middleware.fetching.download import Document, Downloader, FetchFailed
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes
from privy_middleware.users.records import UnreadableUser
from privy_middleware.users.user import PrivyUser

__all__ = ["CallableSource", "LoadUser", "Record", "UserAPI", "UserSource"]

Record: TypeAlias = Mapping[str, Any] | PrivyUser | None
LoadUser: TypeAlias = Callable[[str], Record] | Callable[[str], Awaitable[Record]]

_USE_ALOAD = "it is async: await aload(), or give a plain function"
_MAX_BYTES = 1 << 20
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")
# From the first number on, X-RateLimit-Reset is a Unix time and not a delay; above the second it is in milliseconds.
_FIRST_UNIX_TIME = 1e9
_LAST_UNIX_SECOND = 1e11


class UserSource(Protocol):
    """A place that users are loaded from."""

    def get(self, app_id: str, user_id: str) -> object:
        """Return a user, as a record or a ``PrivyUser``, or ``None`` if there is no such user; blocks.

        Raises:
            FetchFailed: if the request fails.
            UnreadableUser: if the response is not a user's record.
        """
        ...

    async def aget(self, app_id: str, user_id: str) -> object:
        """Return a user without blocking the event loop; raises as ``get`` does."""
        ...


class UserAPI:
    """The REST API: ``GET /users/<id>`` with the app's id and secret (RFC 7617), on a new connection each time."""

    def __init__(self, config: PrivyConfig, timeout: float) -> None:
        """Set the configuration with secrets and client options, and the total time of a request in seconds.

        Raises:
            ConfigurationError: if an app has no secret.
        """
        for app_id in config.app_ids:
            if config.app_secret_of(app_id) is None:
                raise ConfigurationError("app_secret", f"set the secret of {app_id}, or give load_user")
        self._config = config
        self._timeout = timeout
        self._tls = client_settings(config.api_url, config.client_options)["verify"]

    def get(self, app_id: str, user_id: str) -> object:
        """Return the user's record, or ``None`` if there is no such user; blocks.

        Raises:
            FetchFailed: if the request fails.
            UnreadableUser: if the response is not JSON.
        """
        try:
            return _decoded(self._request(app_id, user_id).get())
        except _NoSuchUser:
            return None

    async def aget(self, app_id: str, user_id: str) -> object:
        """Return the user's record without blocking the event loop; raises as ``get`` does."""
        try:
            return _decoded(await self._request(app_id, user_id).aget())
        except _NoSuchUser:
            return None

    def _request(self, app_id: str, user_id: str) -> Downloader:
        headers = httpx2.Headers(self._config.client_options.get("headers"))
        headers["privy-app-id"] = app_id
        credentials = (app_id, self._config.app_secret_of(app_id))
        options = {**self._config.client_options, "headers": headers, "auth": credentials, "verify": self._tls}
        url = f"{self._config.api_url.rstrip('/')}/users/{quote(user_id, safe=':')}"
        try:
            return _UserRequest(url, timeout=self._timeout, max_bytes=_MAX_BYTES, options=options)
        except ConfigurationError as error:
            # The options were right when the app started, so a TLS context has been changed since then.
            raise FetchFailed(str(error)) from None


class CallableSource:
    """A function of the app, sync or async, that returns a record in the REST API's form or a ``PrivyUser``."""

    def __init__(self, load_user: LoadUser) -> None:
        """Set the function, which gets the user's id and returns ``None`` if there is no such user.

        Raises:
            ConfigurationError: if it is not callable.
        """
        if not callable(load_user):
            raise ConfigurationError("load_user", "give a function from a user's id to the user's record")
        self._load_user: Callable[[str], Any] = load_user
        self._is_async = is_async(load_user)

    def get(self, app_id: str, user_id: str) -> object:
        """Return what the function returns, blocking.

        Raises:
            FetchFailed: if the function raises an exception.
            ConfigurationError: if the function is async.
        """
        if self._is_async:
            raise ConfigurationError("load_user", _USE_ALOAD)
        with _as_fetch_failed():
            return returned(self._load_user(user_id), "load_user", _USE_ALOAD)

    async def aget(self, app_id: str, user_id: str) -> object:
        """Return what the function returns, without blocking the event loop: a sync function runs in a thread."""
        with _as_fetch_failed():
            if self._is_async:
                return await self._load_user(user_id)
            found = await anyio.to_thread.run_sync(self._load_user, user_id)
            return await found if inspect.isawaitable(found) else found


@contextmanager
def _as_fetch_failed() -> Iterator[None]:
    """Raise any exception of the function as `FetchFailed`, with its type only: its message may contain secrets."""
    try:
        yield
    except PrivyError:
        raise
    except Exception as error:
        raise FetchFailed(f"load_user raised {type(error).__name__}") from None


class _NoSuchUser(FetchFailed):
    """There is no user with this id."""


class _UserRequest(Downloader):
    """Handle the statuses that have a special meaning in the API."""

    def _collector(self, response: httpx2.Response) -> Any:
        status = response.status_code
        if status == httpx2.codes.NOT_FOUND:
            raise _NoSuchUser("there is no such user")
        if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise FetchFailed(f"it refuses the app id and secret (status {status}): check app_secret")
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            raise FetchFailed("it has been asked too often (status 429)", _retry_after(response.headers))
        return super()._collector(response)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds until ``Retry-After``, or else until ``X-RateLimit-Reset``, whichever unit it has."""
    retry_after = retry_after_of(headers)
    text = headers.get("x-ratelimit-reset", "").strip()
    if retry_after is not None or not _NUMBER.fullmatch(text):
        return retry_after
    number = float(text)
    if number < _FIRST_UNIX_TIME:
        return number
    return max(0.0, (number / 1000 if number > _LAST_UNIX_SECOND else number) - time.time())


def _decoded(document: Document) -> object:
    try:
        # A body of ``null`` is not a record; ``None`` would mean that there is no such user.
        return decode_bytes(document.body) or ()
    except NotStrictJSON:
        raise UnreadableUser("it is not JSON") from None
