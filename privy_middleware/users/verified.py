"""The base of the classes of verified users, which keeps the claims out of what serialisers write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias, TypeVar

from privy_middleware.users.pydantic_schema import PydanticOutputOnly

__all__ = ["NotAField", "VerifiedUser", "hide_claims", "refuse_decoding"]

_T = TypeVar("_T")

# For type checkers it is an ordinary field, because they do not allow an ``InitVar`` to be read.
if TYPE_CHECKING:
    NotAField: TypeAlias = Annotated[_T, "in a slot, but not a field"]
else:
    NotAField = InitVar


class VerifiedUser(PydanticOutputOnly):
    """The base of the classes of verified users.

    Their ``claims`` are a parameter and an attribute, but not a field of the dataclass. Most libraries serialise a
    dataclass by its fields (``dataclasses.asdict``, Flask, FastAPI, pydantic, msgspec, orjson), and would send all that
    the token contains to clients.
    """

    __slots__ = ("claims",)

    __match_args__: ClassVar[tuple[str, ...]]

    def __post_init__(self, claims: Mapping[str, Any]) -> None:
        """Store the claims."""
        object.__setattr__(self, "claims", claims)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Copy and pickle with the claims; a dataclass does so with its fields only."""
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def hide_claims(cls: type[_T]) -> type[_T]:
    """Complete a dataclass that inherits from ``VerifiedUser``, as its outermost decorator."""
    # The default hides the slot of the base class.
    delattr(cls, "claims")
    # msgspec reads every attribute that is a key here, also an ``InitVar``, except after an underscore. Functions such
    # as ``dataclasses.replace`` use the values, which have the name of the attribute, and so they keep the claims.
    parts: dict[str, Any] = vars(cls)["__dataclass_fields__"]
    renamed = {"_claims" if name == "claims" else name: part for name, part in parts.items()}
    parts.clear()
    parts.update(renamed)
    return cls


@dataclass
class _Undecodable:
    _only_from_tokens: InitVar[None] = field(default=None, init=False)


def refuse_decoding(cls: type[_T]) -> type[_T]:
    """Complete a dataclass, as its outermost decorator, so that msgspec, and with it Litestar, cannot decode it.

    msgspec refuses classes with an ``InitVar``, such as those of verified users. This one is no parameter.
    """
    vars(cls)["__dataclass_fields__"].update(vars(_Undecodable)["__dataclass_fields__"])
    return cls
