"""Building the documentation site as ``nox -s docs`` does, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

__all__ = ["NAMES", "Built", "build", "built_once", "small_site"]

_DOCS = ROOT / "docs"
NAMES = sorted(path.relative_to(_DOCS).with_suffix("").as_posix() for path in _DOCS.rglob("*.md"))
"""The pages of the site, as paths without a suffix."""

# The processes of pytest-xdist have directories of their own, in a common one.
_IN_A_WORKER = "PYTEST_XDIST_WORKER" in os.environ


@dataclass(frozen=True)
class Built:
    """A site: the folder with its pages, whether the build succeeded, and what it reported."""

    folder: Path
    succeeded: bool
    report: str


def build(source: Path, folder: Path, **variables: str) -> Built:
    """Build the site of a folder with a ``conf.py``; a warning is an error."""
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", f"--doctree-dir={folder}.cache"]
    # The code of the library does not run here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")} | variables
    done = subprocess.run([*command, source, folder], capture_output=True, text=True, check=False, env=environment)
    return Built(folder, done.returncode == 0, done.stderr)


def built_once(temporary: pytest.TempPathFactory) -> Built:
    """Return the documentation site, which the first test process that asks for it builds."""
    base = temporary.getbasetemp()
    common = base.parent if _IN_A_WORKER else base
    folder, report = common / "documentation", common / "documentation.log"
    with (common / "documentation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not report.exists():
            built = build(ROOT / "docs", folder)
            report.write_text(f"{built.succeeded}\n{built.report}")
    succeeded, _, text = report.read_text().partition("\n")
    return Built(folder, succeeded == "True", text)


def small_site(where: Path, **pages: str) -> Path:
    """Return the source of a site with the settings of the documentation and few pages of its own."""
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / "docs" / name, where / "docs" / name)
    shutil.copy(ROOT / "docs" / "conf.py", where / "docs" / "conf.py")
    for name, text in pages.items():
        (where / "docs" / f"{name}.md").write_text(text)
    return where / "docs"
