"""Rules about names: which are public, what an import loads, and what every error has."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import packages_distributions, requires, version
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from privy_middleware import __version__, errors

PACKAGES = ("privy_middleware", "flask_privy", "django_privy", "fastapi_privy", "litestar_privy", "pytest_privy")
FRAMEWORKS = {"django", "fastapi", "flask", "litestar", "msgspec", "pydantic", "starlette", "werkzeug"}
OPTIONAL = {"base58", "click", "Crypto", "opentelemetry", "redis", "rich", "standardwebhooks"}
# The header that a response with each status must have (RFC 9110 §10.2.2, §10.2.1, §11.6.1, §10.2.3).
ASKED_BY = {"Location": 302, "Allow": 405, "WWW-Authenticate": 401, "Retry-After": 503}
PLUGINS = {"django_privy", "fastapi_privy", "flask_privy", "litestar_privy", "pytest_privy"}


def folder_of(package: str) -> Path:
    """Return the directory that the package is imported from."""
    spec = find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def sources_of(package: str) -> list[Path]:
    """Return the modules of a package, without the example apps that the wheel contains."""
    return [path for path in sorted(folder_of(package).rglob("*.py")) if "bundled" not in path.parts]


def modules_with_all() -> Iterator[tuple[str, ast.Module]]:
    """Yield the dotted name and syntax tree of every module that has ``__all__``."""
    for package in PACKAGES:
        folder = folder_of(package)
        for path in sources_of(package):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if any("__all__" in assigned(node) for node in tree.body):
                parts = path.relative_to(folder.parent).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__"), tree


def assigned(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement assigns, except for type variables."""
    value = getattr(node, "value", None)
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {"ParamSpec", "TypeVar"}:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def statements(tree: ast.Module) -> list[ast.stmt]:
    """Return a module's own statements, including those under an ``if`` such as ``TYPE_CHECKING``."""
    guards = [node for node in tree.body if isinstance(node, ast.If)]
    return tree.body + [inner for guard in guards for inner in guard.body + guard.orelse]


def defined(tree: ast.Module) -> set[str]:
    """Return the public names that a module defines: functions, classes and assignments, not imports or hooks."""
    names: set[str] = set()
    for node in statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        names.update(assigned(node))
    return {name for name in names if not name.startswith(("_", "pytest_"))}


def imported(module: str, tree: ast.Module) -> set[str]:
    """Return the public names that a module imports from its own package, immediately or when they are first used."""
    package = module.partition(".")[0]
    froms = [node for node in statements(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in froms if (node.module or "").partition(".")[0] == package]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    return {name for name in names if not name.startswith("_")}


def error_classes() -> list[type[errors.PrivyError]]:
    """Return every error class of the packages, in whichever module it is defined."""
    for module, _ in modules_with_all():
        importlib.import_module(module)
    return [kind for kind in tree_of(errors.PrivyError) if kind.__module__.partition(".")[0] in PACKAGES]


def tree_of(base: type[errors.PrivyError]) -> Iterator[type[errors.PrivyError]]:
    """Yield the class and all its subclasses."""
    yield base
    for child in base.__subclasses__():
        yield from tree_of(child)


def example(kind: type[errors.PrivyError]) -> errors.PrivyError:
    """Return an instance, created with the arguments of its class."""
    if issubclass(kind, errors.ConfigurationError):
        return kind("app_id", "set it")
    return kind()


@pytest.mark.parametrize(("module", "tree"), [pytest.param(*item, id=item[0]) for item in modules_with_all()])
def test_all_is_the_public_names_sorted(module: str, tree: ast.Module) -> None:
    """``__all__`` lists every public name once, sorted; additional names come from the same package."""
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


def third_party_imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each distribution's module that a file imports, and whether that happens when the file itself is imported.

    Imports for type checkers are omitted; a name that is passed to ``import_module`` counts.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazily = {id(inner) for node in ast.walk(tree) if is_function(node) for inner in ast.walk(node)}
    unread = {id(inner) for node in ast.walk(tree) if is_for_typing(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        for name in imported_names(node) if id(node) not in unread else ():
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in PACKAGES:
                yield top, id(node) not in lazily


def is_function(node: ast.AST) -> bool:
    """Return whether the code in a node runs only when it is called."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def is_for_typing(node: ast.AST) -> bool:
    """Return whether a node is a block for type checkers only."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported_names(node: ast.AST) -> list[str]:
    """Return the dotted names of the modules that a statement or a call imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_module", "_load", "importlib.import_module"}:
        return [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return []


def required_modules() -> dict[str, set[str]]:
    """Return the modules of the required distributions by extra; those of the core are under ``""``."""
    provided: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for each in distributions:
            provided.setdefault(canonicalize_name(each), set()).add(module)
    found: dict[str, set[str]] = {}
    for requirement in map(Requirement, requires("privy-middleware") or ()):
        extra = "" if requirement.marker is None else str(requirement.marker).partition('"')[2].rstrip('"')
        found.setdefault(extra, set()).update(provided.get(canonicalize_name(requirement.name), set()))
    return found


def test_every_import_is_a_declared_dependency() -> None:
    """The core requires the distributions that importing it imports; later imports may need an extra.

    A dependency of a dependency is available only as long as the other one needs it.
    """
    required = required_modules()
    assert {"anyio", "cryptography", "httpx2", "jwt"} <= required[""]
    extras = set[str]().union(*required.values())
    imports = {found for path in sources_of("privy_middleware") for found in third_party_imports(path)}
    assert {("anyio", True), ("jwt", True), ("redis", False), ("standardwebhooks", False)} <= imports
    command_line = {found for path in sources_of("privy_middleware.cli") for found in third_party_imports(path)}
    assert {name for name, _ in command_line} <= required[""] | required["cli"]
    assert {name for name, at_once in imports - command_line if at_once} <= required[""]
    assert {name for name, _ in imports} <= extras
    assert {name for name, _ in imports} - required[""] == OPTIONAL


def test_the_version_is_the_distributions() -> None:
    """The version in the source is that of the installed distribution."""
    assert version("privy-middleware") == __version__


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    """Each package ships ``py.typed`` (PEP 561)."""
    assert (folder_of(package) / "py.typed").is_file()


def test_every_error_has_a_code_of_its_own() -> None:
    """No two error classes share a code, and none inherits the code of its parent."""
    codes = [kind.__dict__.get("code") for kind in error_classes()]
    assert None not in codes
    assert len(set(codes)) == len(codes)


def test_every_error_knows_its_answer(subtests: pytest.Subtests) -> None:
    """Each error has a status, a JSON body that is never stored, and the header that its status requires."""
    for kind in error_classes():
        with subtests.test(kind=kind.__name__):
            error = example(kind)
            headers = dict(error.headers)
            assert HTTPStatus(error.status) >= HTTPStatus.MULTIPLE_CHOICES
            assert headers["Content-Type"] == "application/json"
            assert headers["Cache-Control"] == "no-store"
            assert {name: error.status for name in ASKED_BY if name in headers} == {
                name: status for name, status in ASKED_BY.items() if status == error.status
            }
            assert json.loads(error.body) == {"message": error.message}


def test_every_error_class_is_public(subtests: pytest.Subtests) -> None:
    """Each error class is a public name of the module that defines it."""
    for kind in error_classes():
        with subtests.test(kind=kind.__name__):
            assert kind.__name__ in sys.modules[kind.__module__].__all__
