"""The user of a request or WebSocket: dependencies for handlers, and guards that require a user."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias, Unpack

from litestar.di import NamedDependency
from litestar.exceptions import SerializationException
from litestar.params import SkipValidation
from litestar.serialization import decode_msgpack
from litestar.types import Empty, Scope
from litestar.utils.scope.state import ScopeState

from privy_middleware import PrivyAuth, PrivyError, PrivyUser, condition, plugin
from privy_middleware.asgi import ASGIRequest, BufferedReceive, ask, remember, request_parts, required_auth_in

__all__ = ["CurrentUser", "Guard", "OptionalUser", "PROVIDERS", "Preflight", "requires_privy_user"]

CurrentUser: TypeAlias = SkipValidation[NamedDependency[PrivyUser]]
OptionalUser: TypeAlias = SkipValidation[NamedDependency[PrivyUser | None]]
Guard: TypeAlias = Callable[[Any, Any], Awaitable[None]]


class Preflight(Exception):
    """Raised to answer a CORS preflight, so that it does not reach a handler that requires a user."""


def requires_privy_user(*predicates: plugin.Predicate, **words: Unpack[plugin.ConditionWords]) -> Guard:
    """Return a guard that requires a user who meets the conditions; the keywords are those of ``condition``."""
    rule = plugin.requirement(condition(*predicates, **words))

    async def guard(connection: Any, _: object) -> None:
        auth = _auth(connection.scope)
        try:
            await rule.acheck(auth, lambda names: plugin.aread_parameters(names, lambda: _parts(connection)))
        except PrivyError as error:
            remember(connection.scope, error)
            raise

    return plugin.show_rule(guard, rule)


async def _current_user(scope: Scope) -> PrivyUser:
    return ask(scope, _auth(scope).require)


async def _optional_user(scope: Scope) -> PrivyUser | None:
    return ask(scope, _auth(scope).optional)


PROVIDERS: dict[str, Any] = {
    "current_user": plugin.show_rule(_current_user, plugin.requirement()),
    "optional_user": plugin.show_rule(_optional_user, plugin.optional()),
}


def _auth(scope: Any) -> PrivyAuth:
    if plugin.is_preflight(ASGIRequest(scope)):
        raise Preflight
    return required_auth_in(scope, "make it with plugins=[Privy(…)]")


async def _parts(connection: Any) -> plugin.RequestParts:
    """Read the body, which the handler can read again, and the forms of it that only Litestar reads."""
    state: Any = ScopeState.from_scope(connection.scope)
    body, form = (b"" if connection.scope["type"] == "websocket" else None), list[Any]()
    if state.body is not Empty:
        body = state.body
    elif state.form is not Empty:
        # Middleware has read the body, as Litestar's CSRF middleware does.
        body, form = b"", (await connection.form()).multi_items()
    elif hasattr(connection, "body"):
        connection.receive = messages = BufferedReceive(connection.receive)
        body = await messages.read(plugin.LARGEST_BODY)
    with suppress(SerializationException, RecursionError, ValueError):
        # A handler may read a body as MessagePack, regardless of its content type.
        packed: Any = decode_msgpack(body or b"")
        form = list(packed.items()) if isinstance(packed, dict) else []
    return request_parts(connection.scope, connection.query_params.multi_items(), body, form)
