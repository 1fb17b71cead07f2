"""The versions in the documentation are those in pyproject.toml."""

from __future__ import annotations

import re
import tomllib

from tests.docs.pages import ROOT


def test_the_supported_pythons() -> None:
    """README.md lists the Python versions of the classifiers, which nox and .ci/run also use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [each.rpartition(" :: ")[2] for each in project["classifiers"] if " Python :: 3." in each]
    (sentence,) = re.findall(r"^It supports Python (.+)\.$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert re.split(", | and ", sentence) == declared
    assert project["requires-python"] == f">={declared[0]}"
