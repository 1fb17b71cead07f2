"""Take the pictures of docs/images: ``python -m tests.browser.screenshots``."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome

from privy_middleware.development import DevelopmentIssuer
from tests.browser.driving import Page
from tests.docs.pages import ROOT
from tests.support.chromium import chromium

__all__ = ["main"]

_IMAGES = ROOT / "docs" / "images"
_PORT = 9999


@contextmanager
def _window(chrome: Chrome, width: int, height: int, scheme: str) -> Iterator[None]:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    yield
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _save(chrome: Chrome, name: str) -> None:
    shot = chrome.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    _IMAGES.mkdir(exist_ok=True)
    (_IMAGES / f"{name}.png").write_bytes(b64decode(shot["data"]))


def main() -> None:
    """Take all pictures."""
    with (
        tempfile.TemporaryDirectory() as profile,
        chromium(Path(profile) / "chromium") as chrome,
        DevelopmentIssuer(port=_PORT) as issuer,
    ):
        page = Page(chrome, issuer)
        with _window(chrome, 860, 560, "light"):
            page.open("/login?app=http://localhost:8000&redirect_uri=/account")
            _save(chrome, "issuer_sign_in")
        with _window(chrome, 860, 860, "light"):
            page.open("/")
            page.press("Sign in as ada")
            _save(chrome, "issuer")
        with _window(chrome, 860, 620, "dark"):
            page.press("Rotate")
            chrome.execute_script("document.getElementById('keys').scrollIntoView()")
            _save(chrome, "issuer_keys")


if __name__ == "__main__":
    main()
