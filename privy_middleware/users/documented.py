"""What pydantic, and so FastAPI, is told of the user: read by them, and importing neither."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from operator import methodcaller
from typing import Any, ClassVar

from privy_middleware.errors import ConfigurationError

__all__ = ["Documented", "OnlyFromTokens", "Verified"]

_describing: ContextVar[bool] = ContextVar("privy_describing", default=False)


class Documented:
    """Let pydantic document a dataclass by its fields and serialise it by its own ``to_dict``.

    Without this a response model would answer with every field, a user's raw claims among them.
    """

    __slots__ = ()

    _unanswered: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Return pydantic's own schema with our serialisation, without the fields left out of that."""
        schema = handler(source)
        described = handler.resolve_ref_schema(schema)
        described["serialization"] = {"type": "function-plain", "function": methodcaller("to_dict")}
        for part in described["schema"]["fields"]:
            part["serialization_exclude"] = part["name"] in cls._unanswered
        return schema


class Verified(Documented):
    """Let pydantic describe what a verified token says, and never read it from data, which might be a request's.

    A framework that finds such a class where it looks for a request's parameters would let the client say who it is.
    Such a class marks its first field with ``OnlyFromTokens``.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Return a schema that takes instances alone."""
        token = _describing.set(True)
        try:
            schema = super().__get_pydantic_core_schema__(source, handler)
        finally:
            _describing.reset(token)
        function = {"type": "no-info", "function": partial(_require_instance, cls)}
        return {"type": "function-before", "function": function, "schema": schema}


class OnlyFromTokens:
    """Mark a field of a ``Verified`` class, so that no framework takes the fields one by one for a request's."""

    def __init__(self, owner: str) -> None:
        """Take the name of the class."""
        self._owner = owner

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> Any:
        """Return the field's own schema.

        Raises:
            ConfigurationError: when the field is looked at outside its class, as a parameter of a dependency is.
        """
        if not _describing.get():
            raise ConfigurationError(self._owner, f"{_ONLY_FROM_TOKENS}: depend on the user or the claims instead")
        return handler(source)


_ONLY_FROM_TOKENS = "is made from verified tokens only, and not from what a request says"


def _require_instance(cls: type, value: object) -> object:
    if not isinstance(value, cls):
        raise ValueError(f"{cls.__name__} {_ONLY_FROM_TOKENS}")
    return value
