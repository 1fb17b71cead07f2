"""The fields of the settings: each is documented, and lists are stored as tuples."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from privy_middleware import PrivyConfig
from privy_middleware.config import RequestSettings
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.web3auth import Web3AuthConfig
from tests.support.signers import Signer


def settings_classes(base: type[RequestSettings] = RequestSettings) -> Iterator[type[RequestSettings]]:
    """Yield the base of all settings and its public subclasses in the package."""
    if not base.__name__.startswith("_"):
        yield base
    for child in base.__subclasses__():
        if child.__module__.startswith("privy_middleware"):
            yield from settings_classes(child)


def documented_fields(cls: type) -> Iterator[tuple[str, bool]]:
    """Yield each public field that the source of a class defines, and whether a docstring follows it."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and "ClassVar" not in ast.unparse(node.annotation):
            text = after.value if isinstance(after, ast.Expr) else None
            yield ast.unparse(node.target), isinstance(text, ast.Constant) and isinstance(text.value, str)


def test_every_field_has_a_docstring() -> None:
    """Editors show the docstring after a field when the mouse is on its name."""
    found = {cls: dict(documented_fields(cls)) for cls in settings_classes()}
    assert {RequestSettings, PrivyConfig, Web3AuthConfig, CustomKeyConfig} <= found.keys()
    assert found[PrivyConfig].keys() >= {"app_id", "identity_header", "access_cookie"}
    missing = [f"{cls.__name__}.{name}" for cls, fields in found.items() for name, has in fields.items() if not has]
    assert missing == []


WEB3AUTH: dict[str, Any] = {"external_issuers": ["metamask"], "external_audiences": ["app.example"]}


@pytest.mark.parametrize(
    ("config", "stored"),
    [
        (
            PrivyConfig(
                app_id=["a", "b"], tokens=["access"], sources=["cookie"], trusted_origins=["https://x.example"]
            ),
            {
                "app_id": ("a", "b"),
                "tokens": ("access",),
                "sources": ("cookie",),
                "trusted_origins": ("https://x.example",),
            },
        ),
        (
            PrivyConfig(app_id="a", trusted_origins="https://x.example", tokens="access"),
            {"app_id": "a", "trusted_origins": ("https://x.example",), "tokens": ("access",)},
        ),
        (
            Web3AuthConfig(client_id="id", issuer=["https://api-auth.web3auth.io"], **WEB3AUTH),
            {
                "issuer": ("https://api-auth.web3auth.io",),
                "external_issuers": ("metamask",),
                "external_audiences": ("app.example",),
            },
        ),
    ],
)
def test_lists_are_stored_as_tuples(config: RequestSettings, stored: dict[str, Any]) -> None:
    """A list becomes a tuple, so that it cannot be changed later; a single string is a list with one item."""
    assert {name: getattr(config, name) for name in stored} == stored


def test_custom_keys_store_tuples() -> None:
    """The audience and the algorithms of a list cannot be changed later either."""
    audience, algorithms = ["one", "two"], ["ES256"]
    config = CustomKeyConfig(public_key=Signer().pem, algorithms=algorithms, issuer="mine", audience=audience)
    audience.append("three")
    assert (config.audience, config.audiences, config.algorithms) == (("one", "two"), ("one", "two"), ("ES256",))
