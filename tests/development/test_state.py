"""The state of a development issuer in a file: it survives a restart, and is never lost or shown."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.development import PERSONAS, DevelopmentIssuer
from tests.support.patience import PATIENCE

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a state file that does not exist."""
    return tmp_path / "state.json"


def changed(file: Path, change: Change) -> bytes:
    """Change the JSON of a state file, and return its new content."""
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    return file.read_bytes()


def pem(key: Any) -> str:
    """Return a private key as PEM."""
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


class TestRestart:
    """What a second issuer with the same file has."""

    def test_everything(self, file: Path) -> None:
        """Keys, withdrawals, secrets and users are the same after a restart."""
        first = DevelopmentIssuer(state=file)
        first.rotate()
        withdrawn = first.kid
        first.rotate()
        first.withdraw(withdrawn)
        first.add_user("mary", email="mary@example.com", wallets=[{"address": "a", "chain_type": "ton"}])
        first.add_user("ada", custom_metadata={"role": "member"}, is_guest=True)
        del first.users["grace"]
        token = first.identity_token("mary")
        second = DevelopmentIssuer(state=str(file))
        assert second.jwks() == first.jwks()
        assert second.jwks()["keys"][0]["kid"] == second.kid == first.kid
        assert withdrawn not in [key["kid"] for key in second.jwks()["keys"]]
        assert (second.app_secret, second.webhook_secret) == (first.app_secret, first.webhook_secret)
        assert dict(second.users) == dict(first.users)
        verifier = PrivyVerifier(PrivyConfig(app_id=second.app_id, verification_key=second.public_key_pem))
        assert verifier.verify_identity_token(token).id == "did:privy:dev-mary"

    def test_without_changes(self, file: Path) -> None:
        """A new file is written at once, and starting again does not write to it."""
        first = DevelopmentIssuer(state=file)
        content = file.read_bytes()
        assert DevelopmentIssuer(state=file).kid == first.kid
        assert file.read_bytes() == content
        assert dict(DevelopmentIssuer(state=file).users) == dict(PERSONAS)

    def test_only_differences_of_the_users(self, file: Path) -> None:
        """The file names only the users that were changed, so that it is easy to read and to edit."""
        issuer = DevelopmentIssuer(state=file)
        issuer.add_user("mary")
        del issuer.users["ada"]
        data = json.loads(file.read_text())
        assert list(data["users"]) == ["mary"]
        assert data["removed_users"] == ["ada"]
        changed(file, lambda data: data["users"].update(linus={"email": "linus@example.com"}))
        assert DevelopmentIssuer(state=file).user("linus").email is not None

    def test_in_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a file nothing is written, and each issuer has its own keys."""
        monkeypatch.chdir(tmp_path)
        assert DevelopmentIssuer().kid != DevelopmentIssuer().kid
        assert list(tmp_path.iterdir()) == []


class TestFile:
    """The file itself."""

    def test_mode(self, file: Path) -> None:
        """Only the owner may read the file, whatever the umask is, and no other file is left."""
        previous = os.umask(0)
        try:
            issuer = DevelopmentIssuer(state=file)
            issuer.rotate()
        finally:
            os.umask(previous)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert os.listdir(file.parent) == [file.name]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
    def test_readable_by_others(self, file: Path, mode: int) -> None:
        """A file that others may read or write is refused with the command that fixes it, and stays as it is."""
        issuer = DevelopmentIssuer(state=file)
        content = file.read_bytes()
        file.chmod(mode)
        for use in (lambda: DevelopmentIssuer(state=file), issuer.rotate):
            with pytest.raises(ConfigurationError, match="private keys and can be read by others") as caught:
                use()
            assert f"chmod 600 {file}" in str(caught.value)
            assert caught.value.field == "state"
        assert file.read_bytes() == content

    def test_no_file(self, file: Path) -> None:
        """A pipe, which would keep the issuer waiting, a device and a folder are refused."""
        os.mkfifo(file, 0o600)
        for path in (file, Path(os.devnull), file.parent):
            with pytest.raises(ConfigurationError, match="is not a file") as caught:
                DevelopmentIssuer(state=path)
            assert str(path) in str(caught.value)

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"{}", b"null", b'"x"', b"\xff", b'{"version": 1}', b'{"version": 1, "version": 1}'],
    )
    def test_damaged(self, file: Path, content: bytes) -> None:
        """A file that is not a state file is named, and not written to."""
        file.touch(0o600)
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match="is damaged or not a state file") as caught:
            DevelopmentIssuer(state=file)
        assert str(file) in str(caught.value)
        assert file.read_bytes() == content

    @pytest.mark.parametrize(
        "change",
        [
            lambda data: data.update(keys=[]),
            lambda data: data.update(keys={}),
            lambda data: data.update(keys=7),
            lambda data: data["keys"][0].update(withdrawn=True),
            lambda data: data["keys"][0].pop("withdrawn"),
            lambda data: data["keys"][0].update(private_key="x"),
            lambda data: data["keys"][0].update(private_key=7),
            lambda data: data["keys"][0].update(private_key=pem(ed25519.Ed25519PrivateKey.generate())),
            lambda data: data["keys"][0].update(private_key=pem(ec.generate_private_key(ec.SECP384R1()))),
            lambda data: data.update(app_secret=""),
            lambda data: data.update(app_secret=7),
            lambda data: data.pop("app_secret"),
            lambda data: data.update(webhook_secret="whsec_"),
            lambda data: data.update(webhook_secret=None),
            lambda data: data.update(users=[]),
            lambda data: data.update(removed_users=None),
        ],
    )
    def test_wrong_members(self, file: Path, change: Change) -> None:
        """A wrong or missing member is damage too; the message shows no part of the file."""
        issuer = DevelopmentIssuer(state=file)
        content = changed(file, change)
        with pytest.raises(ConfigurationError, match="is damaged or not a state file") as caught:
            DevelopmentIssuer(state=file)
        assert issuer.app_secret not in str(caught.value)
        assert caught.value.__suppress_context__
        assert file.read_bytes() == content

    def test_wrong_users(self, file: Path) -> None:
        """A user that was written by hand is checked, and the error names the entry and the field."""
        DevelopmentIssuer(state=file)
        changed(file, lambda data: data["users"].update(mary={"wallets": ["?"]}))
        with pytest.raises(ConfigurationError, match=r"^mary\.wallets\[0\]: give .*state\.json\)$"):
            DevelopmentIssuer(state=file)
        changed(file, lambda data: data["users"].update(mary={"did": "did:privy:dev-ada"}))
        with pytest.raises(ConfigurationError, match="did: ada and mary must not have the same id"):
            DevelopmentIssuer(state=file)

    def test_another_version(self, file: Path) -> None:
        """A file of a later version is not damaged, and is kept."""
        DevelopmentIssuer(state=file)
        content = changed(file, lambda data: data.update(version=2))
        with pytest.raises(ConfigurationError, match="was written by another version of privy-middleware"):
            DevelopmentIssuer(state=file)
        assert file.read_bytes() == content

    def test_changed_by_another(self, file: Path) -> None:
        """Changes of another process are not overwritten; the issuer stays as it was."""
        first, second = DevelopmentIssuer(state=file), DevelopmentIssuer(state=file)
        first.add_user("mary")
        with pytest.raises(ConfigurationError, match="was changed by another process"):
            second.add_user("linus")
        assert "linus" not in second.users
        assert "mary" in DevelopmentIssuer(state=file).users

    def test_removed(self, file: Path) -> None:
        """A file that was removed is written again with the next change."""
        issuer = DevelopmentIssuer(state=file)
        file.unlink()
        issuer.add_user("mary")
        assert DevelopmentIssuer(state=file).kid == issuer.kid

    def test_cannot_be_written(self, tmp_path: Path) -> None:
        """A missing directory is named, as is a file where there should be a directory."""
        with pytest.raises(ConfigurationError, match=r"state: .*nowhere.state cannot be written: No such file"):
            DevelopmentIssuer(state=tmp_path / "nowhere" / "state")
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match="cannot be read: Not a directory"):
            DevelopmentIssuer(state=tmp_path / "file" / "state")
        with pytest.raises(ConfigurationError, match="state: give the path of a file"):
            DevelopmentIssuer(state=7)  # type: ignore[arg-type]

    def test_interrupted(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the disk is full, neither the file nor the issuer changes, and no other file is left."""
        issuer = DevelopmentIssuer(state=file)
        content, kid = file.read_bytes(), issuer.kid

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ConfigurationError, match="cannot be written: No space left on device"):
            issuer.rotate()
        assert (file.read_bytes(), issuer.kid) == (content, kid)
        assert os.listdir(file.parent) == [file.name]

    def test_link(self, file: Path) -> None:
        """A symbolic link stays one, and the file that it names is written."""
        link = file.with_name("link")
        link.symlink_to(file)
        DevelopmentIssuer(state=link).rotate()
        assert link.is_symlink()
        assert len(DevelopmentIssuer(state=file).jwks()["keys"]) == 2

    @pytest.mark.parametrize("error", [None, FileExistsError(17, "File exists"), PermissionError(1, "Not permitted")])
    def test_made_at_the_same_time(self, file: Path, monkeypatch: pytest.MonkeyPatch, error: OSError | None) -> None:
        """Of two processes that make the file, the second uses that of the first; some file systems have no links."""
        original, others = os.link, []

        def link(source: str, target: Path) -> None:
            monkeypatch.setattr(os, "link", original)
            if isinstance(error, PermissionError):
                raise error
            others.append(DevelopmentIssuer(state=file))
            original(source, target)

        monkeypatch.setattr(os, "link", link)
        issuer = DevelopmentIssuer(state=file)
        assert all(other.kid == issuer.kid for other in others)
        assert DevelopmentIssuer(state=file).kid == issuer.kid
        assert os.listdir(file.parent) == [file.name]

    def test_many_processes(self, file: Path) -> None:
        """Processes that start at once have the same key."""
        code = "import sys, privy_middleware.development as d; print(d.DevelopmentIssuer(state=sys.argv[1]).kid)"
        command = [sys.executable, "-c", code, str(file)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert len({process.communicate(timeout=PATIENCE)[0] for process in running}) == 1


class TestWithdraw:
    """``issuer.withdraw``."""

    def test_old_key(self) -> None:
        """One old key is withdrawn, the others stay."""
        issuer = DevelopmentIssuer()
        kids = [issuer.kid]
        for _ in range(2):
            issuer.rotate()
            kids.insert(0, issuer.kid)
        issuer.withdraw(kids[1])
        assert [key["kid"] for key in issuer.jwks()["keys"]] == [kids[0], kids[2]]
        issuer.rotate()
        assert kids[1] not in [key["kid"] for key in issuer.jwks()["keys"]]

    def test_signing_key(self) -> None:
        """If the signing key is withdrawn, a new one signs, so that new tokens are accepted."""
        issuer = DevelopmentIssuer()
        kid = issuer.kid
        issuer.withdraw(kid)
        assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.kid]
        assert issuer.kid != kid
        for gone in (kid, "nothing"):
            with pytest.raises(ConfigurationError, match="kid: no published key has this id"):
                issuer.withdraw(gone)
