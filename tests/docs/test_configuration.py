"""The configuration page lists every setting correctly."""

from __future__ import annotations

import ast
import dataclasses
import re
from typing import Any

import pytest

from privy_middleware import ConfigurationError, PrivyConfig
from tests.docs.tables import rows

TABLE = {row[0]: row[1:] for row in rows("configuration.md", "setting")}
FIELDS = {each.name: each for each in dataclasses.fields(PrivyConfig) if each.init}
# The text in the type column for each annotation.
TYPES = {
    "str": "string",
    "str | None": "string",
    "OnInvalid": "string",
    "Preflight": "string",
    "ErrorBody": "string",
    "float": "seconds",
    "bool": "boolean",
    "Sequence[str]": "list of strings",
    "Sequence[Source]": "list of strings",
    "str | Sequence[str]": "string or list of strings",
    "str | Sequence[str] | None": "string or list of strings",
    "KeyMaterial | None": "string or dict",
    "str | Mapping[str, str] | None": "string or dict",
    "Mapping[str, Any]": "dict",
    "KeyCache | None": "object",
    "Revocations | str | None": "object or string",
    "OnEvent | Sequence[OnEvent] | None": "function or list",
}


def default_of(field: dataclasses.Field[Any]) -> Any:
    """Return the default, or ``...`` if there is none."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return ... if field.default is dataclasses.MISSING else field.default


def test_every_setting() -> None:
    """The table has exactly the settings, each once."""
    names = [row[0] for row in rows("configuration.md", "setting")]
    assert sorted(names) == sorted(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_setting(name: str) -> None:
    """Default, type and name in the environment are correct."""
    field, (environment, kind, default, meaning) = FIELDS[name], TABLE[name]
    assert default_of(field) == (... if default == "required" else ast.literal_eval(default))
    assert environment == ("in code only" if field.metadata else f"PRIVY_{name.upper()}")
    word, annotation = kind.partition(",")[0], str(field.type)
    expected = "function" if annotation.startswith("Callable") else TYPES.get(annotation)
    assert word == expected or (annotation == "int" and word in ("bytes", "entries"))
    assert meaning.endswith(".")


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if " to " in row[1]])
def test_limits(name: str) -> None:
    """Both limits are exactly those of the code."""
    match = re.fullmatch(r"\w+, ([\d.]+) to (\d+)", TABLE[name][1])
    assert match
    low, high = ast.literal_eval(match[1]), int(match[2])
    for value in (low, high):
        settings: Any = {name: value}
        assert getattr(PrivyConfig(app_id="app", **settings), name) == value
    for value in (low * 0.99 if isinstance(low, float) else low - 1, high + 1):
        wrong: Any = {name: value}
        with pytest.raises(ConfigurationError, match=name):
            PrivyConfig(app_id="app", **wrong)


def test_limits_of_every_number() -> None:
    """Every number has limits."""
    numbers = {name for name, field in FIELDS.items() if field.type in ("int", "float")}
    assert numbers == {name for name, row in TABLE.items() if " to " in row[1]}


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if not field.metadata])
def test_environment(name: str) -> None:
    """The variable in the table is read, and sets the setting."""
    wrong = {"PRIVY_APP_ID": "app", TABLE[name][0]: "\N{NO-BREAK SPACE}?\N{NO-BREAK SPACE}?"}
    with pytest.raises(ConfigurationError, match=f"{TABLE[name][0]} "):
        PrivyConfig.from_env(wrong)
