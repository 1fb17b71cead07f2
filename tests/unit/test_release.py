"""The verdicts of what checks the dependencies before a release."""

from __future__ import annotations

import hashlib
from email.message import Message
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest

from release.audit import problems
from release.licences import licence, refused
from release.sbom import complete

VULNERABLE = {
    "name": "one",
    "version": "1.0",
    "vulns": [{"id": "GHSA-aaaa", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}, {"id": "X"}],
}
GOOD = {"name": "two", "version": "2.0", "vulns": []}


def test_audit() -> None:
    """Each vulnerability has a line with its names and the release that has none."""
    found, missing = problems([VULNERABLE, GOOD])
    assert found == ["one 1.0: GHSA-aaaa, CVE-2026-1; fixed in 1.1", "one 1.0: X; fixed in no release"]
    assert missing == []


def test_audit_that_was_none() -> None:
    """A dependency that was not compared is a failure, except for the project itself; so is an empty list."""
    own = {"name": "privy-middleware", "skip_reason": "not found"}
    assert problems([own, GOOD]) == ([], [])
    assert problems([own, {"name": "two", "skip_reason": "not found"}, GOOD]) == ([], ["two: not found"])
    assert problems([]) == ([], ["no dependency was found"])
    assert problems([own]) == ([], ["no dependency was found"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("License-Expression", "MIT OR Apache-2.0"), ("License", "x")], "MIT OR Apache-2.0"),
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("License", "x")], "MIT"),
        ([("Classifier", "License :: OSI Approved"), ("License", "BSD-3-Clause")], "BSD-3-Clause"),
        ([("Classifier", "License :: OSI Approved :: Other"), ("Classifier", "Topic :: X")], "“Other”"),
        ([("License", "MIT License\n\nCopyright")], "MIT"),
        ([], "unknown"),
    ],
)
def test_licence(fields: list[tuple[str, str]], expected: str, tmp_path: Path) -> None:
    """The expression comes first, then the classifiers, then the text."""
    metadata = Message()
    for name, value in fields:
        metadata[name] = value.replace("\n", "\n        ")
    (tmp_path / "METADATA").write_text(metadata.as_string())
    assert licence(PathDistribution(tmp_path)) == expected


@pytest.mark.parametrize("expression", ["MIT", "(MIT OR Apache-2.0) AND ISC", "BSD-2-Clause AND Unlicense AND MIT"])
def test_allowed_licences(expression: str) -> None:
    """Each part is allowed."""
    assert not refused("package", expression)


@pytest.mark.parametrize(
    "expression", ["", "unknown", "GPL-3.0-only", "MIT OR GPL-2.0-only", "MPL-2.0", "Apache-2.0 WITH LLVM-exception"]
)
def test_refused_licences(expression: str) -> None:
    """An unknown or a copyleft licence is refused, as a part as well."""
    assert refused("package", expression)
    assert refused("certifi", expression) is (expression != "MPL-2.0")


def bill(**fields: Any) -> dict[str, Any]:
    """Return a bill of materials with two components."""
    root = {"name": "privy-middleware", "bom-ref": "root-component"}
    first = {"name": "PyJWT", "bom-ref": "PyJWT==2", "version": "2", "purl": "pkg:pypi/pyjwt@2", **fields}
    second = {"name": "Flask", "bom-ref": "Flask==3", "version": "3", "purl": "pkg:pypi/flask@3"}
    return {"metadata": {"component": root}, "components": [first, second]}


def test_bill_of_materials(tmp_path: Path) -> None:
    """It has the version and the digest of the wheel, and says what only extras need."""
    wheel = tmp_path / "privy_middleware-1.2-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    done = complete(bill(), wheel, {"pyjwt"})
    root = done["metadata"]["component"]
    assert (root["version"], root["purl"]) == ("1.2", "pkg:pypi/privy-middleware@1.2")
    assert root["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(b"wheel").hexdigest()}]
    assert [each["scope"] for each in done["components"]] == ["required", "optional"]
    for wrong in ({"purl": "file:///home/x"}, {"url": "file:///home/x"}):
        with pytest.raises(ValueError, match="from a file"):
            complete(bill(**wrong), wheel, {"pyjwt"})
    for name in ("version", "purl"):
        incomplete = bill()
        del incomplete["components"][0][name]
        with pytest.raises(ValueError, match="PyJWT has no version"):
            complete(incomplete, wheel, {"pyjwt"})
