"""The routes in WSGI frameworks."""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from typing import Any

import falcon
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.shared_data import SharedDataMiddleware

from tests.paths.routes import DIRECTORY, PAGES, REST, START, SUB_PAGES, Seen

__all__ = ["APPS"]

with warnings.catch_warnings():
    # Pyramid imports a module that setuptools has deprecated.
    warnings.simplefilter("ignore")
    # These packages have no types.
    bottle: Any = import_module("bottle")
    cherrypy: Any = import_module("cherrypy")
    pyramid: Any = import_module("pyramid.config")
    pyramid_response: Any = import_module("pyramid.response")

# CherryPy logs every request.
logging.getLogger("cherrypy").propagate = False
METHODS = ["GET", "HEAD", "POST", "OPTIONS"]


def flask_app(seen: Seen, *, strict: bool = True) -> Any:
    """Return an app in Flask, and another one that Werkzeug mounts next to it."""
    app, sub = (Flask(__name__, static_folder=str(DIRECTORY), static_url_path="/static") for _ in range(2))

    def add(into: Flask, path: str, name: str) -> None:
        def view(rest: str = "") -> bytes:
            return seen.run(name)

        into.add_url_rule(path, name, view, methods=METHODS, provide_automatic_options=False)

    for each in (app, sub):
        each.url_map.merge_slashes = each.url_map.strict_slashes = strict
    for path in PAGES:
        add(app, path, path)
    add(app, f"{REST}/<path:rest>", REST)
    for path in SUB_PAGES:
        add(sub, path, f"/sub{path}")
    return DispatcherMiddleware(app, {"/sub": sub})


def lenient_flask_app(seen: Seen) -> Any:
    """Return an app in Flask that does not normalise slashes."""
    return flask_app(seen, strict=False)


def falcon_app(seen: Seen) -> Any:
    """Return an app in Falcon."""

    class Resource:
        def __init__(self, name: str) -> None:
            self._name = name

        def on_get(self, request: Any, response: Any, rest: str = "") -> None:
            response.data = seen.run(self._name)

        on_post = on_options = on_head = on_get

    app = falcon.App()
    for path in (*PAGES, *(f"/sub{path}" for path in SUB_PAGES)):
        app.add_route(path, Resource(path))
    app.add_route(f"{REST}/{{rest:path}}", Resource(REST))
    sink: Any = Resource(START).on_get
    app.add_sink(sink, START)
    app.add_static_route("/static", DIRECTORY)
    return app


def bottle_app(seen: Seen) -> Any:
    """Return an app in Bottle with another one in it, which it calls over WSGI."""
    app, sub = bottle.Bottle(), bottle.Bottle()
    app.config["catchall"] = sub.config["catchall"] = False

    def add(into: Any, path: str, name: str) -> None:
        into.route(path, METHODS, lambda rest="": seen.run(name))

    for path in PAGES:
        add(app, path, path)
    add(app, f"{REST}/<rest:path>", REST)
    for path in SUB_PAGES:
        add(sub, path, f"/sub{path}")
    app.mount("/sub/", sub.wsgi)
    app.route("/static/<name:path>", callback=lambda name: bottle.static_file(name, root=str(DIRECTORY)))
    return app


def pyramid_app(seen: Seen) -> Any:
    """Return an app in Pyramid: routes, but traversal for paths below ``/sub`` and for ``/private``."""
    root, sub, private = (type(name, (dict,), {}) for name in ("Root", "Sub", "Private"))

    def view(name: str) -> Any:
        return lambda context, request: pyramid_response.Response(seen.run(name))

    config = pyramid.Configurator(root_factory=lambda request: root(sub=sub(private=private())))
    for path, pattern in (*((path, path) for path in PAGES if path != "/private"), (REST, f"{REST}/*rest")):
        config.add_route(path, pattern)
        config.add_view(view(path), route_name=path)
    config.add_view(view("/private"), context=root, name="private")
    config.add_view(view("/sub/private"), context=private)
    config.add_view(view("/sub/private/f"), context=private, name="f")
    config.add_view(view("/sub/open"), context=sub, name="open")
    config.add_static_view("static", str(DIRECTORY))
    return config.make_wsgi_app()


def cherrypy_app(seen: Seen) -> Any:
    """Return a tree of CherryPy's apps."""

    class Node:
        exposed = False

        def __call__(self, *rest: str, **query: str) -> bytes:
            return seen.run(self.name)

        name = ""

    def tree(paths: Any, prefix: str = "") -> Any:
        root = Node()
        for path in paths:
            node: Any = root
            for name in path.strip("/").replace("-", "_").split("/"):
                if not hasattr(node, name or "index"):
                    setattr(node, name or "index", Node())
                node = getattr(node, name or "index")
            node.exposed, node.name = True, prefix + path
        return root

    root = tree([*PAGES, REST])
    root.default = cherrypy.expose(lambda *names: seen.run("/".join(("", *names))))
    apps = cherrypy._cptree.Tree()
    cherrypy.config.update({"environment": "embedded", "log.screen": False})
    files = {"tools.staticdir.on": True, "tools.staticdir.dir": str(DIRECTORY)}
    apps.mount(root, "", {"/static": files})
    apps.mount(tree(SUB_PAGES, "/sub"), "/sub")
    return apps


def shared_data_app(seen: Seen) -> Any:
    """Return an app with only the files, by Werkzeug's middleware."""
    return SharedDataMiddleware(Flask(__name__, static_folder=None), {"/static": str(DIRECTORY)})


APPS = {
    "flask": flask_app,
    "lenient flask": lenient_flask_app,
    "falcon": falcon_app,
    "bottle": bottle_app,
    "pyramid": pyramid_app,
    "cherrypy": cherrypy_app,
    "shared data": shared_data_app,
}
