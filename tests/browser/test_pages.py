"""The page of the issuer: users, keys, webhooks, and whether everyone can use it."""

from __future__ import annotations

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from privy_middleware.development import DevelopmentIssuer
from privy_middleware.webhooks import WebhookEvent, WebhookReceiver
from tests.browser.driving import Page
from tests.development.test_site import endpoint
from tests.support.patience import PATIENCE

CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary"


def test_add_and_remove_a_user(page: Page, issuer: DevelopmentIssuer) -> None:
    """A user of any kind is added and signed in; a mistake is explained, and nothing typed is lost."""
    page.open("/")
    page.one("details.new summary").click()
    page.type("name", "mary")
    page.type("email", "mary@example.com")
    page.type("wallets", "0xwrong")
    page.type("custom_metadata", '{"role": "editor"}')
    page.one("#user-is_guest").click()
    page.press("Add the user")
    assert "wallets[0]: give an Ethereum or Solana address" in page.one("[role=alert]").text
    assert page.one("[aria-invalid]").get_attribute("name") == "wallets"
    page.type("wallets", "0x00000000000000000000000000000000000000Aa")
    page.press("Add the user")
    assert "The user was added." in page.one("[role=status]").text
    user = issuer.user("mary")
    assert (user.is_guest, dict(user.custom_metadata or {})) == (True, {"role": "editor"})
    assert [account.type for account in user.linked_accounts] == ["email", "wallet"]
    page.press("Sign in as mary")
    assert "Signed in at localhost as mary." in page.text
    [details] = [each for each in page.chrome.find_elements(By.TAG_NAME, "summary") if each.text == "Details of mary"]
    details.click()
    assert '"mary@example.com"' in page.text
    page.press("Remove mary")
    assert "mary" not in issuer.users
    assert "Nobody is signed in" in page.text


def test_keys(page: Page, issuer: DevelopmentIssuer) -> None:
    """Keys are rotated and withdrawn, and the key server is switched off and on."""
    page.open("/")
    first = issuer.kid
    page.press("Rotate")
    page.press(f"Withdraw the key {first}")
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.kid]
    assert "withdrawn" in page.text
    page.press("Switch the key server off")
    assert page.one(".server").text == "off"
    page.press("Switch the key server on")
    assert issuer.keys_available


def test_webhook(page: Page, issuer: DevelopmentIssuer) -> None:
    """A webhook that was sent from the page verifies, and the page shows the answer."""
    events: list[WebhookEvent] = []
    with endpoint(WebhookReceiver(issuer.webhook_secret, on_event=events.append)) as url:
        page.open("/")
        page.one("#hook-type option:nth-of-type(2)").click()
        page.type("url", url)
        page.press("Send the webhook")
    assert "user.authenticated was answered with 204 No Content" in page.one("[role=status]").text
    assert [event.type for event in events] == ["user.authenticated"]


def is_seen(page: Page, selector: str) -> bool:
    """Return whether an element is in the part of the page that the window shows."""
    script = "const box = arguments[0].getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight"
    return bool(page.chrome.execute_script(script, page.one(selector)))


def test_messages_are_seen(page: Page) -> None:
    """What was done, and why a form was refused, is in the window without scrolling; a wrong field has the focus."""
    with page.window(400, 600):
        page.open("/")
        page.press("Rotate")
        assert is_seen(page, "[role=status].done")
        page.type("url", "http://localhost:1/")
        page.press("Send the webhook")
        assert "could not be delivered" in page.one("[role=alert]").text
        assert is_seen(page, "[role=alert]")
        page.one("details.new summary").click()
        page.type("name", "mary")
        page.type("custom_metadata", "{")
        page.press("Add the user")
        WebDriverWait(page.chrome, PATIENCE).until(
            lambda chrome: chrome.switch_to.active_element.get_attribute("name") == "custom_metadata"
        )
        assert "this is not JSON" in page.one("[role=alert]").text
        assert page.one("[aria-invalid]").get_attribute("aria-describedby") == "user-error hint-custom_metadata"
        assert is_seen(page, "[aria-invalid]")
        page.type("custom_metadata", "")
        page.type("name", "my name")
        page.press("Add the user")
        assert page.one("#user-name").value_of_css_property("border-top-width") == "2px"


def test_keyboard(page: Page) -> None:
    """The page is used by keyboard alone, and the first key leads to a link past the header."""
    page.open("/")
    page.keys(Keys.TAB)
    assert page.chrome.switch_to.active_element.text == "Skip to the content"
    page.tab_to("Sign in as grace")
    before = page.one("html")
    page.keys(Keys.ENTER)
    page.wait_for_change(before)
    assert "Signed in at localhost as grace." in page.text


@pytest.mark.parametrize("path", ["/", "/login?app=http://localhost:8000", "/logout", "/nowhere"])
def test_names_for_screen_readers(page: Page, path: str) -> None:
    """Every control has a name of its own, and there is one main heading and one main part."""
    page.open("/login")
    page.press("Sign in as ada")
    page.open(path)
    names = [
        (each.aria_role, each.accessible_name)
        for each in page.chrome.find_elements(By.CSS_SELECTOR, CONTROLS)
        if each.is_displayed()
    ]
    assert names
    assert all(name for _, name in names)
    assert len(set(names)) == len(names)
    for selector in ("h1", "main", "html[lang=en]"):
        assert len(page.chrome.find_elements(By.CSS_SELECTOR, selector)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: Page, scheme: str) -> None:
    """In light and dark, all text has a contrast of at least 4.5 to 1 (WCAG 2.2 §1.4.3)."""
    with page.scheme(scheme):
        page.open("/login")
        page.press("Sign in as ada")
        page.press("Remove the tokens")
        assert page.poor_contrast == []


@pytest.mark.parametrize("width", [320, 1280])
def test_no_sideways_scrolling(page: Page, issuer: DevelopmentIssuer, width: int) -> None:
    """The page fits into a narrow window, also with long words (WCAG 2.2 §1.4.10)."""
    issuer.add_user("n" * 64, email=f"{'m' * 100}@example.com", custom_metadata={"role": "r" * 100})
    with page.window(width):
        page.open("/")
        page.one("details.new summary").click()
        assert page.chrome.execute_script("return document.documentElement.scrollWidth") == width
