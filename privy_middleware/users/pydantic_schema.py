"""What pydantic, and so FastAPI, is told about the user classes; importing neither of them."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import cache, partial
from operator import methodcaller
from typing import Any, ClassVar

from privy_middleware.errors import ConfigurationError

__all__ = ["OnlyFromTokens", "PydanticOutput", "PydanticOutputOnly"]

_building_schema: ContextVar[bool] = ContextVar("privy_building_schema", default=False)


class _LazySerializer:
    """The attribute by which pydantic finds the serialiser of an object whose type is not annotated."""

    def __get__(self, instance: object, owner: type) -> Any:
        """Return a serialiser that calls ``to_dict``.

        Raises:
            AttributeError: if pydantic is not loaded.
        """
        core: Any = sys.modules.get("pydantic_core")
        if core is None:
            raise AttributeError("pydantic is not loaded")
        return _serializer(core)


_BY_TO_DICT = {"type": "function-plain", "function": methodcaller("to_dict")}


@cache
def _serializer(core: Any) -> Any:
    return core.SchemaSerializer({"type": "any", "serialization": _BY_TO_DICT})


class PydanticOutput:
    """A mixin for dataclasses: pydantic documents the fields, and serialises an instance with its ``to_dict``.

    Without it a response would contain every field as it is.
    """

    __slots__ = ()

    __pydantic_serializer__: ClassVar[Any] = _LazySerializer()

    _not_in_output: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Return pydantic's own schema, serialised by ``to_dict`` and without the fields that are not in it."""
        schema = handler(source)
        cls._describe(handler.resolve_ref_schema(schema))
        return schema

    @classmethod
    def _describe(cls, described: dict[str, Any]) -> None:
        """Complete pydantic's own schema of the class."""
        described["serialization"] = _BY_TO_DICT
        for part in described["schema"]["fields"]:
            part["serialization_exclude"] = part["name"] in cls._not_in_output


class PydanticOutputOnly(PydanticOutput):
    """A mixin for dataclasses that pydantic must never build from data, which might come from a request.

    If a framework could build such a class from a request's parameters, clients could choose who they are. The first
    field of the class must be annotated with ``OnlyFromTokens``.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Return a schema that accepts only instances."""
        token = _building_schema.set(True)
        try:
            return super().__get_pydantic_core_schema__(source, handler)
        finally:
            _building_schema.reset(token)

    @classmethod
    def _describe(cls, described: dict[str, Any]) -> None:
        """Put the check into the definition itself, because a model that names the class again refers to that."""
        super()._describe(described)
        own = described.copy()
        described.clear()
        function = {"type": "no-info", "function": partial(_require_instance, cls)}
        checked = {"type": "function-before", "function": function, "schema": own, "serialization": _BY_TO_DICT}
        described.update(checked, ref=own.pop("ref"))


class OnlyFromTokens:
    """An annotation for a field of such a class, so that no framework reads the fields one by one from a request."""

    def __init__(self, owner: str) -> None:
        """Set the name of the class."""
        self._owner = owner

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> Any:
        """Return the field's own schema.

        Raises:
            ConfigurationError: if the field is used outside its class, for example as a parameter of a dependency.
        """
        if not _building_schema.get():
            raise ConfigurationError(self._owner, f"{_ONLY_FROM_TOKENS}: depend on the user or the claims instead")
        return handler(source)


_ONLY_FROM_TOKENS = "is made from verified tokens only, and not from what a request says"


def _require_instance(cls: type, value: object) -> object:
    if not isinstance(value, cls):
        raise ValueError(f"{cls.__name__} {_ONLY_FROM_TOKENS}")
    return value
