"""Check the project: ``nox`` runs the default sessions, ``nox -l`` lists them all.

Every session passes the arguments after ``--`` to its main tool: ``nox -s tests-3.12 -- tests/unit -x``.
"""

from __future__ import annotations

import hashlib
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
# These tests find mistakes that only a wheel can have: a missing file, or an import that works only in the checkout.
WHEEL_TESTS = [
    "tests/behaviour/test_table.py",
    "tests/cli/test_demo.py",
    "tests/development",
    "tests/e2e/test_servers.py",
    "tests/unit/test_public_api.py",
]
# One test process per core, but at most four: a container can report many more cores than it may use.
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"]
SOURCES = ["privy_middleware", "integrations"]
CHECKED = [*SOURCES, "tests", "typing_tests", "example_apps", "benchmarks", "release", "docs/conf.py", "noxfile.py"]
TYPED = [path for path in CHECKED if Path(path).exists()]

nox.needs_version = ">=2026.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests", "wheel"]
# If a Python version is not installed, nox names it in the output and skips its session, in CI too.
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
# Tests start many servers, which should not all compile their libraries again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Downloads can be slow on a busy machine.
os.environ.setdefault("UV_HTTP_TIMEOUT", "120")


# The slowest tests, of programs and of what frameworks do with many requests, run on the newest Python of the machine
# only. What they cover is covered on every Python, and the oldest serves the installed wheel.
NEWEST_ONLY = [
    "tests/behaviour/test_hygiene.py",
    "tests/behaviour/test_table.py",
    "tests/browser",
    "tests/development/test_pytest_plugin.py",
    "tests/e2e",
    "tests/isolation",
    "tests/parameters",
    "tests/site",
    "tests/tutorials",
]
FOUND = [version for version in PYTHONS if shutil.which(f"python{version}")] or PYTHONS


def group(*names: str) -> list[str]:
    """Return the requirements of the dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


def measure(session: nox.Session, *options: str) -> None:
    """Run the tests with branch coverage; the required coverage applies only to the complete suite."""
    env = {"COVERAGE_FILE": str(Path(session.create_tmp(), "coverage").resolve())}
    session.run("coverage", "erase", env=env)
    session.run("coverage", "run", "-m", "pytest", *SIDE_BY_SIDE, *options, *session.posargs, env=env)
    session.run("coverage", "combine", "--quiet", env=env)
    session.run("coverage", "report", *(["--fail-under=0"] if session.posargs else []), env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, the import contracts, and the workflows of GitHub."""
    session.install("--editable", ".", *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)
    session.run("lint-imports")
    session.run("zizmor", "--offline", "--persona=pedantic", ".github")


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
    """Run the tests on an editable install, with the required coverage of pyproject.toml."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    if session.python != FOUND[-1] and not session.posargs:
        session.log(f"{', '.join(NEWEST_ONLY)}: on Python {FOUND[-1]} only")
        measure(session, *(f"--ignore={path}" for path in NEWEST_ONLY))
    else:
        measure(session)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest version of every direct dependency."""
    session.install("--resolution=lowest-direct", "--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "pytest", *SIDE_BY_SIDE, *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel once, check both, and run the main tests of the sdist on the installed wheel."""
    session.install(*group("build"))
    sdist, built = build(session, Path(session.create_tmp(), "dist").resolve())
    test_installed(session, sdist, built, *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Make a release in dist/: sdist and wheel, checked and tested, a bill of materials and checksums.

    With a tag, as in ``nox -s release -- v0.1.0``, version and changelog must be those of the tag.
    """
    session.install("pip", *group("build", "release"))
    dist = Path("dist").resolve()
    sdist, built = build(session, dist)
    version = built.name.split("-")[1]
    if session.posargs not in ([], [f"v{version}"]):
        session.error(f"the version is {version}, and the tag {session.posargs[0]}")
    if session.posargs and f"## [{version}] - " not in Path("CHANGELOG.md").read_text("utf-8"):
        session.error(f"CHANGELOG.md has no section for {version} with a date")
    write_bill(session, built, dist / f"privy-middleware-{version}.cdx.json")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / "SHA256SUMS").write_text("".join(sums))
    test_installed(session, sdist, built)


def build(session: nox.Session, dist: Path) -> tuple[Path, Path]:
    """Build sdist and wheel in an empty directory, check what they contain, and return their paths."""
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--installer=uv", f"--outdir={dist}")
    # The package index must be able to show README.md.
    session.run("twine", "check", "--strict", *map(str, dist.iterdir()))
    built = next(dist.glob("*.whl"))
    check_contents(session, built)
    return next(dist.glob("*.tar.gz")), built


def test_installed(session: nox.Session, sdist: Path, built: Path, *tests: str) -> None:
    """Run tests of the sdist, by default the main ones, on the installed wheel and without the sources."""
    checkout = unpack_without_sources(sdist, Path(session.create_tmp(), "unpacked").resolve())
    session.install(f"privy-middleware[{EXTRAS}] @ {built.as_uri()}", *group("tests"))
    session.chdir(checkout)
    session.run("python", "-m", "pytest", *SIDE_BY_SIDE, *(tests or WHEEL_TESTS))


def check_contents(session: nox.Session, built: Path) -> None:
    """Stop unless the wheel contains exactly the packages, each with ``py.typed``, and the licence."""
    names = zipfile.ZipFile(built).namelist()
    info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
    if {name.split("/")[0] for name in names} != {*PACKAGES, info}:
        session.error(f"{built.name} contains other top-level names than {PACKAGES}")
    wanted = {f"{package}/py.typed" for package in PACKAGES} | {f"{info}/licenses/LICENSE"}
    wanted |= {f"privy_middleware/cli/bundled/{path.as_posix()}" for path in Path("example_apps").glob("*.py")}
    if missing := wanted - set(names):
        session.error(f"{built.name} does not contain {sorted(missing)}")


def unpack_without_sources(sdist: Path, where: Path) -> Path:
    """Unpack the sdist and delete its packages, so that only the installed ones can be imported."""
    shutil.rmtree(where, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(where, filter="data")
    (checkout,) = where.iterdir()
    for source in SOURCES:
        shutil.rmtree(checkout / source)
    return checkout


def runtime(session: nox.Session, package: str) -> Path:
    """Return the Python of a new environment that has only ``package`` and what it needs, not even pip."""
    where = Path(session.create_tmp()).resolve() / "runtime"
    shutil.rmtree(where, ignore_errors=True)
    session.run("python", "-m", "venv", "--without-pip", str(where))
    python = where / ("Scripts" if os.name == "nt" else "bin") / "python"
    install_there(session, python, package)
    return python


def install_there(session: nox.Session, python: Path, package: str) -> None:
    """Install a package in the environment of another Python."""
    session.run("python", "-m", "pip", f"--python={python}", "install", "--quiet", package)


@nox.session
def audit(session: nox.Session) -> None:
    """Compare the run-time dependencies of every extra with known vulnerabilities; no answer is a failure."""
    session.install("pip", *group("release"))
    python = runtime(session, f".[{EXTRAS}]")
    where = session.run(str(python), "-c", "import site; print(site.getsitepackages()[0])", silent=True, external=True)
    session.run("python", "-m", "release.audit", str(where).strip(), *session.posargs)


@nox.session
def licences(session: nox.Session) -> None:
    """List the licences of the run-time dependencies of every extra; an unknown or a copyleft one is a failure."""
    session.install("pip")
    session.run(str(runtime(session, f".[{EXTRAS}]")), "release/licences.py", external=True)


@nox.session
def sbom(session: nox.Session) -> None:
    """Build the wheel, and write the bill of materials of it and all its dependencies, in CycloneDX, to dist/."""
    session.install("pip", *group("build", "release"))
    dist = Path("dist").resolve()
    session.run("python", "-m", "build", "--installer=uv", "--wheel", f"--outdir={dist}")
    built = max(dist.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    write_bill(session, built, dist / f"privy-middleware-{built.name.split('-')[1]}.cdx.json")


def write_bill(session: nox.Session, built: Path, output: Path) -> None:
    """Write the bill of materials of a wheel, which says what the core needs and what the extras add."""
    python = runtime(session, f"privy-middleware @ {built.as_uri()}")
    core = Path(session.create_tmp(), "core.json").resolve()
    listed = session.run("python", "-m", "pip", f"--python={python}", "list", "--format=json", silent=True)
    core.write_text(str(listed).splitlines()[-1])
    install_there(session, python, f"privy-middleware[{EXTRAS}] @ {built.as_uri()}")
    session.run("python", "-m", "release.sbom", str(python), str(built), str(core), str(output))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site in build/site without a warning, and test it and what README.md and docs/ say."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "sphinx", "--quiet", "--fail-on-warning", "--fresh-env", "docs", "build/site")
    session.run("python", "-m", "pytest", *SIDE_BY_SIDE, "tests/docs", "tests/site", *session.posargs)


@nox.session
def tutorials(session: nox.Session) -> None:
    """Follow the tutorials to the letter: each in an empty environment, with the wheel, at the ports of the page."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests", "build"))
    dist = Path(session.create_tmp(), "dist").resolve()
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--installer=uv", "--wheel", f"--outdir={dist}")
    env = {"PRIVY_TUTORIALS_TO_THE_LETTER": "1", "PRIVY_REQUIRE_BROWSER": "1", "PIP_FIND_LINKS": str(dist)}
    session.run("python", "-m", "pytest", "tests/tutorials", *session.posargs, env=env)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the pictures in docs/images again, of the pages of the development issuer in Chromium."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "tests.browser.screenshots", *session.posargs)


@nox.session
def reference(session: nox.Session) -> None:
    """Update the tables of docs/reference.md after a public name was added or removed."""
    session.install("--editable", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "tests.docs.reference")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run the property tests with many more examples, schemathesis, and each target of the fuzzer for a minute.

    ``-- path body -max_total_time=600``: these targets only, with libFuzzer's options; ``-- api``: schemathesis only.
    Other arguments, such as ``-- tests/fuzz/test_paths.py``, are for pytest, which then runs alone.
    """
    session.install("--editable", f".[{EXTRAS}]", *group("tests", "fuzz"))
    targets = sorted(path.name for path in Path("tests/fuzz/corpus").iterdir())
    # An option of libFuzzer has one hyphen and a value.
    options = [each for each in session.posargs if each.startswith("-") and not each.startswith("--") and "=" in each]
    chosen = [each for each in session.posargs if each in ("api", *targets)]
    if others := [each for each in session.posargs if each not in (*options, *chosen)]:
        session.run("python", "-m", "pytest", "tests/fuzz", "--hypothesis-profile=fuzz", *others)
        return
    if not session.posargs:
        session.run("python", "-m", "pytest", "tests/fuzz", "--hypothesis-profile=fuzz")
    if "api" in chosen or not session.posargs:
        session.run("python", "-m", "tests.fuzz.api")
    if not session.run("python", "-c", "import importlib.util as u; print(u.find_spec('atheris') or '')", silent=True):
        session.error("atheris has no wheel for this Python or system, so its targets did not run")
    for target in [each for each in chosen or targets if each in targets]:
        session.run("python", "-m", "tests.fuzz.atheris_main", target, *(options or ["-max_total_time=60"]))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure verification and requests, compared with other libraries in the same run."""
    session.install("--editable", f".[{EXTRAS}]", *group("bench"))
    session.run("python", "-m", "benchmarks.bench", *session.posargs)


@nox.session
def counts(session: nox.Session) -> None:
    """Count what a request and a verification execute, which does not depend on the speed of the machine."""
    session.install("--editable", f".[{EXTRAS}]", *group("bench"))
    session.run("python", "-m", "benchmarks.counts", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Measure the example apps under load, on loopback only."""
    session.install("--editable", f".[{EXTRAS}]", *group("bench"))
    session.run("python", "-m", "benchmarks.load", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demonstration with only its own extra installed; by default it exits after its requests."""
    session.install("--editable", ".[demo]")
    session.run("python", "-m", "example_apps.demo", *(session.posargs or ["--once"]))
