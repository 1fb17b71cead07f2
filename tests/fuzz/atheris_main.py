"""Run a target under atheris, the coverage-guided fuzzer: ``python -m tests.fuzz.atheris_main TARGET [-runs=N …]``.

What it finds interesting goes to a temporary corpus that begins with the one of the repository; an input that fails is
kept beside it and named in the output. The options are libFuzzer's.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

# It has wheels for some systems only, and no types.
atheris: Any = importlib.import_module("atheris")

# Prefixes and suffixes that are compared guide it too. The same for regular expressions fails with patterns of bytes.
atheris.enabled_hooks.add("str")

with atheris.instrument_imports(include=["privy_middleware"]):
    from tests.fuzz.targets import CORPUS, TARGETS


def main(name: str, *options: str) -> None:
    """Fuzz a target; atheris ends the process itself."""
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    dictionary = CORPUS.parent / "dictionary.txt"
    arguments = [sys.argv[0], "-timeout=20", "-rss_limit_mb=3072", "-max_len=4096", f"-dict={dictionary}"]
    arguments += [f"-artifact_prefix={found}/", *options, str(found), str(CORPUS / name)]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
