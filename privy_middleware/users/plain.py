"""Convert users inside of data to dicts, for encoders that write the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeAlias, get_args

from privy_middleware.users.pydantic_schema import PydanticOutput

__all__ = ["convert_content", "may_hold_users", "to_plain"]

_Hook: TypeAlias = Callable[[Any], Awaitable[Any]]


def to_plain(value: Any) -> Any:
    """Return data with the ``to_dict`` of every user, claims and account in its dicts and lists.

    Data without any is returned as an equal copy. Objects of other classes are returned as they are.
    """
    if isinstance(value, PydanticOutput):
        return value.to_dict()  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    return value


def convert_content(hook: _Hook | None = None) -> _Hook:
    """Return a hook that calls ``hook`` with a response, and then makes the ``content`` of the response plain."""

    async def convert(response: Any) -> Any:
        response = await hook(response) if hook else response
        if hasattr(response, "content"):
            response.content = to_plain(response.content)
        return response

    return convert


def may_hold_users(annotation: Any) -> bool:
    """Return whether data with this annotation can contain users where ``to_plain`` finds them.

    It can if the annotation names a class of them, or does not say what the data contains, such as ``dict[str, Any]``,
    ``list`` or a generic class without arguments.
    """
    # The value of a ``type`` statement.
    annotation = getattr(annotation, "__value__", annotation)
    if arguments := get_args(annotation):
        return any(map(may_hold_users, arguments))
    if annotation in (Any, object):
        return True
    if not isinstance(annotation, type) or issubclass(annotation, str | bytes):
        return False
    return bool(getattr(annotation, "__parameters__", ())) or issubclass(annotation, Collection | PydanticOutput)
