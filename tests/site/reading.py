"""What a reader of the site does in the browser."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import Page
from tests.support.patience import PATIENCE

__all__ = ["RESULTS", "Reader"]

RESULTS = "#search-results ul.search a, #search-results li a"


class Reader(Page):
    """A browser tab with a page of the documentation."""

    @property
    def path(self) -> str:
        """Return the path of the page."""
        return str(self.chrome.current_url).removeprefix(self.url)

    def errors(self) -> list[str]:
        """Return the errors in the browser's console, such as a request that the policy of the site forbids."""
        untyped: Any = self.chrome
        return [str(entry["message"]) for entry in untyped.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Return the addresses of everything that the page has loaded."""
        script = "return performance.getEntriesByType('resource').map(each => each.name)"
        return list(self.chrome.execute_script(script))

    def press_together(self, modifier: str, key: str) -> None:
        """Press two keys together."""
        ActionChains(self.chrome).key_down(modifier).send_keys(key).key_up(modifier).perform()

    def wait_for(self, selector: str, text: str) -> None:
        """Wait until an element with a text is there."""
        WebDriverWait(self.chrome, PATIENCE).until(lambda _: text in self.texts(selector))

    def texts(self, selector: str) -> list[str]:
        """Return the texts of all elements of a selector, at one time."""
        script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent.trim())"
        return list(self.chrome.execute_script(script, selector))

    def search(self, words: str) -> None:
        """Open the search by keyboard, and type."""
        self.press_together(Keys.CONTROL, "k")
        WebDriverWait(self.chrome, PATIENCE).until(lambda _: self.focused("name") == "q")
        self.keys(words)

    def focused(self, attribute: str) -> str | None:
        """Return an attribute of the element with the focus."""
        return self.chrome.switch_to.active_element.get_attribute(attribute)

    def names(self, selector: str) -> list[str]:
        """Return the accessible names of the elements that are seen."""
        found = self.chrome.find_elements(By.CSS_SELECTOR, selector)
        return [each.accessible_name for each in found if each.is_displayed()]
