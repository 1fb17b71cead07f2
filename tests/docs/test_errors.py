"""The errors page lists every class correctly."""

from __future__ import annotations

import inspect
import re

import pytest

from privy_middleware import errors
from tests.docs.tables import rows, text

CLASSES = [
    name for name, _ in inspect.getmembers(errors, inspect.isclass) if name in errors.__all__ and name != "Answer"
]
TABLE = {row[0].lstrip("- "): row for row in rows("errors.md", "class")}


def test_every_class() -> None:
    """The table has exactly the error classes, each once."""
    assert len(list(rows("errors.md", "class"))) == len(TABLE)
    assert sorted(TABLE) == CLASSES


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    """The code and the status are correct, and so is its place below its base class."""
    written, code, status, when = TABLE[name]
    cls = getattr(errors, name)
    assert (code, int(status)) == (cls.code, cls.status)
    assert len(re.findall("- ", written)) == max(0, len(cls.__mro__) - cls.__mro__[::-1].index(errors.PrivyError) - 2)
    assert when


def test_order() -> None:
    """Each class is listed below the class that it derives from."""
    bases: list[str] = []
    for name, row in TABLE.items():
        depth = len(re.findall("- ", row[0]))
        bases[depth:] = [name]
        base = bases[depth - 1] if depth else "PrivyError"
        assert issubclass(getattr(errors, name), getattr(errors, base))


@pytest.mark.parametrize(
    "cls", [errors.MissingToken, errors.InvalidToken, errors.ConditionNotMet, errors.KeysUnavailable]
)
def test_answers(cls: type[errors.PrivyError]) -> None:
    """The responses on the page are exact."""
    error = cls()
    assert f"{error.status} `{error.body.decode()}`" in text("errors.md")
    challenge = dict(error.challenge).get("WWW-Authenticate", "Retry-After")
    assert f"{challenge}`" in text("errors.md")
