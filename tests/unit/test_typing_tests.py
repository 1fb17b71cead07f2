"""The files of ``typing_tests`` use every public name, and their imports exist."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import typing_tests

FILES = sorted(Path(path).resolve() for folder in typing_tests.__path__ for path in Path(folder).glob("*.py"))
PUBLIC = (
    "django_privy",
    "django_privy.backends",
    "django_privy.channels",
    "django_privy.encoders",
    "django_privy.keycache",
    "django_privy.ninja",
    "django_privy.principals",
    "django_privy.rest_framework",
    "django_privy.signals",
    "django_privy.testing",
    "fastapi_privy",
    "fastapi_privy.starlette",
    "flask_privy",
    "litestar_privy",
    "privy_middleware",
    "privy_middleware.conditions",
    "privy_middleware.custom_keys",
    "privy_middleware.development",
    "privy_middleware.loader",
    "privy_middleware.web3auth",
    "privy_middleware.webhooks",
)


def imported() -> Iterator[tuple[str, str]]:
    """Yield each name that the files import, and the module that it is imported from."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_typed_as_users_write_it(module: str) -> None:
    """The files use every name of the public modules."""
    assert {(module, name) for name in importlib.import_module(module).__all__} <= set(imported())


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_what_is_checked_can_be_run(name: str) -> None:
    """The files can be imported, which applies the decorators."""
    module = "typing_tests" if name == "__init__" else f"typing_tests.{name}"
    assert importlib.import_module(module).__doc__
