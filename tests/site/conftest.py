"""The built site, and a browser that reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.site.building import Built, built_once
from tests.site.reading import Reader
from tests.site.serving import serve
from tests.support.chromium import chrome

__all__ = ["chrome", "reader", "site", "url"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the documentation site."""
    return built_once(tmp_path_factory)


@pytest.fixture(scope="session")
def url(site: Built) -> Iterator[str]:
    """Serve the site."""
    with serve(site.folder) as address:
        yield address


@pytest.fixture
def reader(chrome: Chrome, url: str) -> Iterator[Reader]:
    """Read the site on a wide screen with the settings of a new reader; the browser may report no error."""
    reader = Reader(chrome, url)
    with reader.window(1280):
        chrome.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": reader.url, "storageTypes": "local_storage"})
        reader.errors()
        yield reader
        assert reader.errors() == []
