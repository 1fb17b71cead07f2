"""Write the software bill of materials of a wheel and its dependencies, in CycloneDX 1.6.

``python -m release.sbom PYTHON WHEEL CORE OUTPUT``: ``PYTHON`` has the wheel with all extras, and nothing else.
``CORE`` is the output of ``pip list --format=json`` where the wheel was installed without extras.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

__all__ = ["complete", "main"]

_NAME = "privy-middleware"
_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def main(python: str, wheel: str, core: str, output: str) -> int:
    """Write the file, and print what it contains."""
    command = ["cyclonedx-py", "environment", python, f"--pyproject={_PROJECT}", "--mc-type=library"]
    made = subprocess.run([*command, "--output-reproducible"], check=True, stdout=subprocess.PIPE)
    names = {each["name"].lower() for each in json.loads(Path(core).read_text())}
    bill = complete(json.loads(made.stdout), Path(wheel), names)
    Path(output).write_text(json.dumps(bill, indent=2) + "\n")
    scopes = [each["scope"] for each in bill["components"]]
    required, optional = scopes.count("required"), scopes.count("optional")
    print(f"{output}: {len(scopes)} components, {required} of the core and {optional} of extras.")
    return 0


def complete(bill: dict[str, Any], wheel: Path, core: Collection[str]) -> dict[str, Any]:
    """Add what the tool cannot know: the version, the wheel's digest, and that all but ``core`` is for extras.

    Raises:
        ValueError: if a component has no version or no package URL, or a path of this machine is in the bill.
    """
    version = wheel.name.split("-")[1]
    digest = {"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    root = bill["metadata"]["component"]
    root |= {"version": version, "purl": f"pkg:pypi/{_NAME}@{version}", "hashes": [digest]}
    for each in bill["components"]:
        if "version" not in each or "purl" not in each:
            raise ValueError(f"{each['name']} has no version or no package URL")
        each["scope"] = "required" if each["name"].lower() in core else "optional"
    if "file:" in json.dumps(bill):
        raise ValueError("a component comes from a file")
    return bill


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
