"""What all pages of the development issuer have in common; they work without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from privy_middleware.development.html.markup import Html, html, joined

__all__ = ["NoticeKind", "button", "document", "notice"]

NoticeKind: TypeAlias = Literal["done", "caution", "error"]

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
{refresh}<title>{title} &ndash; Privy development issuer</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css">
<script src="/static/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="brand"><a href="/">Privy development issuer</a></p>
<p class="warning">Not for production: anyone can be any user here.</p>
</header>
<main id="main">
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def document(title: str, content: Html, refresh: str | None = None) -> Html:
    """Return a page; ``refresh`` is the address that the browser goes on to at once."""
    meta = html('<meta http-equiv="refresh" content="0; url={url}">\n', url=refresh) if refresh else None
    return html(_DOCUMENT, title=title, content=content, refresh=meta)


def _hidden(fields: Mapping[str, str]) -> Html:
    return joined(
        html('<input type="hidden" name="{n}" value="{v}">', n=name, v=value) for name, value in fields.items()
    )


def button(
    action: str, label: str, fields: Mapping[str, str] | None = None, *, kind: str = "", title: str | None = None
) -> Html:
    """Return a form with one button; ``title`` is what screen readers say if the label alone is not clear."""
    named = html(' aria-label="{title}"', title=title) if title else None
    return html(
        '<form method="post" action="{action}">{hidden}<button class="{kind}"{named}>{label}</button></form>',
        action=action,
        hidden=_hidden(fields or {}),
        kind=kind,
        named=named,
        label=label,
    )


def notice(text: str | None, kind: NoticeKind = "done") -> Html | None:
    """Return a message, which screen readers read out at once."""
    if text is None:
        return None
    role = "alert" if kind == "error" else "status"
    return html('<p class="notice {kind}" role="{role}">{text}</p>\n', kind=kind, role=role, text=text)
