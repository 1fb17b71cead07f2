"""The browser, the issuer, and the example apps on ports of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from privy_middleware.development import DevelopmentIssuer
from tests.browser.driving import Page
from tests.browser.serving import other_site
from tests.support.chromium import chrome

__all__ = ["chrome", "issuer", "page", "site"]


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer for one test."""
    with DevelopmentIssuer() as running:
        yield running


@pytest.fixture
def page(chrome: Chrome, issuer: DevelopmentIssuer) -> Iterator[Page]:
    """Use the browser without cookies; at the end no page may have broken a rule of its own policy."""
    chrome.execute_cdp_cmd("Network.clearBrowserCookies", {})
    page = Page(chrome, issuer.url)
    page.complaints()
    yield page
    assert page.complaints() == []


@pytest.fixture
def site() -> Iterator[str]:
    """Run another site, which has a form for any address, and return its port."""
    with other_site() as port:
        yield port
