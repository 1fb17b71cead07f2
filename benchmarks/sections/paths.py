"""Whether a path is protected: paths that make the decision expensive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

from benchmarks.pairing import Candidate, calling
from benchmarks.report import Row, Section
from benchmarks.sections.run import Run, progress, ratio
from benchmarks.sending import http_scope
from privy_middleware.asgi import ASGIRequest
from privy_middleware.gate import Gate, build_gate

__all__ = ["rows"]

_SECTION = Section("paths", "whether a path is protected, by ASGI")
# Request targets as clients send them.
_TARGETS = {
    "an ordinary path": "/docs/items/17",
    "8 KB of letters": "/" + "x" * 8_191,
    "8 KB of %25": "/" + "%25" * 2_730,
    "8 KB of escaped Chinese": "/" + quote("文") * 910,
    "1,024 letters": "/" + "x" * 1_023,
    "512 letters of Chinese": "/" + quote("文") * 511,
    "1,024 characters, half of them slashes": "/x" * 512,
    "256 characters, escaped again and again": "/" + "%2525252541/" * 15 + "a/" * 30,
    "256 characters with many empty names": "//a" * 16 + "/a" * 104,
}


def rows(run: Run) -> Iterator[Row]:
    """Measure the decision by the path."""
    progress("paths")
    protect = ["/api", "/account/settings", "/static/private"]
    gate = build_gate(run.bench.config(), protect=protect, exempt=["/api/health"])
    times = run.measure([Candidate(name, calling(_judge(gate, target))) for name, target in _TARGETS.items()])
    for name in _TARGETS:
        yield ratio(_SECTION, name, times)


def _judge(gate: Gate, target: str) -> Callable[[], bool]:
    scope = http_scope(unquote(target))
    return lambda: gate.guards(ASGIRequest(scope))
