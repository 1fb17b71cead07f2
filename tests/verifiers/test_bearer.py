"""What all families of bearer tokens have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyVerifier
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.claims import TokenKind
from privy_middleware.verifiers.bearer import BearerSettings, verifier_for
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthVerifier
from tests.support.tokens import SIGNER


@dataclass(frozen=True, kw_only=True)
class _OwnSettings(BearerSettings):
    """Settings of a family that nobody has registered."""

    kind: ClassVar[TokenKind] = "custom"
    issuer_name: ClassVar[str] = "own"

    @property
    def issuers(self) -> tuple[str, ...]:
        return ("own",)


class _OwnWeb3AuthConfig(Web3AuthConfig):
    """Settings that an app derives from a registered family's."""


def test_each_family_has_its_verifier() -> None:
    """The verifier follows from the type of the settings, also of a derived one, and has these settings."""
    custom = CustomKeyConfig(public_key=SIGNER.pem, algorithms=("ES256",), issuer="me", audience="you")
    for settings, kind in (
        (custom, CustomKeyVerifier),
        (Web3AuthConfig(client_id="id"), Web3AuthVerifier),
        (_OwnWeb3AuthConfig(client_id="id"), Web3AuthVerifier),
    ):
        verifier = verifier_for(settings)
        assert type(verifier) is kind
        assert verifier.settings is settings


def test_other_settings_have_no_verifier() -> None:
    """Settings of a type that is not registered are refused at start-up."""
    assert _OwnSettings().issuers == ("own",)
    with pytest.raises(ConfigurationError, match=r"^config: no verifier is registered for _OwnSettings"):
        verifier_for(_OwnSettings())
