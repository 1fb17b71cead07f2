"""The site is built without a warning, contains every page, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.site.building import NAMES, Built, build, small_site

SECTIONS = ["Start", "Tutorials", "Frameworks", "How-to guides", "Explanation", "Reference", "Contributing"]
INDEX = "# Home\n\n## Start\n\n| page | topics |\n| --- | --- |\n| [First](first.md) | all |\n"

_LOADS = {"src", "srcset", "poster", "data", "action", "formaction", "background"}
_IN_CSS = re.compile(r"""@import\s+["']?([^"';)]+)|url\(\s*["']?([^"')]+)""")


class Elements(HTMLParser):
    """The start tags of a page."""

    def __init__(self, page: Path) -> None:
        """Read the page."""
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag with its attributes."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def loaded(self) -> Iterator[str]:
        """Return the addresses that a browser loads without a click, or sends a form to."""
        for tag, attributes in self.found:
            names = _LOADS | ({"href"} if tag in {"link", "base", "image", "use"} else set())
            yield from (value for name, value in attributes.items() if name in names)

    def links(self) -> list[str]:
        """Return the targets of the links."""
        return [attributes["href"] for tag, attributes in self.found if tag == "a" and "href" in attributes]


def is_foreign(address: str) -> bool:
    """Return whether an address is on another host."""
    return bool(re.match(r"\s*(\w+:)?//", address))


def test_strict(site: Built) -> None:
    """The build succeeds, and reports nothing."""
    assert (site.report, site.succeeded) == ("", True)


def test_every_page_is_built(site: Built) -> None:
    """Each Markdown page is a page of the site, and there are no others."""
    pages = [path.relative_to(site.folder).with_suffix("") for path in site.folder.rglob("*.html")]
    assert {path.as_posix() for path in pages if path.parts[0] != "_static"} == {*NAMES, "search"}


def test_navigation(site: Built) -> None:
    """Every page has a link to every other one, in sections, which are in the order of a reader's questions."""
    text = (site.folder / "why_401.html").read_text("utf-8")
    navigation = text[
        text.index('<nav class="bd-docs-nav') : text.index("</nav>", text.index('<nav class="bd-docs-nav'))
    ]
    captions = re.findall(r'<span class="caption-text">(.+?)</span>', navigation)
    assert captions == [name for name in SECTIONS if name in captions]
    pages = re.findall(r'href="([^"]*)"', navigation)
    assert sorted(pages) == sorted("#" if name == "why_401" else f"{name}.html" for name in {*NAMES} - {"index"})


@pytest.mark.parametrize(
    ("name", "source"), [("changelog", "CHANGELOG"), ("contributing", "CONTRIBUTING"), ("security_policy", "SECURITY")]
)
def test_pages_of_files_outside(name: str, source: str, site: Built) -> None:
    """A page has the text of the file that it stands for, and its links lead to pages of the site."""
    elements, file = Elements(site.folder / f"{name}.html"), ROOT / f"{source}.md"
    headings = re.findall(r"^## (.+)$", file.read_text("utf-8"), re.MULTILINE)
    anchors = {attributes.get("id") for tag, attributes in elements.found if tag == "section"}
    assert headings
    assert {re.sub(r"\W+", "-", heading.lower()).strip("-") for heading in headings} <= anchors
    assert not [link for link in elements.links() if "blob/main/docs/" in link]


def test_links_to_other_files(site: Built) -> None:
    """A link to a file that has no page leads to the repository."""
    links = Elements(site.folder / "contributing.html").links()
    assert "https://github.com/privy-middleware/privy-middleware/blob/main/README.md" in links
    assert {"changelog.html", "security_policy.html", "reference.html"} <= set(links)


def test_nothing_is_loaded_from_elsewhere(site: Built) -> None:
    """No page names a file of another host that a browser would load, and no style sheet a font."""
    for page in site.folder.rglob("*.html"):
        loaded = list(Elements(page).loaded())
        assert len(loaded) > 5
        assert [address for address in loaded if is_foreign(address)] == [], page.name
    for sheet in site.folder.rglob("*.css"):
        found = ["".join(match) for match in _IN_CSS.findall(sheet.read_text("utf-8"))]
        assert [address for address in found if is_foreign(address)] == [], sheet.name


MISTAKES = {
    "a page": ("[text](nowhere.md)", "nowhere.md"),
    "a file outside": ("[text](../NOWHERE.md)", "../NOWHERE.md"),
    "a heading of the page": ("[text](#nowhere)", "nowhere"),
    "a heading of another page": ("[text](index.md#nowhere)", "nowhere"),
    "a picture": ("![text](images/nowhere.png)", "images/nowhere.png"),
}


def test_mistakes(tmp_path: Path) -> None:
    """The build fails for a broken link, anchor or picture, and for a page that is not in the navigation."""
    text = "\n\n".join(mistake for mistake, _ in MISTAKES.values())
    built = build(
        small_site(tmp_path, index=INDEX, first=f"# First\n\n{text}\n", second="# Second\n"), tmp_path / "out"
    )
    assert not built.succeeded
    warnings = [line for line in built.report.splitlines() if "WARNING" in line]
    for number, (mistake, part) in enumerate(MISTAKES.values()):
        assert [line for line in warnings if f"first.md:{3 + 2 * number}" in line and part in line], mistake
    assert [line for line in warnings if "second.md" in line and "toctree" in line]
