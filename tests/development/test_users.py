"""Users that are added to a development issuer, in code and from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier, UnknownAccount
from privy_middleware.development import PERSONAS, DevelopmentIssuer, Persona
from privy_middleware.errors import InvalidToken

EVM = "0x00000000000000000000000000000000000000Aa"
SOLANA = "5gvVHZb8aChuRy7o7jZvFiZiwhiBY9eu3ksYqU9YgzL5"


def verifier(issuer: DevelopmentIssuer) -> PrivyVerifier:
    """Return a verifier that trusts the issuer's key."""
    return PrivyVerifier(PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem))


class TestAddUser:
    """``add_user``."""

    def test_every_field(self) -> None:
        """A verified token has all that was given, and the accounts in the order of the arguments."""
        issuer = DevelopmentIssuer()
        added = issuer.add_user(
            "linus",
            did="did:privy:linus",
            email="linus@example.com",
            phone="+15555550101",
            wallets=[EVM, SOLANA, {"address": "cosmos1dev", "chain_type": "cosmos", "wallet_client_type": "keplr"}],
            linked_accounts=[{"type": "github_oauth", "subject": "9", "username": "linus"}, {"type": "new", "lv": 5}],
            custom_metadata={"role": "admin", "seats": 2, "beta": True, "rating": 1.5},
            is_guest=True,
            created_at=1_800_000_000,
        )
        user = verifier(issuer).verify_identity_token(issuer.identity_token("linus"))
        assert (user.id, user.created_at, user.is_guest) == ("did:privy:linus", 1_800_000_000, True)
        assert [account.type for account in user.linked_accounts] == [
            *("email", "phone", "wallet", "wallet", "wallet", "github_oauth", "new")
        ]
        assert [(wallet.address, wallet.chain_type) for wallet in user.wallets] == [
            (EVM, "ethereum"),
            (SOLANA, "solana"),
            ("cosmos1dev", "cosmos"),
        ]
        assert user.email is not None
        assert (user.email.address, user.email.latest_verified_at) == ("linus@example.com", 1_731_974_000)
        assert user.linked_accounts[-1] == UnknownAccount(
            type="new", fields={"type": "new", "lv": 5}, latest_verified_at=5
        )
        assert dict(user.custom_metadata or {}) == {"role": "admin", "seats": 2, "beta": True, "rating": 1.5}
        assert issuer.users["linus"] == added

    def test_defaults(self) -> None:
        """A name is enough."""
        issuer = DevelopmentIssuer()
        assert issuer.add_user("mary") == Persona("mary", "did:privy:dev-mary")
        assert issuer.user("mary").to_dict() == {
            "id": "did:privy:dev-mary",
            "created_at": 1_731_974_895,
            "is_guest": False,
            "linked_accounts": [],
        }

    def test_same_name_replaces(self) -> None:
        """A second user of a name replaces the first, also a built-in one; other issuers keep theirs."""
        issuer = DevelopmentIssuer()
        issuer.add_user("ada", email="other@example.com")
        assert issuer.user("ada").email_addresses[0].address == "other@example.com"
        assert len(issuer.users) == len(PERSONAS)
        assert DevelopmentIssuer().users["ada"] == PERSONAS["ada"]

    @pytest.mark.parametrize(
        ("field", "arguments"),
        [
            ("name", {"name": ""}),
            ("name", {"name": "a b"}),
            ("name", {"name": "../a"}),
            ("name", {"name": "a" * 65}),
            ("name", {"name": 7}),
            ("did", {"did": "linus"}),
            ("did", {"did": "did:privy:a/b"}),
            ("did", {"did": 7}),
            ("did", {"did": "did:privy:dev-ada"}),
            ("email", {"email": ""}),
            ("email", {"email": 7}),
            ("phone", {"phone": ["+1"]}),
            ("wallets", {"wallets": EVM}),
            ("wallets[1]", {"wallets": [EVM, "0xshort"]}),
            ("wallets[0]", {"wallets": [None]}),
            ("wallets[0].address", {"wallets": [{"chain_type": "tron"}]}),
            ("linked_accounts", {"linked_accounts": {"type": "email"}}),
            ("linked_accounts[0]", {"linked_accounts": ["email"]}),
            ("linked_accounts[0]", {"linked_accounts": [{"address": "a@example.com"}]}),
            ("linked_accounts[0]", {"linked_accounts": [{"type": "new", "value": float("nan")}]}),
            ("linked_accounts[0]", {"linked_accounts": [{"type": "new", "value": {1}}]}),
            ("linked_accounts[0]", {"linked_accounts": [{"type": "new", "value": "\ud800"}]}),
            ("linked_accounts[0].address", {"linked_accounts": [{"type": "email"}]}),
            ("linked_accounts[0].fid", {"linked_accounts": [{"type": "farcaster", "fid": "7"}]}),
            ("custom_metadata", {"custom_metadata": ["admin"]}),
            ("custom_metadata.roles", {"custom_metadata": {"roles": ["admin"]}}),
            ("custom_metadata.7", {"custom_metadata": {7: "a"}}),
            ("custom_metadata", {"custom_metadata": {"a": float("inf")}}),
            ("custom_metadata", {"custom_metadata": {"a": "x" * 1024}}),
            ("is_guest", {"is_guest": "t"}),
            ("created_at", {"created_at": "now"}),
            ("created_at", {"created_at": 0}),
        ],
    )
    def test_wrong_arguments(self, field: str, arguments: dict[str, Any]) -> None:
        """A wrong argument is a ``ConfigurationError`` that names it, and no user is added."""
        issuer = DevelopmentIssuer()
        with pytest.raises(ConfigurationError) as caught:
            issuer.add_user(**{"name": "linus", **arguments})
        assert caught.value.field == field
        assert dict(issuer.users) == dict(PERSONAS)


class TestUsers:
    """``issuer.users``."""

    def test_is_a_mapping(self) -> None:
        """Users are set, replaced and deleted like the items of a dict; deleted ones get no tokens."""
        issuer = DevelopmentIssuer()
        mary = Persona("mary", "did:privy:mary")
        issuer.users["mary"] = mary
        issuer.users.update(linus=Persona("linus", "did:privy:linus"))
        assert list(issuer.users) == [*PERSONAS, "mary", "linus"]
        assert repr(issuer.users) == "<DevelopmentUsers ada, grace, alan, hedy, guest, empty, collector, mary, linus>"
        assert issuer.users.pop("mary") == mary
        del issuer.users["ada"]
        assert "ada" not in issuer.users
        with pytest.raises(KeyError):
            issuer.users.pop("ada")
        with pytest.raises(ConfigurationError, match="no such persona; choose one of grace, alan"):
            issuer.identity_token("ada")

    @pytest.mark.parametrize(
        ("field", "persona"),
        [
            ("users", {"email": "a@example.com"}),
            ("name", Persona("another", "did:privy:mary")),
            ("linked_accounts[0]", Persona("mary", "did:privy:mary", linked_accounts=(7,))),  # type: ignore[arg-type]
        ],
    )
    def test_wrong_personas(self, field: str, persona: Any) -> None:
        """What is set is checked as in ``add_user``."""
        with pytest.raises(ConfigurationError) as caught:
            DevelopmentIssuer().users["mary"] = persona
        assert caught.value.field == field


class TestUser:
    """``issuer.user``."""

    @pytest.mark.parametrize("name", PERSONAS)
    def test_is_that_of_the_token(self, name: str) -> None:
        """The user equals that of a verified token, with all claims."""
        issuer = DevelopmentIssuer(clock=lambda: 4_000_000_000.5, lifetime=60)
        checking = PrivyVerifier(
            PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem), clock=lambda: 4_000_000_000
        )
        verified = checking.verify_identity_token(issuer.identity_token(name))
        assert issuer.user(name) == verified
        assert issuer.user(name).claims == verified.claims

    def test_own_persona(self) -> None:
        """A persona that was not added has a user as well; what no verifier accepts is refused here too."""
        issuer = DevelopmentIssuer()
        assert issuer.user(Persona("me", "did:privy:me")).id == "did:privy:me"
        with pytest.raises(InvalidToken):
            issuer.user(Persona("me", ""))


class TestFile:
    """``load_users``."""

    def written(self, path: Path, data: object) -> Path:
        """Write a JSON file."""
        file = path / "personas.json"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        return file

    def test_loads(self, tmp_path: Path) -> None:
        """The entries are the arguments of ``add_user``."""
        entries: Mapping[str, Mapping[str, Any]] = {
            "mary": {"email": "mary@example.com", "custom_metadata": {"role": "editor"}, "is_guest": False},
            "linus": {"did": "did:privy:linus", "wallets": [EVM], "phone": None},
        }
        issuer = DevelopmentIssuer()
        loaded = issuer.load_users(self.written(tmp_path, entries))
        assert [persona.name for persona in loaded] == ["mary", "linus"]
        assert loaded == [issuer.users["mary"], issuer.users["linus"]]
        other = DevelopmentIssuer()
        assert loaded == [other.add_user(name, **entry) for name, entry in entries.items()]
        issuer.load_users(str(tmp_path / "personas.json"))

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ("{", "personas: {file} is not JSON, or has a name twice"),
            ('{"a": {}, "a": {}}', "personas: {file} is not JSON, or has a name twice"),
            ([], "personas: {file} must contain an object such as "),
            ({"mary": []}, "mary: give an object such as "),
            ({"mary": {"mail": "m@example.com"}}, 'mary.mail: is not known; did you mean "email"? (in {file})'),
            ({"mary": {"colour": "red"}}, "mary.colour: is not a field; the fields are did, email, "),
            ({"mary": {"wallets": ["0x"]}}, "mary.wallets[0]: give an Ethereum or Solana address"),
            ({"mary": {"linked_accounts": [{"type": "email"}]}}, "mary.linked_accounts[0].address: is required for"),
            ({"m y": {}}, "m y.name: use letters"),
        ],
    )
    def test_wrong_files(self, tmp_path: Path, data: object, message: str) -> None:
        """The error names the file, the entry and the field, and no user is added."""
        file = self.written(tmp_path, data)
        issuer = DevelopmentIssuer()
        with pytest.raises(ConfigurationError) as caught:
            issuer.load_users(file)
        assert str(caught.value).startswith(message.format(file=file))
        assert str(file) in str(caught.value)
        assert dict(issuer.users) == dict(PERSONAS)

    def test_all_or_none(self, tmp_path: Path) -> None:
        """If two users have the same id, none of the file is added."""
        issuer = DevelopmentIssuer()
        file = self.written(tmp_path, {"mary": {}, "linus": {"did": "did:privy:dev-mary"}})
        with pytest.raises(ConfigurationError, match="did: mary and linus must not have the same id"):
            issuer.load_users(file)
        assert dict(issuer.users) == dict(PERSONAS)

    def test_missing_file(self, tmp_path: Path) -> None:
        """A file that cannot be read is named."""
        with pytest.raises(ConfigurationError, match=r"personas: .*nowhere\.json cannot be read: No such file"):
            DevelopmentIssuer().load_users(tmp_path / "nowhere.json")
