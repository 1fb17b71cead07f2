"""The HTML page that a person sees where an API call gets JSON."""

from __future__ import annotations

from html import escape

__all__ = ["html_page"]

# Without scripts, images or fonts: the Content-Security-Policy of the response allows only the style.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 36rem; margin: 15vh auto 0; padding: 0 1.5rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def html_page(title: str, *paragraphs: str, link: tuple[str, str] | None = None) -> str:
    """Return a page with a heading, paragraphs and a link, which is an address and its text; all of it is escaped."""
    content = [f"<p>{escape(text)}</p>" for text in paragraphs]
    if link is not None:
        content.append(f'<p><a href="{escape(link[0])}">{escape(link[1])}</a></p>')
    return _PAGE.format(title=escape(title), content="\n".join(content))
