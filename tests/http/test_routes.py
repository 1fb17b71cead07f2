"""Path prefixes that match no route."""

from __future__ import annotations

import pytest

from privy_middleware.http.routes import unmatched


@pytest.mark.parametrize(
    ("prefix", "template", "matches"),
    [
        ("/api", "/api", True),
        ("/api", "/api/users/{id}", True),
        ("/API/", "/api/users", True),
        ("/api", "/apis", False),
        ("/api*", "/apis", True),
        ("/api*", "/ap", False),
        ("/api/users", "/api", False),
        ("/users/7/posts", "/users/{id}/posts", True),
        ("/users/7/posts", "/users/<int:id>/posts", True),
        ("/users/7/posts", "/users/{id}/likes", False),
        ("/users/7/posts", "/users/{id}", False),
        ("/files/a/b", "/files/{rest:path}", True),
        ("/files/a/b", "/files/<path:rest>", True),
        ("/static/css", "/static/**", True),
        ("/anything", "/**", True),
        ("/", "/api", True),
        ("/api", "/", False),
    ],
)
def test_prefix(prefix: str, template: str, matches: bool) -> None:
    """A prefix matches a route at its path or below it, in any case; parameters match any name."""
    assert unmatched([prefix], [template]) == ([] if matches else [prefix])


def test_no_routes_at_all() -> None:
    """If the routes are not known, nothing is reported."""
    assert unmatched(["/api"], []) == []
    assert unmatched(["/a", "/b"], ["/a", "/c"]) == ["/b"]
