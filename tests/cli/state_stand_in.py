"""A replacement for the issuer's own state file, for as long as the issuer does not have one."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from privy_middleware.cli import issuers
from privy_middleware.development import DevelopmentIssuer

__all__ = ["install"]


def install() -> None:
    """Let the command line use an issuer with a state file."""
    if "state" not in inspect.signature(DevelopmentIssuer).parameters:
        vars(issuers)["DevelopmentIssuer"] = _WithState


class _WithState(DevelopmentIssuer):
    """An issuer that keeps its key in a file."""

    def __init__(self, *args: Any, state: Path, **options: Any) -> None:
        super().__init__(*args, **options)
        (own,) = self._keys
        if not state.exists():
            key = own.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            state.write_text(json.dumps({"key": key.decode(), "kid": own.kid, "jwk": own.jwk}))
        kept = json.loads(state.read_text())
        private = load_pem_private_key(kept["key"].encode(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        own.private, own.kid, own.jwk = private, kept["kid"], kept["jwk"]
