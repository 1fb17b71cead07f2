"""What a person does in the browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.patience import PATIENCE

__all__ = ["Page"]


class Page:
    """A browser tab, and the site whose pages it opens."""

    def __init__(self, chrome: Chrome, url: str) -> None:
        """Set the browser and the address of the site, which is on this machine: the browser calls it localhost."""
        self.chrome = chrome
        self.url = f"http://localhost:{urlsplit(url).port}"

    def open(self, url: str = "/") -> None:
        """Open a page of the site, or another address."""
        self.chrome.get(self.url + url if url.startswith("/") else url)

    def one(self, selector: str) -> WebElement:
        """Return the element of a selector when it is there."""
        return WebDriverWait(self.chrome, PATIENCE).until(lambda chrome: chrome.find_element(By.CSS_SELECTOR, selector))

    def press(self, label: str, inside: str = "") -> None:
        """Press the button with an accessible name, and wait for the next page."""
        before = self.one("html")
        buttons = self.chrome.find_elements(By.CSS_SELECTOR, f"{inside} button")
        found = [each for each in buttons if each.accessible_name == label]
        assert len(found) == 1, f"{len(found)} buttons have the name {label!r} on the page:\n{self.text}"
        found[0].click()
        self.wait_for_change(before)

    def wait_for_change(self, before: WebElement) -> None:
        """Wait until the page of an element has been left."""
        WebDriverWait(self.chrome, PATIENCE).until(lambda _: _is_gone(before))
        self.one("body")

    def wait_at(self, url: str) -> None:
        """Wait until the browser has come to an address."""
        WebDriverWait(self.chrome, PATIENCE).until(lambda chrome: chrome.current_url == url)

    def type(self, name: str, text: str) -> None:
        """Type into the field with a name, in place of what is there."""
        field = self.one(f'[name="{name}"]')
        field.clear()
        field.send_keys(text)

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.chrome.switch_to.active_element.send_keys(key)

    def tab_to(self, label: str) -> None:
        """Go to the element with an accessible name by the tab key alone."""
        for _ in range(100):
            self.keys(Keys.TAB)
            if self.chrome.switch_to.active_element.accessible_name == label:
                return
        raise AssertionError(f"{label} cannot be reached by keyboard")

    @property
    def text(self) -> str:
        """Return the text that is seen."""
        return self.one("body").text

    @property
    def json(self) -> Any:
        """Return the JSON that an app has answered with."""
        return json.loads(self.text)

    @property
    def cookies(self) -> dict[str, dict[str, Any]]:
        """Return the cookies of the page by name, also those that no script can read."""
        found = self.chrome.execute_cdp_cmd("Network.getCookies", {"urls": [self.chrome.current_url]})
        return {cookie["name"]: cookie for cookie in found["cookies"]}

    def submit_from(self, origin: str, action: str, **form: str) -> None:
        """Let another site submit a form."""
        self.open(f"{origin}/?{urlencode({**form, 'action': action})}")
        self.press("Go")

    @contextmanager
    def window(self, width: int, height: int = 800) -> Iterator[None]:
        """Give the window another size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            yield
        finally:
            self.chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    @contextmanager
    def scheme(self, name: str) -> Iterator[None]:
        """Prefer the colour scheme ``light`` or ``dark``, as the settings of a system do."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        try:
            yield
        finally:
            self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    @property
    def poor_contrast(self) -> list[str]:
        """Return the texts whose contrast is less than 4.5 to 1 (WCAG 2.2 §1.4.3)."""
        return list(self.chrome.execute_script(_CONTRAST))

    def complaints(self) -> list[str]:
        """Return what the browser has to say of the issuer's pages, except refused requests."""
        untyped: Any = self.chrome
        logged = untyped.get_log("browser")
        texts = [str(entry["message"]) for entry in logged]
        return [text for text in texts if self.url in text and "Failed to load resource" not in text]


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except Exception:
        return True
    return False


# Relative luminance and contrast by WCAG 2.2; a background without colour is that of the parent.
_CONTRAST = """
const channels = text => text.match(/[\\d.]+/g).map(Number);
const linear = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = rgb => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  throw new Error("no background");
};
const poor = [];
for (const element of document.body.querySelectorAll("*")) {
  const own = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!own || !element.checkVisibility()) continue;
  const [first, second] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
  const contrast = (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
  if (contrast < 4.5) poor.push(`${element.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
}
return poor;
"""
