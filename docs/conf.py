"""Settings of the documentation site, which Sphinx builds from the Markdown pages of this folder.

The pages are written for GitHub, too, so they contain no directives. What only a site needs is added here: the
navigation, which is the tables of index.md, and the pages of the repository that are outside this folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/privy-middleware/privy-middleware"
OUTSIDE = {"changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md", "security_policy": "SECURITY.md"}
"""Pages of the site whose text is a file of the repository: in this folder, each is a link to that file."""

_FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(
    r"(?P<before>\]\(|^\[[^\]]+\]: )(?P<path>[\w./-]+\.\w+|LICENSE)(?P<anchor>#[^)\s]+)?", re.MULTILINE
)
_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_ROW = re.compile(r"^\| \[[^\]]+\]\(/([\w/]+)\.md\)", re.MULTILINE)

project = "privy-middleware"
author = "The privy-middleware authors"
html_title = project
language = "en"

extensions = ["myst_parser"]
exclude_patterns = ["_static", "_templates"]
# A broken link, anchor or reference is a warning, which is an error with --fail-on-warning.
nitpicky = True
# The anchors of headings are those of GitHub.
myst_heading_anchors = 4
# Quotes and dashes stay as they are written.
smartquotes = False

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
templates_path = ["_templates"]
html_sidebars = {"**": ["navigation.html"]}
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_context = {"default_mode": "auto"}
html_theme_options: dict[str, Any] = {
    "logo": {"text": project, "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "github_url": REPOSITORY,
    "navbar_center": [],
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "search_as_you_type": True,
    "search_bar_text": "Search the documentation",
    "footer_start": ["sphinx-version"],
    "footer_end": ["theme-version"],
}
if version := os.environ.get("DOCS_VERSION", ""):
    # The list of versions is in the folder that contains the folders of all versions.
    html_theme_options["switcher"] = {"json_url": "../versions.json", "version_match": version}
    html_theme_options["check_switcher"] = False
    html_theme_options["navbar_end"] = ["version-switcher", *html_theme_options["navbar_end"]]


def for_the_site(app: Sphinx, docname: str, source: list[str]) -> None:
    """Complete the text of a page: the file that it stands for, links that work on the site, the navigation."""
    folder = (ROOT / "docs" / docname).parent
    if docname in OUTSIDE:
        folder = ROOT
        app.env.note_dependency(str(ROOT / OUTSIDE[docname]))
        source[0] = (ROOT / OUTSIDE[docname]).read_text("utf-8")
    if docname == "changelog":
        # It has every name, so it would come first in most searches.
        source[0] = f"---\nnosearch: true\n---\n{source[0]}"
    source[0] = with_links(source[0], folder)
    if docname == app.config.root_doc:
        source[0] += navigation(source[0])


def with_links(text: str, folder: Path) -> str:
    """Return the text of a file in ``folder`` with links to pages of the site, and to GitHub for all other files."""
    parts = _FENCE.split(text)
    fences = [match[0] for match in _FENCE.finditer(text)]
    # The pattern has one group, so every second part is the marks of a fence.
    prose = [_TARGET.sub(lambda match: _link(match, folder), part) for part in parts[::2]]
    return "".join(each for pair in zip(prose, [*fences, ""], strict=True) for each in pair)


def _link(match: re.Match[str], folder: Path) -> str:
    pages = {file: f"{page}.md" for page, file in OUTSIDE.items()}
    file = (folder / match["path"]).resolve()
    if not file.is_relative_to(ROOT) or not file.is_file():
        return match[0]  # Sphinx reports it
    path = file.relative_to(ROOT).as_posix()
    inside = pages.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
    found = f"{REPOSITORY}/blob/main/{path}" if inside is None else f"/{inside}"
    return f"{match['before']}{found}{match['anchor'] or ''}"


def navigation(index: str) -> str:
    """Return the hidden tables of contents: one for each section of index.md, with the pages of its table."""
    _, *sections = _SECTION.split(index)
    titled = zip(sections[::2], sections[1::2], strict=True)
    lists = [(title, "\n".join(_ROW.findall(text))) for title, text in titled]
    return "".join(
        f"\n```{{toctree}}\n:caption: {title}\n:hidden:\n\n{pages}\n```\n" for title, pages in lists if pages
    )


def setup(app: Sphinx) -> None:
    """Register the function that completes the pages."""
    app.connect("source-read", for_the_site)
