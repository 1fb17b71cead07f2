"""Take the pictures of docs/images: ``python -m tests.browser.screenshots``."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from pathlib import Path

from selenium.webdriver import Chrome

from privy_middleware.development import DevelopmentIssuer
from tests.browser.driving import Page
from tests.docs.pages import ROOT
from tests.support.chromium import chromium

__all__ = ["main"]

_IMAGES = ROOT / "docs" / "images"
_PORT = 9999


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
        page = Page(chrome, issuer.url)
        with page.window(860, 560), page.scheme("light"):
            page.open("/login?app=http://localhost:8000&redirect_uri=/account")
            _save(chrome, "issuer_sign_in")
        with page.window(860, 860), page.scheme("light"):
            page.open("/")
            page.press("Sign in as ada")
            _save(chrome, "issuer")
        with page.window(860, 620), page.scheme("dark"):
            page.press("Rotate")
            chrome.execute_script("document.getElementById('keys').scrollIntoView()")
            _save(chrome, "issuer_keys")


if __name__ == "__main__":
    main()
