"""Keep the state file of the issuer, which contains a private key, out of git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["keep_out_of_git"]


def keep_out_of_git(file: Path) -> str | None:
    """Add a file to ``.git/info/exclude``, which is not committed, unless git ignores it; return what was done."""
    git = shutil.which("git")
    if git is None:
        return None
    path = file.resolve()
    command = (git, "-C", str(path.parent))
    # 1 means that the file is not ignored, 128 that this is no repository.
    if _run(*command, "check-ignore", "--quiet", "--no-index", path.name).returncode != 1:
        return None
    top = Path(_run(*command, "rev-parse", "--show-toplevel").stdout.rstrip("\n")).resolve()
    exclude = path.parent / _run(*command, "rev-parse", "--git-path", "info/exclude").stdout.rstrip("\n")
    exclude.parent.mkdir(parents=True, exist_ok=True)
    with exclude.open("a", encoding="utf-8") as lines:
        lines.write(
            f"\n# The private key of privy-middleware's development issuer.\n/{path.relative_to(top).as_posix()}\n"
        )
    return f"{file} contains a private key, so it was added to .git/info/exclude."


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell, our arguments)
