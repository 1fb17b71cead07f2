"""Invalid tokens."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

from benchmarks.pairing import Candidate, calling
from benchmarks.report import Row, Section
from benchmarks.sections.run import Run, progress, ratio
from benchmarks.tokens import Bench
from privy_middleware import PrivyError, PrivyVerifier

__all__ = ["rows"]

_SECTION = Section("rejections", "an invalid token rejected")


def rows(run: Run) -> Iterator[Row]:
    """Measure how long it takes to reject tokens."""
    progress("rejections")
    verifier = PrivyVerifier(run.bench.config())
    calls = {name: _rejecting(verifier, token) for name, token in _tokens(run.bench).items()}
    times = run.measure([Candidate(name, calling(call)) for name, call in calls.items()])
    for name in calls:
        yield ratio(_SECTION, name, times)


def _tokens(bench: Bench) -> dict[str, str]:
    # Only a token with a forged signature needs a verification. All others must be rejected before it.
    return {
        "bad signature": bench.foreign_token(),
        "unknown kid": bench.token_of_unknown_key(),
        "garbage of 1 KB": _garbage(1_000),
        "garbage of 16 KB": _garbage(16_000),
        "three segments of garbage, 16 KB": f"{_garbage(5_000)}.{_garbage(5_000)}.{_garbage(5_000)}",
        "a real token of 10 MB": f"{bench.token().rpartition('.')[0]}{_garbage(10_000_000)}.{_garbage(86)}",
    }


def _garbage(length: int) -> str:
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


def _rejecting(verifier: PrivyVerifier, token: str) -> Callable[[], None]:
    def reject() -> None:
        try:
            verifier.verify_identity_token(token)
        except PrivyError:
            return
        raise AssertionError("an invalid token was accepted")

    return reject
