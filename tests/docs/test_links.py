"""Every link works, and those of README.md also on the package index."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

REPOSITORY = "https://github.com/privy-middleware/privy-middleware"
FILES = f"{REPOSITORY}/blob/main/"
PICTURES = f"{REPOSITORY}/main/".replace("github.com", "raw.githubusercontent.com")
README = ROOT / "README.md"
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
TEXTS = [*PAGES, *TUTORIALS, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]

_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(rf"{_FENCED.pattern}|`[^`]+`", _FENCED.flags)
_DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.MULTILINE)
_LINK = re.compile(r"\[(?P<text>[^\[\]]+)\](?:\((?P<target>[^)\s]+)\)|\[(?P<name>[^\[\]]+)\])?")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def targets(text: str) -> Iterator[str]:
    """Return the targets of a page's links; an undefined reference is an error."""
    # The text of a link may be code.
    prose = _CODE.sub("code", text)
    defined = {name.lower(): target for name, target in _DEFINITION.findall(prose)}
    for link in _LINK.finditer(_DEFINITION.sub("", prose)):
        yield link["target"] or defined[(link["name"] or link["text"]).lower()]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = _HEADING.findall(_FENCED.sub("", text))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    """Each link to a file of the repository, relative or absolute, leads to an existing file and heading."""
    for target in targets(page.read_text()):
        path, _, anchor = target.removeprefix(FILES).removeprefix(PICTURES).partition("#")
        if not path.startswith("http"):
            folder = ROOT if target.startswith((FILES, PICTURES)) else page.parent
            file = folder / path if path else page
            assert file.is_file(), target
            assert not anchor or anchor in anchors(file.read_text()), target


def test_long_description() -> None:
    """Package indexes show README.md, where a relative link does not work."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["readme"] == README.name
    found = list(targets(README.read_text()))
    assert len(found) > 20
    assert [target for target in found if not target.startswith(("https://", "#"))] == []
    assert not re.search(r"<(a|img)\b", _CODE.sub("", README.read_text()))


def test_definitions_are_used() -> None:
    """README.md uses every link that it defines."""
    prose = _CODE.sub("", README.read_text())
    used = {(link["name"] or link["text"]).lower() for link in _LINK.finditer(_DEFINITION.sub("", prose))}
    assert {name for name, _ in _DEFINITION.findall(prose)} <= used


def test_every_page_is_on_the_map() -> None:
    """The index links to every page, or to the file of the repository that it stands for."""
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in targets(index.read_text())}
    for page in {*PAGES, *TUTORIALS} - {README, index}:
        stands_for = re.fullmatch(r"# .+\n\nSee \[.+\]\((.+)\)\.\n", page.read_text())
        assert ((page.parent / stands_for[1]).resolve() if stands_for else page) in linked, page.name
