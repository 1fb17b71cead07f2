"""Check the project: ``nox`` runs the default sessions, ``nox -l`` lists them all.

Every session hands what follows ``--`` to its main tool: ``nox -s tests-3.12 -- tests/unit -x``.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
EXTRAS = ",".join(PYPROJECT["project"]["optional-dependencies"])
PACKAGES = [Path(path).name for path in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
# What could go wrong in a wheel and nowhere else: a file left out, an import of the checkout.
WHEEL_TESTS = [
    *(f"tests/{suite}" for suite in ("behaviour", "development", "http", "tokens", "unit", "users", "verifiers")),
    "tests/e2e/test_servers.py",
]
# A test process for each core, but not for dozens that a container shows and may not use.
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"]
SOURCES = ["privy_middleware", "integrations"]
CHECKED = [*SOURCES, "tests", "typing_tests", "example_apps", "benchmarks", "noxfile.py"]
TYPED = [path for path in CHECKED if Path(path).exists()]

nox.needs_version = ">=2026.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests", "wheel"]
# An interpreter that is not on the machine is named in the output and its session skipped, in CI too.
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
# Tests start many servers, which should not all compile their libraries anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A download may take its time on a busy machine.
os.environ.setdefault("UV_HTTP_TIMEOUT", "120")


def group(*names: str) -> list[str]:
    """Return the requirements of the dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


def measure(session: nox.Session) -> None:
    """Run the tests under branch coverage; a part of them is not held to the whole's mark."""
    env = {"COVERAGE_FILE": str(Path(session.create_tmp(), "coverage").resolve())}
    session.run("coverage", "erase", env=env)
    session.run("coverage", "run", "-m", "pytest", *SIDE_BY_SIDE, *session.posargs, env=env)
    session.run("coverage", "combine", "--quiet", env=env)
    session.run("coverage", "report", *(["--fail-under=0"] if session.posargs else []), env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the import contracts."""
    session.install("--editable", ".", *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)
    session.run("lint-imports")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types with mypy and pyright, and that each package's public names are fully typed."""
    session.install("--editable", f".[{EXTRAS}]", *group("typing"))
    targets = session.posargs or TYPED
    session.run("mypy", *targets)
    session.run("pyright", *targets)
    for package in PACKAGES:
        session.run("pyright", "--ignoreexternal", "--verifytypes", package)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on an editable install, with the coverage mark of pyproject.toml."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    measure(session)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest version of every direct dependency."""
    session.install("--resolution=lowest-direct", "--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "pytest", *SIDE_BY_SIDE, *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel once, look inside, and run the sdist's main tests on the installed wheel alone."""
    here = Path(session.create_tmp()).resolve()
    shutil.rmtree(here / "dist", ignore_errors=True)
    session.install(*group("build"))
    session.run("python", "-m", "build", "--installer=uv", f"--outdir={here / 'dist'}")
    built = next((here / "dist").glob("*.whl"))
    check_contents(session, built)
    checkout = unpack_without_sources(next((here / "dist").glob("*.tar.gz")), here / "unpacked")
    session.install(f"privy-middleware[{EXTRAS}] @ {built.as_uri()}", *group("tests"))
    session.chdir(checkout)
    session.run("python", "-m", "pytest", *SIDE_BY_SIDE, *(session.posargs or WHEEL_TESTS))


def check_contents(session: nox.Session, built: Path) -> None:
    """Stop unless the wheel holds the packages, each typed, its licence, and nothing else."""
    names = zipfile.ZipFile(built).namelist()
    info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
    if {name.split("/")[0] for name in names} != {*PACKAGES, info}:
        session.error(f"{built.name} holds other top-level names than {PACKAGES}")
    wanted = {f"{package}/py.typed" for package in PACKAGES} | {f"{info}/licenses/LICENSE"}
    if missing := wanted - set(names):
        session.error(f"{built.name} lacks {sorted(missing)}")


def unpack_without_sources(sdist: Path, where: Path) -> Path:
    """Unpack the sdist and take the packages away, so that only installed ones can be imported."""
    shutil.rmtree(where, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(where, filter="data")
    (checkout,) = where.iterdir()
    for source in SOURCES:
        shutil.rmtree(checkout / source)
    return checkout


@nox.session
def docs(session: nox.Session) -> None:
    """Run the snippets of README.md and docs/."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "pytest", "tests/docs", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run the property tests with many more examples than a test run takes."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "pytest", "tests/fuzz", "--hypothesis-profile=fuzz", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure verification beside its peers, paired in one run."""
    session.install("--editable", f".[{EXTRAS}]", *group("bench"))
    session.run("python", "-m", "benchmarks.bench", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Measure the example apps under load, on loopback only."""
    session.install("--editable", f".[{EXTRAS}]", *group("bench"))
    session.run("python", "-m", "benchmarks.load", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demonstration on its own extra alone, once unless told otherwise."""
    session.install("--editable", ".[demo]")
    session.run("python", "-m", "example_apps.demo", *(session.posargs or ["--once"]))
