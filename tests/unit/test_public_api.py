"""Promises about names: what is public, what an import loads, what every error carries."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from privy_middleware import errors

PACKAGES = ("privy_middleware", "flask_privy", "django_privy", "fastapi_privy")
FRAMEWORKS = {"django", "fastapi", "flask", "pydantic", "starlette", "werkzeug"}
OPTIONAL = {"base58", "Crypto", "redis", "standardwebhooks"}
PLUGINS = {"django_privy", "fastapi_privy", "flask_privy"}


def folder_of(package: str) -> Path:
    """Return the folder that the package is imported from."""
    spec = find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def modules_with_all() -> Iterator[tuple[str, ast.Module]]:
    """Yield the dotted name and syntax tree of every module that has ``__all__``."""
    for package in PACKAGES:
        folder = folder_of(package)
        for path in sorted(folder.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if any("__all__" in assigned(node) for node in tree.body):
                parts = path.relative_to(folder.parent).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__"), tree


def assigned(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement assigns, type variables aside."""
    value = getattr(node, "value", None)
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {"ParamSpec", "TypeVar"}:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def defined(tree: ast.Module) -> set[str]:
    """Return the public names that a module defines: functions, classes and assignments, not imports."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    names |= {name for node in tree.body for name in assigned(node)}
    return {name for name in names if not name.startswith("_")}


def imported(module: str, tree: ast.Module) -> set[str]:
    """Return the public names that a module imports from its own package."""
    package = module.split(".")[0]
    froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    ours = [node for node in froms if (node.module or "").split(".")[0] == package]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    return {name for name in names if not name.startswith("_")}


def error_classes(base: type[errors.PrivyError] = errors.PrivyError) -> list[type[errors.PrivyError]]:
    """Return every error class of the packages, the base first."""
    found = [base]
    for child in base.__subclasses__():
        if child.__module__.split(".")[0] in PACKAGES:
            found += error_classes(child)
    return found


def example(kind: type[errors.PrivyError]) -> errors.PrivyError:
    """Return an instance, from the arguments that its kind takes."""
    if issubclass(kind, errors.ConfigurationError):
        return kind("app_id", "set it")
    return kind()


@pytest.mark.parametrize(("module", "tree"), [pytest.param(*item, id=item[0]) for item in modules_with_all()])
def test_all_is_the_public_names_sorted(module: str, tree: ast.Module) -> None:
    """``__all__`` holds every public name once, in plain order; what it adds comes from the same package."""
    exported = importlib.import_module(module).__all__
    taken = imported(module, tree)
    required = defined(tree) | (taken if module in PACKAGES else set())
    assert list(exported) == sorted(set(exported))
    assert not required - set(exported)
    assert not set(exported) - required - taken
    assert all(hasattr(importlib.import_module(module), name) for name in exported)


def test_importing_the_core_loads_no_framework() -> None:
    """``import privy_middleware`` loads no web framework, no plugin and no optional dependency."""
    program = "import json, sys, privy_middleware; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(run.stdout)}
    assert "privy_middleware" in loaded
    assert not loaded & (FRAMEWORKS | OPTIONAL | PLUGINS)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    """Each package ships ``py.typed`` (PEP 561)."""
    assert (folder_of(package) / "py.typed").is_file()


def test_every_error_has_a_code_of_its_own() -> None:
    """No two error classes share a code, and none inherits its parent's."""
    codes = [kind.__dict__.get("code") for kind in error_classes()]
    assert None not in codes
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_knows_its_answer(kind: type[errors.PrivyError]) -> None:
    """Each error has a status, a JSON body that is never stored, and the header its status asks for."""
    error = example(kind)
    headers = dict(error.headers)
    assert error.status in {302, 401, 403, 500, 503}
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert ("Location" in headers) == (error.status == 302)
    assert ("WWW-Authenticate" in headers) == (error.status == 401)
    assert ("Retry-After" in headers) == (error.status == 503)
    assert ("Location" in headers) == (error.status == 302)
    assert json.loads(error.body) == {"message": error.message}


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_is_public(kind: type[errors.PrivyError]) -> None:
    """Each error class is among the public names of the module that defines it."""
    assert kind.__name__ in sys.modules[kind.__module__].__all__
