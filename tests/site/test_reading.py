"""The site in a real browser: every page, the search, the keyboard, a phone, and both colour schemes."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome, Keys

from tests.site.building import NAMES, Built, build, small_site
from tests.site.reading import Reader
from tests.site.serving import serve
from tests.site.test_build import INDEX

WIDE = """
const scrolls = "pre, .pst-scrollable-table-container";
return [...document.querySelectorAll("main *, header *")]
  .filter(each => each.checkVisibility() && !each.closest(scrolls) && !each.closest("dialog"))
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".bd-sidebar-secondary"))
  .map(each => each.outerHTML.slice(0, 80));
"""


@pytest.mark.parametrize("name", [*NAMES, "search"])
def test_page_on_a_phone(name: str, reader: Reader) -> None:
    """A page loads without an error and only from its own host, and fits into 320 pixels (WCAG 2.2 §1.4.10)."""
    with reader.window(320, 640):
        reader.open(f"/{name}.html")
        assert reader.chrome.execute_script("return document.documentElement.scrollWidth") == 320
        assert reader.chrome.execute_script(WIDE) == []
    hosts = {urlsplit(address).netloc for address in reader.requests() if not address.startswith("data:")}
    assert hosts == {urlsplit(reader.url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "fastapi", "configuration", "why_401", "reference"])
def test_contrast(name: str, scheme: str, reader: Reader) -> None:
    """In light and dark, all text has a contrast of at least 4.5 to 1, code included."""
    with reader.scheme(scheme):
        reader.open(f"/{name}.html")
        assert reader.one("html").get_attribute("data-theme") == scheme
        assert reader.poor_contrast == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_of_search_results(scheme: str, reader: Reader) -> None:
    """The results of the search can be read, too, with the words that they emphasise."""
    with reader.scheme(scheme):
        reader.open("/search.html?q=leeway")
        reader.wait_for("#search-results a", "Configuration")
        assert reader.poor_contrast == []


@pytest.mark.parametrize("setting", ["trusted_origins", "leeway", "on_invalid"])
def test_search_as_you_type(setting: str, reader: Reader) -> None:
    """The search is opened by keyboard, and finds the page of a setting by its name."""
    reader.open("/index.html")
    reader.search(setting)
    reader.wait_for("#search-results a", "Configuration")
    assert "Changelog" not in reader.texts("#search-results a")


def test_search_results_page(reader: Reader) -> None:
    """The enter key shows the results on a page, whose links lead to the place."""
    reader.open("/django.html")
    before = reader.one("html")
    reader.search(f"key_timeout{Keys.ENTER}")
    reader.wait_for_change(before)
    reader.wait_for("#search-results a", "Configuration")
    assert reader.path == "/search.html?q=key_timeout"


def test_search_without_a_server(chrome: Chrome, site: Built) -> None:
    """A copy of the site on the reader's own disk can be searched."""
    reader = Reader(chrome, "http://localhost")
    reader.open((site.folder / "search.html").as_uri() + "?q=leeway")
    reader.wait_for("#search-results a", "Configuration")
    # A page may not read other files, so there is no text below the results, and the console has an error for each.
    reader.open("about:blank")
    reader.errors()


def test_keyboard(reader: Reader) -> None:
    """The first key leads to a link past the header; the search, the menu and every page can be reached."""
    reader.open("/index.html")
    reader.keys(Keys.TAB)
    assert reader.chrome.switch_to.active_element.accessible_name == "Skip to main content"
    for label in ("Search", "Color mode", "Webhooks"):
        reader.tab_to(label)
        assert reader.chrome.execute_script(FOCUS_IS_SEEN), label
    before = reader.one("html")
    reader.keys(Keys.ENTER)
    reader.wait_for_change(before)
    assert reader.path == "/webhooks.html"
    assert reader.texts(".bd-docs-nav [aria-current=page], .bd-docs-nav .current.active > a") == ["Webhooks"]


FOCUS_IS_SEEN = """
const style = getComputedStyle(document.activeElement);
return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none";
"""


def test_colour_scheme_is_kept(reader: Reader) -> None:
    """A reader's own choice of the colour scheme has precedence over the system's, also on the next page."""
    with reader.scheme("light"):
        reader.open("/index.html")
        reader.one(".theme-switch-button").click()
        reader.one('.theme-change-button[data-mode="dark"]').click()
        reader.open("/flask.html")
        assert reader.one("html").get_attribute("data-theme") == "dark"


def test_menu_on_a_phone(reader: Reader) -> None:
    """On a phone, a button opens the navigation; the escape key closes it and returns to the button."""
    with reader.window(320, 640):
        reader.open("/index.html")
        reader.tab_to("Site navigation")
        reader.keys(Keys.ENTER)
        reader.wait_for("dialog[open] .bd-docs-nav a", "Quick start")
        reader.keys(Keys.ESCAPE)
        reader.wait_for("dialog:not([open]) , button[aria-expanded=false]", "")
        assert reader.texts("dialog[open]") == []


@pytest.mark.parametrize("name", ["index", "django"])
def test_names_for_screen_readers(name: str, reader: Reader) -> None:
    """Every control has a name, and there is one main heading and one main part."""
    reader.open(f"/{name}.html")
    assert all(reader.names("a[href], button, input:not([type=hidden])"))
    for selector in ("h1", "main", "html[lang=en]"):
        assert len(reader.texts(selector)) == 1


def test_versions(reader: Reader, tmp_path: Path) -> None:
    """A site that is built with ``DOCS_VERSION`` has links to the versions in the list beside its folder."""
    source = small_site(tmp_path, index=INDEX, first="# First\n")
    built = build(source, tmp_path / "all" / "1.2", DOCS_VERSION="1.2")
    assert (built.report, built.succeeded) == ("", True)
    listed = [{"version": number, "url": f"/{number}/"} for number in ("1.2", "1.1")]
    (tmp_path / "all" / "versions.json").write_text(json.dumps(listed))
    with serve(tmp_path / "all") as url:
        reader.open(f"{url}/1.2/first.html")
        # The header has a list for wide screens, the navigation one for phones.
        reader.wait_for(".bd-header .version-switcher__button", "1.2")
        reader.one(".bd-header .version-switcher__button").click()
        assert reader.texts(".bd-header .version-switcher__menu a") == ["1.2", "1.1"]
