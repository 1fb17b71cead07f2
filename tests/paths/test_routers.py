"""In each framework: protected handlers are not reached by any other path, and open ones are reached."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.paths.routes import ADDRESSES, DIRECTORY, EVERYTHING, PREFIXES, REST, START, Rules
from tests.paths.stacks import EVERY_KIND, Stack

pytestmark = [
    pytest.mark.parametrize("kind", EVERY_KIND),
    # Django serves files over ASGI with this warning.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]
PREFLIGHT = [("Access-Control-Request-Method", "GET")]
PAGES = [address for address in ADDRESSES if not address.startswith("/static/")]


def has(stack: Stack, address: str) -> bool:
    """Return whether an app has a handler or file for a path."""
    if stack.name in ("shared data", "channels"):
        return address.startswith("/static/") is (stack.name == "shared data")
    return True


def reached(stack: Stack, address: str, **options: Any) -> bool:
    """Return whether a request reaches exactly the handler or file of a path."""
    target = f"/v1{address}" if stack.name.startswith("fastapi") else address
    names = stack.get(target, **options)
    assert names in ([], [REST] if address.startswith(f"{REST}/") else [address])
    return bool(names)


def test_every_handler_and_file_is_there(kind: str) -> None:
    """Otherwise the tests of paths that are not reached would prove nothing."""
    with EVERY_KIND[kind](Rules(())) as stacks:
        for stack in stacks:
            assert [each for each in ADDRESSES if reached(stack, each) is not has(stack, each)] == []


@pytest.mark.parametrize("rules", [PREFIXES, EVERYTHING])
def test_what_is_open_is_reached(kind: str, rules: Rules) -> None:
    """The plain path reaches exactly the open handler; below a root path it must be exempt with it and without it."""
    with EVERY_KIND[kind](rules) as stacks:
        for stack in stacks:
            for each in ADDRESSES:
                opens = rules.opens(each, "GET") and not (stack.name.startswith("fastapi") and rules is EVERYTHING)
                assert reached(stack, each) is (opens and has(stack, each))


def test_preflights(kind: str) -> None:
    """A preflight reaches open handlers, and protected ones only with ``preflight="pass"``."""
    for settings in ({}, {"preflight": "pass"}):
        with EVERY_KIND[kind](PREFIXES, **settings) as stacks:
            for stack in stacks:
                for each in PAGES:
                    entered = reached(stack, each, fields=PREFLIGHT, method="OPTIONS")
                    assert entered is (has(stack, each) and bool(settings or PREFIXES.opens(each, "OPTIONS")))
                    assert reached(stack, each, method="OPTIONS") is (has(stack, each) and PREFIXES.opens(each, ""))


def escaped(text: str, times: int = 1) -> str:
    """Return text that is percent-encoded several times, including slashes."""
    for _ in range(times):
        text = quote(text, safe="")
    return text


ATTACKS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "wsgi": [
        # A view with a prefix marker, and with a mount point from the client.
        ("pyramid", "/@@private", {}),
        ("pyramid", "/sub/private/@@f", {}),
        ("pyramid", "/x", {"HTTP_X_VHM_ROOT": "/private"}),
        ("pyramid", "/private", {"HTTP_X_VHM_ROOT": "/sub"}),
        # Any punctuation instead of an underscore.
        ("cherrypy", "/my_area", {}),
        ("cherrypy", "/my.area/f", {}),
        ("cherrypy", "/my;area", {}),
        ("cherrypy", "/my%3Farea", {}),
        ("cherrypy", "/my%23area", {}),
        ("cherrypy", "/my%25area", {}),
        ("cherrypy", "//my%5Carea//f", {}),
        # The file's full path, instead of one relative to the directory.
        ("cherrypy", f"/static/{escaped(f'{DIRECTORY}/private/f.txt', 2)}", {}),
        ("cherrypy", f"/static/{escaped(str(DIRECTORY), 2)}/./private/f.txt", {}),
        ("cherrypy", f"/static/{escaped(f'{DIRECTORY}//private', 2)}/f.txt", {}),
        # The whole path, whose start a client can set if gunicorn trusts it.
        ("cherrypy", "/f", {"SCRIPT_NAME": "/private"}),
        ("cherrypy", "", {"SCRIPT_NAME": "/sub/private"}),
        # The name of the handler for paths that are not found.
        ("cherrypy", "/default/private/x", {}),
        # Only the start of the path.
        ("falcon", f"{START}-here/x", {}),
        # Decoded twice before it reaches a mounted app.
        ("bottle", "/sub/pri%C3%BFvate", {}),
        ("bottle", "/sub/%C3%BFprivate/f", {}),
    ],
    "asgi": [
        # The mount point that Daphne allows clients to set.
        ("starlette", "/x/private", {"root_path": "/x"}),
        ("quart", "/xprivate", {"root_path": "/x"}),
        ("litestar", "/a/x/private/f", {"root_path": "/x"}),
        ("litestar", "/xprivate", {"root_path": "x"}),
        ("litestar", "/xa/x//private", {"root_path": "/x/"}),
        ("channels", "/xprivate", {"root_path": "/x"}),
        ("django", "/x/private", {"root_path": "/x"}),
        ("django", "/PRIVATE/", {}),
        ("falcon", f"{START}-here/x", {}),
        ("litestar", f"{START}-here/x", {}),
        ("starlette", "/static/./private/f.txt", {}),
        ("starlette", "/static/x/../private//f.txt", {}),
        ("sanic", "/static/%70rivate/%66.txt", {}),
    ],
}


def test_other_names(kind: str) -> None:
    """Without protection, each of these requests reaches a protected handler or file."""
    with EVERY_KIND[kind](Rules(())) as stacks:
        apps = {stack.name: stack for stack in stacks}
        names = [apps[name].get(target, **more) for name, target, more in ATTACKS[kind]]
        assert [attack for attack, reached in zip(ATTACKS[kind], names, strict=True) if not reached] == []
        assert not any(PREFIXES.opens(each, "GET") for reached in names for each in reached)
    for rules in (PREFIXES, EVERYTHING):
        with EVERY_KIND[kind](rules) as stacks:
            apps = {stack.name: stack for stack in stacks}
            attacks = [attack for attack in ATTACKS[kind] if apps[attack[0]].get(attack[1], **attack[2])]
        assert attacks == []
