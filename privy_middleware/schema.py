"""What pydantic, and so FastAPI, is told of the user: read by them, and importing neither."""

from __future__ import annotations

from operator import methodcaller
from typing import Any, ClassVar

__all__ = ["Documented"]


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
