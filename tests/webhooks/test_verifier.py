"""Which webhooks are accepted, and the content of events."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.errors import InvalidWebhook
from privy_middleware.webhooks import WebhookEvent, WebhookVerifier
from tests.loader.server import DID, account, record
from tests.webhooks.sending import KEY, NOW, OTHER_SECRET, SECRET, at_now, event, headers, signature

FIXTURE: dict[str, str] = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "webhook_signature.json").read_bytes()
)


def verify(body: bytes, secrets: Any = SECRET, **changes: str) -> WebhookEvent:
    """Verify a webhook with changed headers; underscores in names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return WebhookVerifier(secrets, clock=at_now).verify({**headers(body), **named}, body)


def fixture_headers(**changes: str) -> dict[str, str]:
    """Return the headers of the known example."""
    return {name.replace("_", "-"): {**FIXTURE, **changes}[name] for name in _FIELDS}


_FIELDS = ("svix_id", "svix_timestamp", "svix_signature")


class TestKnownAnswer:
    """The known example, whose body contains non-ASCII letters."""

    @pytest.mark.parametrize("away", [-300, 0, 300])
    def test_good(self, away: int) -> None:
        """It is valid within 300 s of its time."""
        verifier = WebhookVerifier(FIXTURE["secret"], clock=lambda: 1_700_000_000.0 + away)
        found = verifier.verify(fixture_headers(), FIXTURE["body"].encode())
        assert (found.id, found.type, found.timestamp) == ("msg_fixture_1", "user.updated_account", 1_700_000_000)
        assert found.user_ids == ("did:privy:cm3np4u9j001rc8b73seqmqqk",)
        assert found.payload["account"]["address"] == "jürgen@example.com"

    @pytest.mark.parametrize("away", [-301, 301])
    def test_other_time(self, away: int) -> None:
        """It is not valid outside this time."""
        verifier = WebhookVerifier(FIXTURE["secret"], clock=lambda: 1_700_000_000.0 + away)
        with pytest.raises(InvalidWebhook, match="300 s"):
            verifier.verify(fixture_headers(), FIXTURE["body"].encode())

    @pytest.mark.parametrize(
        "changes",
        [
            {"svix_id": "msg_fixture_2"},
            {"svix_timestamp": "1700000001"},
            {"svix_timestamp": "01700000000.0"},
            {"svix_signature": "v1,l3t2Del0qBclpNvBbX99TCqUr7+coCI/AjHYFOk0Z4p="},
            {"svix_signature": "v2,l3t2Del0qBclpNvBbX99TCqUr7+coCI/AjHYFOk0Z4o="},
            {"svix_signature": "l3t2Del0qBclpNvBbX99TCqUr7+coCI/AjHYFOk0Z4o="},
        ],
    )
    def test_changed_header(self, changes: dict[str, str]) -> None:
        """It is not valid with a changed header."""
        verifier = WebhookVerifier(FIXTURE["secret"], clock=lambda: 1_700_000_000.0)
        with pytest.raises(InvalidWebhook):
            verifier.verify(fixture_headers(**changes), FIXTURE["body"].encode())

    def test_changed_body(self) -> None:
        """It is not valid with a body that was parsed and written again."""
        verifier = WebhookVerifier(FIXTURE["secret"], clock=lambda: 1_700_000_000.0)
        with pytest.raises(InvalidWebhook, match="No signature of the webhook verifies"):
            verifier.verify(fixture_headers(), json.dumps(json.loads(FIXTURE["body"])).encode())


class TestSignatures:
    """The headers of a webhook."""

    @pytest.mark.parametrize(
        "form", ["{good}", "{bad} {good}", "{good} {bad}", "v1a,x {good}", "nonsense {good}", "v1,é {good}"]
    )
    def test_several(self, form: str) -> None:
        """One valid signature is enough, whatever the others are."""
        body = event()
        bad = signature(body, key=b"another key of thirty-two bytes.")
        assert verify(body, svix_signature=form.format(good=signature(body), bad=bad)).id == "msg_1"

    def test_not_without_end(self) -> None:
        """Signatures after the sixteenth are not checked."""
        body = event()
        with pytest.raises(InvalidWebhook):
            verify(body, svix_signature=" ".join(["v1,x"] * 16 + [signature(body)]))

    def test_several_secrets(self) -> None:
        """While one key replaces another, both are accepted."""
        assert verify(event(), [OTHER_SECRET, SECRET]).id == "msg_1"
        with pytest.raises(InvalidWebhook):
            verify(event(), OTHER_SECRET)

    @pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature"])
    def test_each_header_once(self, name: str) -> None:
        """A header that is missing, empty or repeated is rejected."""
        body = event()
        verifier = WebhookVerifier(SECRET, clock=at_now)
        good = list(headers(body).items())
        assert verifier.verify([(key.upper(), value) for key, value in good], body).id == "msg_1"
        for wrong in (
            [pair for pair in good if pair[0] != name],
            [*good, (name.title(), dict(good)[name])],
            [(key, "" if key == name else value) for key, value in good],
        ):
            with pytest.raises(InvalidWebhook, match=name):
                verifier.verify(wrong, body)

    @pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "nan", "1_800_000_000", "\uff11\uff18", "9" * 400])
    def test_timestamp(self, timestamp: str) -> None:
        """A timestamp must be a number of seconds."""
        with pytest.raises(InvalidWebhook, match="svix-timestamp"):
            verify(event(), svix_timestamp=timestamp)

    @pytest.mark.parametrize("event_id", ["msg 1", "msg_é", "msg_\udcff", "m" * 257])
    def test_id(self, event_id: str) -> None:
        """An ID is a short text in ASCII."""
        with pytest.raises(InvalidWebhook, match="svix-id"):
            verify(event(), svix_id=event_id)

    @pytest.mark.parametrize(
        "body",
        [
            b"\xff",
            b"",
            b"{",
            b"[]",
            b'"user.deleted"',
            b"{}",
            b'{"type": 1}',
            b'{"type": "a", "type": "b"}',
            b'{"type": "a", "deep": ' + b"[" * 100 + b"]" * 100 + b"}",
        ],
    )
    def test_no_event(self, body: bytes) -> None:
        """A signed body that is not an event is rejected."""
        with pytest.raises(InvalidWebhook):
            verify(body)


class TestEvents:
    """The content of events."""

    @pytest.mark.parametrize(
        "kind", ["user.updated_account", "user.linked_account", "user.unlinked_account", "user.authenticated"]
    )
    def test_user(self, kind: str) -> None:
        """An event contains the user at the time of the event."""
        found = verify(event(kind))
        assert (found.type, found.user_ids, found.deleted_user_ids) == (kind, (DID,), ())
        assert found.user is not None
        assert found.user.email is not None
        assert (found.user.complete, found.user.fresh_at) == (True, NOW)

    def test_deleted(self) -> None:
        """The event of a deleted user contains its ID."""
        found = verify(event("user.deleted", user=record()))
        assert (found.user_ids, found.deleted_user_ids) == ((DID,), (DID,))

    def test_transferred(self) -> None:
        """A transferred account has two users, one of which was deleted."""
        fields = {
            "account": account("email", address="a@b.c"),
            "fromUser": {"id": "did:privy:from"},
            "toUser": record(DID),
            "deletedUser": True,
        }
        found = verify(event("user.transferred_account", **fields))
        assert (found.user_ids, found.deleted_user_ids) == (("did:privy:from", DID), ("did:privy:from",))
        assert found.user is not None
        assert found.user.id == DID

    @pytest.mark.parametrize("fields", [{"deletedUser": False, "fromUser": {"id": "x"}}, {"deletedUser": True}])
    def test_transferred_without_deletion(self, fields: dict[str, Any]) -> None:
        """A user counts as deleted only if the event says so."""
        assert verify(event("user.transferred_account", toUser=record(), **fields)).deleted_user_ids == ()

    def test_user_id(self) -> None:
        """An event with only a user ID has that ID."""
        found = verify(event("mfa.enabled", user_id=DID, method="totp"))
        assert (found.user_ids, found.user) == ((DID,), None)

    @pytest.mark.parametrize(
        "fields", [{"message": "Hello"}, {"user": None}, {"user": {"id": 1}}, {"user": "u"}, {"user_id": 1}]
    )
    def test_no_user(self, fields: dict[str, Any]) -> None:
        """An event without a user, such as Privy's test, is valid."""
        found = verify(event("privy.test", **fields))
        assert (found.user_ids, found.user, found.type) == ((), None, "privy.test")

    def test_strange_user(self) -> None:
        """If the user cannot be parsed, the event still has its ID."""
        found = verify(event(user={"id": DID}))
        assert (found.user_ids, found.user) == ((DID,), None)

    def test_unchangeable(self) -> None:
        """The payload cannot be changed, and the repr does not contain it."""
        found = verify(event())
        with pytest.raises(TypeError, match="shared"):
            found.payload["type"] = "user.deleted"  # type: ignore[index]
        assert "a@b.c" not in repr(found)
        assert hash(found) == hash(verify(event()))


class TestSecrets:
    """Checks at startup."""

    @pytest.mark.parametrize(
        "secrets",
        [
            "",
            [],
            None,
            "whsec_",
            "whsec_!!!!",
            "whsec_é",
            f"whsec_{base64.b64encode(b'short').decode()}",
            [SECRET, 5],
            5,
        ],
    )
    def test_wrong(self, secrets: Any) -> None:
        """An invalid signing key is rejected, and not shown."""
        with pytest.raises(ConfigurationError) as caught:
            WebhookVerifier(secrets)
        assert caught.value.field == "secrets"
        assert "c2hvcnQ" not in str(caught.value)

    @pytest.mark.parametrize(
        "secret",
        [SECRET, SECRET.removeprefix("whsec_"), SECRET.rstrip("="), f" {SECRET}\n", base64.b64encode(KEY).decode()],
    )
    def test_forms(self, secret: str) -> None:
        """A key is accepted with and without its prefix and padding."""
        assert verify(event(), secret).id == "msg_1"

    def test_not_shown(self) -> None:
        """No repr contains the key."""
        assert SECRET not in repr(WebhookVerifier(SECRET))

    def test_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the extra, the error names it."""
        monkeypatch.setitem(sys.modules, "standardwebhooks", None)
        with pytest.raises(ConfigurationError, match=r"privy-middleware\[webhooks\]"):
            WebhookVerifier(SECRET)
