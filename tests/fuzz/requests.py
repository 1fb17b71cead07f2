"""Requests that try to reach a path in another spelling, and ordinary paths."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from privy_middleware.http.protected_paths import is_plain
from tests.paths.routes import ADDRESSES, DIRECTORY
from tests.paths.servers import Fields, request_bytes

__all__ = ["Case", "case_of", "cases", "ordinary_paths"]

KNOWN = (
    *ADDRESSES,
    "/private/slash/",
    "/v1/private/f",
    "/v1/sub/private",
    "/v1/static/private/f.txt",
    "/beginsx",
    "/default/private/f",
)
_FILE = str(DIRECTORY)
_NAMES = (
    *("private f rest static sub open login api v2 my-area my_area my.area f.txt v1 public x host Caps").split(),
    *(
        "two begins default PRIVATE Private priv privat~1 caps TWO C: c: @@private private. private%20 f.txt::$DATA"
    ).split(),
    *(_FILE, quote(_FILE, safe=""), quote(quote(_FILE, safe=""), safe="")),
)
_DOTS = (
    *". .. ... .... %2e %2E %2e%2e %2E. .%2e %252e%252e %25252e%25252e ..; ..;a=b .;. ..%3b ..%00 ..%0a".split(),
    *".%20. ..%20 %20.. %c0%ae%c0%ae %e0%80%ae %u002e%u002e %uff0e .%e2%80%8c. .%c3%bf. ..%5c ..%2f .\\.".split(),
)
_SLASHES = (
    *"/ / / / // /// %2f %2F %252f %25252f %5c %255c \\ /\\ \\\\ /./ /../ /x/../ /.. /;/ /%20/ /%00/ %c0%af".split(),
    *"%u2215 %ef%bc%8f %e2%81%84 %e2%88%95 %2f%2f /%2f %2f/ /%5c %5c%5c http: http:// http://host //host // :".split(),
)
_MARKS = (
    *"; %3b %253b ;a=b ? %3f # %23 %00 %01 %09 %0a %0d %1f %7f %20 %a0 %c2%a0 %e3%80%80 %c2%85 %c2%ad".split(),
    *"%e2%80%8c %e2%80%8d %ef%bb%bf %ff %fe %80 %c3%bf %c3%a9 %e9 %c4%b1 %c4%b0 %cc%87 %cc%81 %ef%bd%90".split(),
    *"%25 %2525 %252525 % %% %2 %zz %u0070 ::$DATA :$I30:$INDEX_ALLOCATION ~1 + & = @ @@ * { } | ' ^ ~ ! $ ,".split(),
    *'( ) [ ] < > " ` %ed%b0%80 %f0%9f%98%80 %e7%a7%81 \xe9 \xff'.split(),
    *(" ", "\t"),
)
_FRAGMENTS = (*_NAMES, *_NAMES, *_DOTS, *_SLASHES, *_SLASHES, *_MARKS)
_ROOTS = ("/v1", "/", "x", "/x", "/sub", "/private", "/static", "/v1/", "%2f", "//", "", "/pri", "/x%3f", "/x//")
_METHODS = ("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PREFLIGHT")


@dataclass(frozen=True)
class Case:
    """A request without a token."""

    method: str
    target: bytes
    fields: Fields

    @property
    def raw(self) -> bytes:
        """Return the bytes of the request."""
        return request_bytes(self.method, self.target, self.fields)


def case_of(seed: int) -> Case:
    """Return the request for a number: any path, with header fields that some servers and frameworks apply to it."""
    random = Random(seed)
    target = random.choice(_KINDS)(random).encode("latin-1", "replace")
    method, fields = random.choice(_METHODS), []
    if random.random() < 0.25:
        start, end = sorted(random.choices(range(13), k=2))
        root = random.choice([*_ROOTS, *[target[start:end].decode("latin-1").strip()] * len(_ROOTS)])
        fields.append((random.choice(["Daphne-Root-Path", "SCRIPT_NAME", "X-Vhm-Root"]), root))
    if method == "PREFLIGHT":
        method = "OPTIONS"
        fields.append(("Access-Control-Request-Method", "GET"))
    return Case(method, target, tuple(fields))


# A single number for each request: its content is small already, and creating it takes no time.
cases = st.integers(0, 2**64).map(case_of)


def _mutated(random: Random) -> str:
    path = random.choice(KNOWN)
    for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        path = random.choice(_MUTATIONS)(random, path)
    return path


def _inserted(random: Random, path: str) -> str:
    at = random.randint(0, len(path))
    return path[:at] + random.choice(_FRAGMENTS) + path[at:]


def _changed(random: Random, path: str) -> str:
    at = random.randint(0, len(path))
    char = path[at : at + 1]
    others = ["", char * 2, char.swapcase(), *(_escaped(char, times) for times in range(1, 7))]
    return path[:at] + random.choice(others) + path[at + 1 :]


def _renamed(random: Random, path: str) -> str:
    names = path.split("/")
    at = random.randrange(len(names))
    names[at] = random.choice(_twins(names[at]))
    return "/".join(names)


def _reslashed(random: Random, path: str) -> str:
    return path.replace("/", random.choice(_SLASHES), random.choice([1, 2, -1]))


def _escaped(text: str, times: int) -> str:
    return "".join(f"%{'25' * (times - 1)}{ord(char):02x}" for char in text)


def _twins(name: str) -> list[str]:
    """Return a text that some router or file system treats as the same name."""
    return [
        name.swapcase(),
        name.translate(str.maketrans("-._", "_-.")),
        name.replace("-", "%3b").replace("i", "%c4%b1"),
        *(name + end for end in (".", "%20", ";", "%3f", "::$DATA", "%00", "%c3%bf", "%", "~1", "\\", "/.", "%2f")),
        *(start + name for start in ("@@", "%c3%bf", ".", "%20", "C:", "%2f", "%252f", ";/", "\\", "x/../", "%2e/")),
        *(_escaped(f"{DIRECTORY}/{name}", times) for times in (1, 2)),
        *(_escaped(name, times) for times in (1, 2, 3)),
    ]


def _pieces(random: Random) -> str:
    return random.choice(["/", ""]) + "".join(random.choices(_FRAGMENTS, k=random.randint(0, 10)))


def _long(random: Random) -> str:
    filler = random.choice(_FRAGMENTS) * random.randint(20, 400)
    return random.choice(["/", "", "//", "/x/"]) + filler + random.choice(KNOWN)


def _any(random: Random) -> str:
    return "/" + quote(random.randbytes(random.randint(0, 12)), safe=random.choice(["/", "", "/%;\\"]))


_MUTATIONS = (_inserted, _inserted, _changed, _renamed, _renamed, _reslashed)
_KINDS = (*[_mutated] * 12, *[_pieces] * 4, _any, _long)

_words = st.sampled_from(
    "café über straße señor naïve ı İstanbul 日本語 한국어 русский עברית العربية ไทย 👩‍💻 ❤️ 🎉 report Résumé "
    "2026 v1.2.3 50% 100% a;b C# F# C++ AT&T it's (draft) x=y a,b user@example.com @handle ~user 12:30 key:value "
    "what? name.tar.gz .hidden a..b apix private2 my-areas api-v2 Open LOGIN index.html $5 5€ half½ a|b {id} "
    '[0] "quoted" <tag> back`tick'.split()
)
_names = st.one_of(
    st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,5}", fullmatch=True),
    st.uuids().map(str),
    _words,
    st.lists(_words, min_size=2, max_size=4).map(" ".join),
    st.lists(_words, min_size=2, max_size=3).map("_".join),
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=200),
)


@st.composite
def ordinary_paths(draw: Any) -> str:
    """Draw an ordinary path that is not below a protected one."""
    path = "/".join(["", *draw(st.lists(_names, max_size=6)), *draw(st.sampled_from([[], [""]]))]) or "/"
    # Above 256 characters an unusual path is protected unread, and above 1,024 any; some servers add a root path.
    return path[:1000] if is_plain(path) else path[:250].rstrip(" .")
