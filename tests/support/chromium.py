"""Chromium for tests in a real browser: the installed one, which is started with a profile of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.support.patience import PATIENCE

__all__ = ["ABSENT", "MUST_RUN", "chrome", "chromium", "summary"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_BROWSER = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
_DRIVER = shutil.which("chromedriver")
_MISSING = [name for name, path in (("chromium", _BROWSER), ("chromedriver", _DRIVER)) if path is None]
# Nothing is loaded from elsewhere, and nothing of the developer's own profile is used.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--lang=en-GB",
)

ABSENT: str | None = f"not installed: {' and '.join(_MISSING)}" if _MISSING else None
"""Why there is no browser, ``None`` if there is one."""

MUST_RUN: bool = bool(os.environ.get("CI") or os.environ.get("PRIVY_REQUIRE_BROWSER"))
"""Whether the tests fail without a browser, as in CI."""


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Run the browser with a profile in a new directory."""
    options = ChromeOptions()
    options.binary_location = str(_BROWSER)
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(_DRIVER))
    try:
        browser.set_page_load_timeout(PATIENCE)
        yield browser
    finally:
        browser.quit()


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Run the browser once for all tests of a folder in a process; a ``conftest.py`` imports this fixture."""
    if ABSENT is not None:
        (pytest.fail if MUST_RUN else pytest.skip)(f"There is no browser, {ABSENT}.")
    with chromium(tmp_path_factory.mktemp("profile") / "chromium") as browser:
        yield browser


def summary() -> str:
    """Return a line that says whether the tests in a browser can run."""
    return (
        f"browser: tests/browser, tests/site and tests/tutorials did NOT run, {ABSENT}"
        if ABSENT
        else f"browser: {_BROWSER}"
    )
