"""The pages about these tokens: every code example runs, in the order of its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.docs.pages import runnable

DOCS = Path(__file__).parents[2] / "docs"


def run(page: str) -> dict[str, Any]:
    """Run the Python code of a page, and return its names."""
    names: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(runnable(snippet), page, "exec"), names)
    return names


def test_custom_keys() -> None:
    """The token of the page is valid, and so is the one issued async."""
    names = run("custom_keys.md")
    assert names["claims"]["sub"] == "your-own-user-id"
    assert anyio.run(names["issue"]).count(".") == 2


def test_web3auth(monkeypatch: pytest.MonkeyPatch) -> None:
    """The apps of the page can be created."""
    monkeypatch.delenv("WEB3AUTH_VERIFICATION_KEY", raising=False)
    names = run("web3auth.md")
    assert names["config"].external_max_age == 3600
    assert names["both"].settings.locations
