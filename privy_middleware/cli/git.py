"""Keep the state file of the issuer, which contains a private key, out of git."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["keep_out_of_git"]

# What has a meaning in a pattern (gitignore, "PATTERN FORMAT"); git removes a space at the end.
_SPECIAL = re.compile(r"[\\*?\[ ]")


def keep_out_of_git(file: Path) -> str | None:
    """Add a file to ``.git/info/exclude``, which is not committed, unless git ignores it.

    Return what was done in words, or a warning if git may still commit the file; ``None`` if there was nothing to do.
    """
    git = shutil.which("git")
    if git is None:
        return None
    path = file.resolve()
    command = (git, "-C", str(path.parent))
    if _run(*command, "ls-files", "--error-unmatch", "--", f":(literal){path.name}").returncode == 0:
        return _warning(file, f"remove it from git: git rm --cached {path.name}")
    if not _is_exposed(command, path):
        return None
    try:
        _exclude(command, path)
    except OSError as error:
        return _warning(file, f"add it to .gitignore: .git/info/exclude cannot be written: {error.strerror}")
    if _is_exposed(command, path):
        return _warning(file, "add it to .gitignore, where another line includes it")
    return f"{file} contains a private key, so it was added to .git/info/exclude."


def _is_exposed(command: tuple[str, ...], path: Path) -> bool:
    """Return whether git would add a file; 1 means that it is not ignored, 128 that this is no repository."""
    return _run(*command, "check-ignore", "--quiet", "--no-index", "--", path.name).returncode == 1


def _exclude(command: tuple[str, ...], path: Path) -> None:
    top = Path(_line(*command, "rev-parse", "--show-toplevel")).resolve()
    exclude = path.parent / _line(*command, "rev-parse", "--git-path", "info/exclude")
    exclude.parent.mkdir(parents=True, exist_ok=True)
    pattern = _SPECIAL.sub(r"\\\g<0>", f"/{path.relative_to(top).as_posix()}")
    with exclude.open("a", encoding="utf-8") as lines:
        lines.write(f"\n# The private key of privy-middleware's development issuer.\n{pattern}\n")


def _warning(file: Path, fix: str) -> str:
    return f"Warning: {file} contains a private key and may be committed; {fix}"


def _line(*command: str) -> str:
    return _run(*command).stdout.removesuffix("\n")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell, our arguments)
