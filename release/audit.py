"""Compare the installed dependencies with known vulnerabilities, with pip-audit.

``python -m release.audit SITE_PACKAGES``; other arguments are passed to pip-audit. It is an error if the service of
the vulnerabilities gives no answer, or does not know a dependency, because nothing was compared then.

Exit status: 0 if no vulnerability is known, 1 if one is, 2 if not everything could be compared.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main", "problems"]

# The project itself has its own advisories, and may not be published yet.
_OWN = "privy-middleware"
_DEFAULT = ["--vulnerability-service=osv", "--timeout=30"]


def main(arguments: Sequence[str]) -> int:
    """Run pip-audit, print its findings, and return the exit status."""
    where, *options = arguments
    report = _report(where, options)
    if report is None:
        print("NOT AUDITED: pip-audit has no answer from the vulnerability service, for the reason above.")
        print('Run this where the service can be reached, or choose another: "-- --vulnerability-service=pypi".')
        return 2
    found, missing = problems(report)
    print("\n".join([*found, *missing]))
    print(f"{len(report)} dependencies: {len(found)} known vulnerabilities, {len(missing)} not audited.")
    return 2 if missing else 1 if found else 0


def _report(where: str, options: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return what pip-audit found out about each dependency, or ``None`` if it has failed."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip_audit", f"--path={where}", *_DEFAULT, *options]
        command += ["--format=json", f"--output={output}", "--progress-spinner=off"]
        run = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        # It also exits with 1 if it has found something; then there is a report.
        if run.returncode not in (0, 1) or not output.is_file():
            print(run.stderr.strip().rpartition("\n")[2])
            return None
        report: list[dict[str, Any]] = json.loads(output.read_text())["dependencies"]
        return report


def problems(report: Sequence[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return lines about the vulnerabilities, and about the dependencies that were not compared."""
    missing = [f"{each['name']}: {each['skip_reason']}" for each in report if each.get("skip_reason")]
    missing = [line for line in missing if not line.startswith(f"{_OWN}:")]
    if len(report) <= 1:
        missing.append("no dependency was found")
    return [line for each in report for line in _vulnerabilities(each)], missing


def _vulnerabilities(dependency: dict[str, Any]) -> Iterator[str]:
    for each in dependency.get("vulns", ()):
        names = ", ".join([each["id"], *each.get("aliases", ())])
        fixed = ", ".join(each.get("fix_versions", ())) or "no release"
        yield f"{dependency['name']} {dependency['version']}: {names}; fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
