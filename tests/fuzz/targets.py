"""What the coverage-guided fuzzer runs: each target reads any bytes, and only our own errors may come out.

A text of a target cannot contain a valid signature that the fuzzer would have to invent, so targets sign what they are
given, or replace a placeholder with a valid token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from privy_middleware import PrivyUser
from privy_middleware.errors import ConfigurationError, InvalidWebhook, PrivyError
from privy_middleware.gate import Gate
from privy_middleware.http.cross_site import is_cross_site
from privy_middleware.http.parameters import RequestParts, agreed
from privy_middleware.http.protected_paths import Protection
from privy_middleware.keys import InvalidKeySet, load_key_set, read_jwks
from privy_middleware.keys.cache_signature import CacheSigner
from privy_middleware.keys.shared_cache import SharedJWKS
from privy_middleware.lookup import Lookup
from privy_middleware.webhooks import WebhookVerifier
from tests.fuzz.peers import pyjwt_accepts, we_accept
from tests.fuzz.spelling import folded
from tests.parameters.readers import read_raw
from tests.support.tokens import SUBJECT, Request, access, b64, identity, sign_segments, verifier
from tests.webhooks import sending

__all__ = ["CORPUS", "TARGETS", "seeds"]

CORPUS = Path(__file__).parent / "corpus"

IDENTITY, ACCESS = identity(), access()
# Bytes that stand for a valid token, and in a list for its parts.
PLACEHOLDERS: Mapping[str, str] = MappingProxyType({"\x01": IDENTITY, "\x02": ACCESS})
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS512", "PS256", "EdDSA")


def text_of(data: bytes) -> str:
    """Return any text, with valid tokens in the place of their placeholders; other bytes become lone surrogates."""
    text = data.decode("utf-8", "surrogateescape")
    for mark, token in PLACEHOLDERS.items():
        text = text.replace(mark, token, 2)
    return text


def token(data: bytes) -> None:
    """Verify a text as a token: it is invalid unless it is one of the valid ones."""
    text = text_of(data)
    assert not we_accept(text) or text in PLACEHOLDERS.values()


def signed(data: bytes) -> None:
    """Verify a signed token with any header and any payload, divided by a line break: PyJWT must accept it too."""
    header, _, payload = data.partition(b"\n")
    text = sign_segments(b64(header), b64(payload))
    accepted = we_accept(text)
    assert len(accepted) in (0, 2)
    if accepted:
        claims = pyjwt_accepts(text)
        assert claims is not None
        assert claims["sub"] == (accepted[0].id if isinstance(accepted[0], PrivyUser) else accepted[0].user_id)


GATE = Gate(verifier(login_url="/login", refresh_url="/refresh"), protect=["/"])


def request(data: bytes) -> None:
    """Read a request, a method and a line for each field: there is a user only with a valid token."""
    method, *lines = data.decode("latin-1").split("\n")
    fields = [(name, _with_tokens(value)) for name, _, value in (line.partition(":") for line in lines)]
    this = Request(*fields, method=method)
    auth = Lookup(GATE, this).find()
    if auth.user is not None:
        assert auth.user.id == SUBJECT
        assert auth.refusal is None
        assert any(valid in value for valid in PLACEHOLDERS.values() for _, value in fields)
    else:
        assert auth.refusal is None or isinstance(auth.refusal, PrivyError)
    is_cross_site(this, ("https://app.example",))


def _with_tokens(value: str) -> str:
    for mark, valid in PLACEHOLDERS.items():
        value = value.replace(mark, valid, 2)
    return value


def keys(data: bytes) -> None:
    """Read a document as a key set, as a setting and as an entry of a shared cache."""
    with suppress(InvalidKeySet):
        read_jwks(data, algorithms=ALGORITHMS)
    with suppress(ConfigurationError):
        load_key_set(data.decode("utf-8", "surrogateescape"), algorithms=ALGORITHMS)
    assert SIGNER.verify(data) is None
    for signer, entry in ((None, data), (SIGNER, data), (SIGNER, SIGNER.sign(data))):
        shared = SharedJWKS(Entry(entry), "https://keys.example", max_bytes=4096, clock=sending.at_now, signer=signer)
        stored = shared.read()
        assert stored is None or (entry is not data or signer is None)


SIGNER = CacheSigner(["a-secret-of-the-fuzzed-cache-only"])


class Entry:
    """A key cache with one entry, whatever its name."""

    def __init__(self, value: bytes) -> None:
        """Set the value."""
        self.value = value

    def get(self, key: str) -> bytes:
        """Return the value."""
        return self.value

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store nothing."""


OPEN, API = Protection(["/"], ["/open"]), Protection(["/api", "/private*"])


def path(data: bytes) -> None:
    """Compare a path with the protected ones: none that a tolerant router reads as protected is open."""
    for text in (data.decode("latin-1"), data.decode("utf-8", "surrogateescape")):
        plain = folded(text)
        if not OPEN.covers(text):
            assert text == "/open" or text.startswith("/open/")
            assert plain == "/open" or plain.startswith("/open/")
        assert API.covers(f"/api/{text}")
        if plain == "/api" or plain.startswith(("/api/", "/private")):
            assert API.covers(text)


WEBHOOKS = WebhookVerifier(sending.SECRET, clock=sending.at_now)


def webhook(data: bytes) -> None:
    """Verify a webhook, given its ID, timestamp and signature in a line each, and its body; unsigned ones are bad."""
    event_id, timestamp, signature, body = (data.split(b"\n", 3) + [b""] * 3)[:4]
    fields = [part.decode("latin-1") for part in (event_id, timestamp, signature)]
    names = ("svix-id", "svix-timestamp", "svix-signature")
    own = sending.signature(body, event_id=fields[0], timestamp=fields[1])
    for given, genuine in ((fields[2], False), (f"{fields[2]} {own}", True)):
        with suppress(InvalidWebhook):
            event = WEBHOOKS.verify(list(zip(names, (*fields[:2], given), strict=True)), body)
            assert genuine
            assert event.id == fields[0]


def body(data: bytes) -> None:
    """Read a parameter from a body, after a line with the content type: there is one value of it, a text, or none."""
    content_type, _, content = data.partition(b"\n")
    kind = content_type.decode("latin-1")
    parts = RequestParts(path={}, query_string=b"", query=(), body=content, content_types=[kind])
    for value in agreed({"address"}, parts).values():
        assert set(read_raw(content, kind)) <= {value}


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {each.__name__: each for each in (token, signed, request, keys, path, webhook, body)}
)


def seeds(name: str) -> list[bytes]:
    """Return the corpus of a target, in a fixed order."""
    return [file.read_bytes() for file in sorted((CORPUS / name).iterdir())]
