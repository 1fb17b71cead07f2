"""A client for the pages of a development issuer that behaves like a browser, without one."""

from __future__ import annotations

import re
import ssl
from typing import Any
from urllib.parse import urlencode

import httpx2

from privy_middleware.development import DevelopmentIssuer
from tests.support.patience import PATIENCE

__all__ = ["Visitor", "text_of"]

# The pages are served by HTTP, so no certificates have to be loaded for each client.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def text_of(response: httpx2.Response) -> str:
    """Return the text of a page, without tags and line breaks."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.text).split())


class Visitor(httpx2.Client):
    """Opens pages and submits forms, and keeps cookies; it follows no redirect."""

    def __init__(self, issuer: DevelopmentIssuer, **options: Any) -> None:
        """Visit the issuer at its own address, or at another name in ``base_url``."""
        settings = {"base_url": issuer.url, "trust_env": False, "timeout": PATIENCE, "verify": _NO_TLS, **options}
        super().__init__(headers={"Accept": "text/html"}, **settings)

    def submit(self, path: str, **form: str) -> httpx2.Response:
        """Submit a form of a page."""
        origin = str(self.base_url).rstrip("/")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": origin,
            "Sec-Fetch-Site": "same-origin",
        }
        return self.post(path, content=urlencode(form), headers=headers)
