"""What a development issuer does without a server: users, their tokens and webhooks, and keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from privy_middleware.development.personas import DEFAULT_CREATED_AT, Persona
from privy_middleware.development.records import WebhookDelivery, webhook_delivery
from privy_middleware.development.signing import KeyRing, compact, signed
from privy_middleware.development.state import IssuerState, Memory, StateFile
from privy_middleware.development.users import DevelopmentUsers, build_persona, read_personas
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.claims import check_identity
from privy_middleware.users.user import PrivyUser, user_from_claims

__all__ = ["TokenIssuer"]


def _overridden(defaults: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**defaults, **changes}.items() if value is not None}


def _identity_claims(persona: Persona) -> dict[str, Any]:
    metadata = persona.custom_metadata
    return {
        "cr": str(persona.created_at),
        "linked_accounts": compact(persona.linked_accounts),
        "custom_metadata": None if metadata is None else compact(metadata),
        "guest": "t" if persona.is_guest else None,
    }


class TokenIssuer:
    """Sign tokens and webhooks as Privy does.

    Attributes:
        app_id: the ``aud`` of the tokens.
        users: the users by name; changing it changes the users.
    """

    def __init__(
        self, app_id: str, lifetime: float, clock: Callable[[], float], state: str | PathLike[str] | None
    ) -> None:
        """Load the keys and the users, or make them.

        Raises:
            ConfigurationError: if an argument is wrong, or the state file cannot be used.
        """
        if not isinstance(app_id, str) or not app_id:
            raise ConfigurationError("app_id", "give a string that is not empty")
        if not isinstance(lifetime, int | float):
            raise ConfigurationError("lifetime", "give a number of seconds")
        if not isinstance(state, str | PathLike | None):
            raise ConfigurationError("state", "give the path of a file, or leave it out")
        self.app_id = app_id
        self._lifetime = lifetime
        self._clock = clock
        self._store: Memory | StateFile = Memory() if state is None else StateFile(state)
        self._state: IssuerState = self._store.load()
        self._changing = threading.Lock()
        self.users: DevelopmentUsers = DevelopmentUsers(lambda: self._state.users, self._change_users)

    def add_user(
        self,
        name: str,
        *,
        did: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        wallets: Sequence[str | Mapping[str, Any]] = (),
        linked_accounts: Sequence[Mapping[str, Any]] = (),
        custom_metadata: Mapping[str, str | int | float | bool] | None = None,
        is_guest: bool = False,
        created_at: int = DEFAULT_CREATED_AT,
    ) -> Persona:
        """Add a user, or replace the one of this name, and return it.

        Args:
            name: letters, digits and ``. _ -``.
            did: the user's id; the default is ``did:privy:dev-`` and the name.
            email: the address of an e-mail account.
            phone: the number of a phone account.
            wallets: Ethereum or Solana addresses of external wallets, or dicts with the fields of a wallet account.
            linked_accounts: other accounts, with the names of the identity token; ``lv`` may be left out.
            custom_metadata: the custom metadata.
            is_guest: whether the user is a guest.
            created_at: when the user was created, in Unix seconds.

        Raises:
            ConfigurationError: if an argument is wrong, naming it.
        """
        persona = build_persona(
            name,
            did=did,
            email=email,
            phone=phone,
            wallets=wallets,
            linked_accounts=linked_accounts,
            custom_metadata=custom_metadata,
            is_guest=is_guest,
            created_at=created_at,
        )
        self.users[name] = persona
        return persona

    def load_users(self, path: str | PathLike[str]) -> list[Persona]:
        """Add the users of a JSON file, an object from name to the arguments of ``add_user``, and return them.

        Raises:
            ConfigurationError: if the file or an entry is wrong, naming the entry and the field; no user is added then.
        """
        personas = read_personas(path)
        self.users.put(personas)
        return list(personas.values())

    def user(self, persona: str | Persona = "ada") -> PrivyUser:
        """Return the user of a new identity token, as a verifier returns it.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        claims = self._claims_of_identity(self._find(persona))
        accounts, metadata = check_identity(claims)
        return user_from_claims(claims, accounts, metadata)

    def identity_token(
        self,
        persona: str | Persona = "ada",
        *,
        headers: Mapping[str, Any] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        **claims: Any,
    ) -> str:
        """Return an identity token; ``claims`` and ``headers`` replace the usual ones, and ``None`` removes one.

        Values are not checked, so that wrong tokens can be made too. ``key`` is used instead of the published key.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        who = self._find(persona)
        return self._sign(_overridden(self._claims_of_identity(who), claims), headers, key)

    def access_token(
        self,
        persona: str | Persona = "ada",
        *,
        headers: Mapping[str, Any] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        **claims: Any,
    ) -> str:
        """Return an access token; the arguments are those of ``identity_token``.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        who = self._find(persona)
        session = {"sid": f"dev-session-{who.name}"}
        return self._sign(_overridden(session | self._common_claims(who), claims), headers, key)

    def webhook(self, event_type: str, persona: str | Persona = "ada", **fields: Any) -> WebhookDelivery:
        """Return a webhook about a persona, signed with ``webhook_secret``.

        ``fields`` replace fields of the event, and ``None`` removes one. An unknown type of event has the field
        ``user``.

        Raises:
            ConfigurationError: if there is no persona of that name.
        """
        return webhook_delivery(
            event_type, self._find(persona), fields, secret=self.webhook_secret, now=int(self._clock())
        )

    @property
    def webhook_secret(self) -> str:
        """Return the signing key of the webhooks, ``whsec_…``."""
        return self._state.webhook_secret

    @property
    def app_secret(self) -> str:
        """Return the secret of the app, for the REST API."""
        return self._state.app_secret

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the published key set, the signing key first (RFC 7517 §5)."""
        return {"keys": [dict(key.jwk) for key in self._state.keys.published]}

    @property
    def kid(self) -> str:
        """Return the id of the signing key, its RFC 7638 thumbprint."""
        return self._state.keys.signing.kid

    @property
    def public_key_pem(self) -> str:
        """Return the public key as PEM (SPKI), as the dashboard shows a verification key."""
        return self._state.keys.signing.public_pem

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones stay published until they are withdrawn."""
        self._change_keys(KeyRing.rotated)

    def withdraw_old(self) -> None:
        """Publish only the signing key, without old ones."""
        self._change_keys(KeyRing.without_old)

    def withdraw(self, kid: str) -> None:
        """Publish a key no longer; if it is the signing key, a new one signs from now on.

        Raises:
            ConfigurationError: if no published key has this id.
        """

        def withdrawn(ring: KeyRing) -> KeyRing:
            if kid not in [key.kid for key in ring.published]:
                raise ConfigurationError("kid", "no published key has this id")
            return ring.without(kid)

        self._change_keys(withdrawn)

    def _change_keys(self, change: Callable[[KeyRing], KeyRing]) -> None:
        self._change(lambda state: replace(state, keys=change(state.keys)))

    def _change_users(self, change: Callable[[Mapping[str, Persona]], Mapping[str, Persona]]) -> None:
        self._change(lambda state: replace(state, users=change(state.users)))

    def _change(self, change: Callable[[IssuerState], IssuerState]) -> None:
        """Replace the state; if it cannot be saved, it stays as it was."""
        with self._changing:
            changed = change(self._state)
            self._store.save(changed)
            self._state = changed

    def _find(self, persona: str | Persona) -> Persona:
        if isinstance(persona, Persona):
            return persona
        found = self._state.users.get(persona)
        if found is None:
            raise ConfigurationError("persona", f"no such persona; choose one of {', '.join(self._state.users)}")
        return found

    def _claims_of_identity(self, persona: Persona) -> dict[str, Any]:
        return _overridden(_identity_claims(persona), self._common_claims(persona))

    def _common_claims(self, persona: Persona) -> dict[str, Any]:
        now = self._clock()
        times = {"iat": int(now), "exp": int(now + self._lifetime)}
        return {"iss": "privy.io", "aud": self.app_id, "sub": persona.did, **times}

    def _sign(
        self,
        claims: Mapping[str, Any],
        headers: Mapping[str, Any] | None,
        key: ec.EllipticCurvePrivateKey | None,
    ) -> str:
        own = self._state.keys.signing
        header = _overridden({"alg": "ES256", "typ": "JWT", "kid": own.kid}, headers or {})
        return signed(header, claims, key or own.private)
