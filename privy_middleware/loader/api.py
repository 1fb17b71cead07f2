"""The official REST API, as far as it tells about one user; and any other client in its place."""

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
from privy_middleware.fetching.client_options import client_settings
from privy_middleware.fetching.download import Answer, Downloader, FetchFailed
from privy_middleware.fetching.response_headers import retry_after_of
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes
from privy_middleware.users.records import UnreadableUser
from privy_middleware.users.user import PrivyUser

__all__ = ["LoadUser", "PRIVY_API_URL", "PluggedClient", "Record", "UserAPI", "UserSource"]

PRIVY_API_URL = "https://api.privy.io/v1"

Record: TypeAlias = Mapping[str, Any] | PrivyUser | None
LoadUser: TypeAlias = Callable[[str], Record] | Callable[[str], Awaitable[Record]]

_ASYNC = "it is async: await aload(), or give a plain function"
_MAX_BYTES = 1 << 20
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")
# Above the one it is a moment and not a number of seconds, above the other in milliseconds.
_FIRST_MOMENT = 1e9
_FIRST_MILLISECOND = 1e11


class UserSource(Protocol):
    """Give what is known of a user, as a record or a user, or ``None`` for a user who does not exist."""

    def get(self, app_id: str, did: str) -> object:
        """Return it, blocking.

        Raises:
            FetchFailed: it cannot be had.
            UnreadableUser: it came, and is no user's record.
        """
        ...

    async def aget(self, app_id: str, did: str) -> object:
        """Return it without blocking the event loop; raises as ``get`` does."""
        ...


class UserAPI:
    """Ask ``GET /users/<did>`` with the app's id and secret (RFC 7617), over a connection for each request."""

    def __init__(self, config: PrivyConfig, base_url: str, timeout: float) -> None:
        """Take the secrets and client options of a configuration, and the total time of a request in seconds.

        Raises:
            ConfigurationError: an app has no secret, or the address is not one.
        """
        for app_id in config.app_ids:
            if config.app_secret_of(app_id) is None:
                raise ConfigurationError("app_secret", f"set the secret of {app_id}, or give load_user")
        self._config = config
        self._base_url = check_fetch_url(base_url, "base_url").rstrip("/")
        self._timeout = timeout
        self._tls = client_settings(base_url, config.client_options)["verify"]

    def get(self, app_id: str, did: str) -> object:
        """Return the user's record, blocking.

        Raises:
            FetchFailed: it cannot be had.
            UnreadableUser: it is not JSON.
        """
        try:
            return _decoded(self._request(app_id, did).get())
        except _NoSuchUser:
            return None

    async def aget(self, app_id: str, did: str) -> object:
        """Return the user's record without blocking the event loop; raises as ``get`` does."""
        try:
            return _decoded(await self._request(app_id, did).aget())
        except _NoSuchUser:
            return None

    def _request(self, app_id: str, did: str) -> Downloader:
        headers = httpx2.Headers(self._config.client_options.get("headers"))
        headers["privy-app-id"] = app_id
        credentials = (app_id, self._config.app_secret_of(app_id))
        options = {**self._config.client_options, "headers": headers, "auth": credentials, "verify": self._tls}
        url = f"{self._base_url}/users/{quote(did, safe=':')}"
        try:
            return _UserRequest(url, timeout=self._timeout, max_bytes=_MAX_BYTES, options=options)
        except ConfigurationError as error:
            # The options were checked when the app started: its TLS context has been changed since then.
            raise FetchFailed(str(error)) from None


class PluggedClient:
    """Ask a callable of the app instead, sync or async, for a record in the REST API's form or a user."""

    def __init__(self, load_user: LoadUser) -> None:
        """Take a callable that is given the user's id and returns ``None`` for a user who does not exist.

        Raises:
            ConfigurationError: it cannot be called.
        """
        if not callable(load_user):
            raise ConfigurationError("load_user", "give a function from a user's id to the user's record")
        self._load_user: Callable[[str], Any] = load_user
        self._is_async = is_async(load_user)

    def get(self, app_id: str, did: str) -> object:
        """Return what the callable returns, blocking.

        Raises:
            FetchFailed: it raised something.
            ConfigurationError: it is async, and can only be awaited.
        """
        if self._is_async:
            raise ConfigurationError("load_user", _ASYNC)
        with _explained():
            return returned(self._load_user(did), "load_user", _ASYNC)

    async def aget(self, app_id: str, did: str) -> object:
        """Return what the callable returns, a plain function being called in a thread; raises as ``get`` does."""
        with _explained():
            if self._is_async:
                return await self._load_user(did)
            found = await anyio.to_thread.run_sync(self._load_user, did)
            return await found if inspect.isawaitable(found) else found


@contextmanager
def _explained() -> Iterator[None]:
    """Turn whatever another client raises into a `FetchFailed` with its type only: its text may hold anything."""
    try:
        yield
    except PrivyError:
        raise
    except Exception as error:
        raise FetchFailed(f"load_user raised {type(error).__name__}") from None


class _NoSuchUser(FetchFailed):
    """Say that there is no user of this id."""


class _UserRequest(Downloader):
    """Read the API's own statuses before the general ones."""

    def _collector(self, response: httpx2.Response) -> Any:
        status = response.status_code
        if status == httpx2.codes.NOT_FOUND:
            raise _NoSuchUser("there is no such user")
        if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise FetchFailed(f"it refuses the app id and secret (status {status}): check app_secret")
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            raise FetchFailed("it has been asked too often (status 429)", _wish(response.headers))
        return super()._collector(response)


def _wish(headers: httpx2.Headers) -> float | None:
    """Return in how many seconds to ask again: ``Retry-After``, else ``X-RateLimit-Reset``, whatever its unit."""
    wish = retry_after_of(headers)
    text = headers.get("x-ratelimit-reset", "").strip()
    if wish is not None or not _NUMBER.fullmatch(text):
        return wish
    number = float(text)
    if number < _FIRST_MOMENT:
        return number
    return max(0.0, (number / 1000 if number > _FIRST_MILLISECOND else number) - time.time())


def _decoded(answer: Answer) -> object:
    try:
        # JSON's null is no user, and not None, which says that there is none.
        return decode_bytes(answer.body) or ()
    except NotStrictJSON:
        raise UnreadableUser("it is not JSON") from None
