"""``privy-middleware dev``: the issuer, and the command that runs beside it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest

from privy_middleware import PrivyConfig, PrivyVerifier
from privy_middleware.cli import child, git
from privy_middleware.cli.dev import _environ
from tests.cli.running import CommandLine
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

SETTINGS = """
import os
names = "PRIVY_APP_ID", "PRIVY_JWKS_URL", "PRIVY_API_URL", "PRIVY_LOGIN_URL", "PRIVY_VERIFICATION_KEY"
print([(name, os.environ[name]) for name in names if name in os.environ], flush=True)
"""
# Writes the signals that it gets, in a way that another signal may interrupt, and ends with 5 after SIGTERM.
PATIENT = """
import os, signal, sys, threading
ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"got SIGINT\\n"))
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"got SIGTERM\\n"), ended.set()))
print("ready", flush=True)
ended.wait()
sys.exit(5)
"""
# Counts the signals until it gets a line, which a program in the background of a terminal cannot read. A terminal sends
# the signal and then discards output, perhaps that of the handler, unless NOFLSH is set.
COUNTING = """
import os, signal, termios
mode = termios.tcgetattr(0)
mode[3] |= termios.NOFLSH
termios.tcsetattr(0, termios.TCSANOW, mode)
found = []
signal.signal(signal.SIGINT, lambda *_: (found.append(1), os.write(1, b"got SIGINT\\n")))
print("ready", flush=True)
input()
print(len(found), "in all", flush=True)
"""


@contextmanager
def program(*arguments: str, terminal: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run the command line in a program of its own, perhaps on a terminal of its own, and kill it at the end.

    It is also killed if it hangs, so that nothing waits for its output any longer.
    """
    command = [sys.executable, "-m", "privy_middleware", *arguments]
    if terminal:
        command = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)", *command]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, bufsize=1) as running:
        hanging = threading.Timer(PATIENCE, running.kill)
        hanging.start()
        try:
            yield running
        finally:
            hanging.cancel()
            running.kill()


def read_until(running: subprocess.Popen[str], text: str) -> str:
    """Return the output up to the line that contains a text."""
    output: IO[str] | None = running.stdout
    assert output is not None
    shown = ""
    for line in output:
        shown += line
        if text in line:
            return shown
    raise AssertionError(shown)


class TestAlone:
    """Without a command it prints the settings, and serves until it is stopped."""

    def test_the_settings_and_ctrl_c(self, directory: Path) -> None:
        """The settings it prints are those of a running issuer, and Ctrl+C is exit code 130 without a traceback."""
        port = free_port()
        with program("dev", "--port", str(port)) as running:
            shown = read_until(running, "Stop with")
            url = f"http://127.0.0.1:{port}/api/v1/apps/privy-development-app/jwks.json"
            for line in (
                f"export PRIVY_JWKS_URL={url}",
                f"set -gx PRIVY_JWKS_URL {url}",
                f"$env:PRIVY_JWKS_URL = '{url}'",
                f"    PRIVY_JWKS_URL={url}",
                "export PRIVY_APP_ID=privy-development-app",
            ):
                assert line in shown
            assert httpx2.get(url, trust_env=False, timeout=PATIENCE).json()["keys"]
            running.send_signal(signal.SIGINT)
            assert running.wait(PATIENCE) == 130
            assert running.stdout is not None
            assert "Traceback" not in running.stdout.read()

    def test_sigterm(self, directory: Path) -> None:
        """SIGTERM ends it as well, and the keys are kept for the next time."""
        tokens: list[str] = []
        for _ in range(2):
            with program("dev", "--port", "0", "--app-id", "my-app", "--state", "my state.json") as running:
                shown = read_until(running, "Stop with")
                assert "--state 'my state.json'" in shown
                address = next(line for line in shown.splitlines() if line.startswith("Sign in: ")).split()[2]
                token = httpx2.get(f"{address}/tokens/ada", trust_env=False, timeout=PATIENCE).json()["identity_token"]
                config = PrivyConfig(app_id="my-app", jwks_url=f"{address}/api/v1/apps/my-app/jwks.json")
                for each in [*tokens, token]:
                    assert PrivyVerifier(config).verify_identity_token(each).id == "did:privy:dev-ada"
                tokens.append(token)
                running.send_signal(signal.SIGTERM)
                assert running.wait(PATIENCE) == 143

    def test_a_port_that_is_in_use(self, cli: CommandLine) -> None:
        """The error says what to do."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = cli("dev", "--port", str(port))
        assert result.code == 2
        assert f"port {port} cannot be used" in result.err
        assert "--port 0" in result.err
        for wrong in ("65536", "-1", "x"):
            assert cli("dev", "--port", wrong).code == 2

    def test_wrong_settings(self, cli: CommandLine) -> None:
        """A wrong app id is not passed on."""
        result = cli("dev", "--port", "0", "--app-id", "client-x", "--", "true")
        assert (result.code, "client id" in result.err) == (2, True)
        assert cli("dev", "--port", "0", "--app-id", "", "--", "true").code == 2


class TestWithACommand:
    """The command gets the settings, the signals, and decides about the exit code."""

    def test_its_settings_and_exit_code(self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        """An inherited key is removed, and the exit code is the command's."""
        monkeypatch.setenv("PRIVY_VERIFICATION_KEY", "of another app")
        assert cli("dev", "--port", "0", "--", sys.executable, "-c", f"{SETTINGS}raise SystemExit(3)").code == 3
        assert cli("dev", "--port", "0", sys.executable, "-c", "").code == 0
        port = free_port()
        with program("dev", "--port", str(port), "--", sys.executable, "-c", SETTINGS) as running:
            settings = read_until(running, "PRIVY_APP_ID")
            assert running.wait(PATIENCE) == 0
        expected = [
            ("PRIVY_APP_ID", "privy-development-app"),
            ("PRIVY_JWKS_URL", f"http://127.0.0.1:{port}/api/v1/apps/privy-development-app/jwks.json"),
            ("PRIVY_API_URL", f"http://127.0.0.1:{port}/v1"),
        ]
        assert f"{expected}\n" in settings

    def test_its_pages(self, cli: CommandLine, directory: Path) -> None:
        """With the address of the app, its pages lead to those of the issuer."""
        given = ("--port", "0", "--app-url", "http://localhost:8000")
        with program("dev", *given, "--", sys.executable, "-c", SETTINGS) as running:
            assert "/login?app=http://localhost:8000" in read_until(running, "PRIVY_APP_ID")
        wrong = cli("dev", "--port", "0", "--app-url", "https://app.example.com", "--", "true")
        assert (wrong.code, "on this machine" in wrong.err) == (2, True)

    def test_users_of_ones_own(self, cli: CommandLine, directory: Path) -> None:
        """The users of a file are added to the issuer; a wrong file adds none, and the command is not started."""
        users = directory / "users.json"
        users.write_text('{"mary": {"email": "mary@example.com"}}')
        assert cli("dev", "--port", "0", "--users", "users.json", "--", sys.executable, "-c", "").code == 0
        assert cli("token", "mary", "--state", ".privy-dev.json").code == 0
        users.write_text('{"alice": {"email": "alice@example.com"}, "bob": {"email": 7}}')
        wrong = cli("dev", "--port", "0", "--users", "users.json", "--", sys.executable, "-c", "open('ran', 'w')")
        assert (wrong.code, "bob" in wrong.err, (directory / "ran").exists()) == (2, True, False)
        assert cli("token", "alice", "--state", ".privy-dev.json").code == 2
        assert cli("dev", "--port", "0", "--users", "missing.json", "--", "true").code == 2

    def test_an_env_file(self, directory: Path) -> None:
        """A key in a .env file is kept out by an empty variable."""
        assert "PRIVY_VERIFICATION_KEY" not in _environ({})
        (directory / ".env").write_text("PRIVY_VERIFICATION_KEY=x\n")
        assert _environ({})["PRIVY_VERIFICATION_KEY"] == ""

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({}, None),
            ({"HTTP_PROXY": "http://proxy"}, "127.0.0.1,localhost"),
            ({"all_proxy": "http://proxy", "NO_PROXY": "a.example"}, "a.example,127.0.0.1,localhost"),
        ],
    )
    def test_proxies(self, variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """The issuer is reached without a proxy."""
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert _environ({}).get("NO_PROXY") == expected

    def test_signals_are_forwarded(self) -> None:
        """SIGINT and SIGTERM reach the command, whose exit code is that of the program."""
        with program("dev", "--port", "0", "--", sys.executable, "-c", PATIENT) as running:
            read_until(running, "ready")
            running.send_signal(signal.SIGINT)
            read_until(running, "got SIGINT")
            running.send_signal(signal.SIGTERM)
            read_until(running, "got SIGTERM")
            assert running.wait(PATIENCE) == 5

    def test_ctrl_c_on_a_terminal(self) -> None:
        """The terminal sends SIGINT to both programs, and the command gets it once."""
        with program("dev", "--port", "0", "--", sys.executable, "-c", COUNTING, terminal=True) as running:
            read_until(running, "ready")
            assert running.stdin is not None
            running.stdin.write("\x03")
            running.stdin.flush()
            read_until(running, "got SIGINT")
            running.stdin.write("end\n")
            assert "1 in all" in read_until(running, "in all")

    def test_a_command_that_a_signal_ends(self, cli: CommandLine) -> None:
        """The exit code is that of a shell, and the signal is named."""
        ended = cli("dev", "--port", "0", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
        assert (ended.code, "was ended by SIGKILL" in ended.err) == (137, True)
        number = signal.SIGRTMIN + 1
        ended = cli("dev", "--port", "0", "--", sys.executable, "-c", f"import os; os.kill(os.getpid(), {number})")
        assert (ended.code, f"was ended by signal {number}" in ended.err) == (128 + number, True)

    def test_a_command_that_cannot_be_started(self, cli: CommandLine, directory: Path) -> None:
        """It is wrong usage, with the reason."""
        missing = cli("dev", "--port", "0", "--", "no-such-command")
        assert (missing.code, "there is no such command" in missing.err) == (2, True)
        folder = cli("dev", "--port", "0", "--", str(directory))
        assert (folder.code, "cannot be started" in folder.err) == (2, True)

    def test_whether_the_terminal_sends_the_signal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does so if this program is in the foreground of a terminal."""
        monkeypatch.setattr(os, "isatty", lambda _: False)
        assert not child._has_terminal()
        monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 1)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        assert child._has_terminal()

    def test_a_terminal_of_another_program(self) -> None:
        """A terminal that does not control this program sends it no signals, so SIGINT is forwarded."""
        own, terminal = pty.openpty()
        command = [sys.executable, "-m", "privy_middleware", "dev", "--port", "0", "--", sys.executable, "-c", PATIENT]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=terminal, stdout=pipe, stderr=subprocess.STDOUT, text=True, bufsize=1, start_new_session=True
        ) as running:
            try:
                read_until(running, "ready")
                running.send_signal(signal.SIGINT)
                read_until(running, "got SIGINT")
                running.send_signal(signal.SIGTERM)
                assert running.wait(PATIENCE) == 5
            finally:
                running.kill()
                os.close(own)
                os.close(terminal)

    @pytest.mark.parametrize(("ended", "code"), [("0", 130), ("4", 4)])
    def test_the_exit_code_after_ctrl_c(self, ended: str, code: int) -> None:
        """Where it is given, it replaces the exit code 0 of a command that ended well."""
        interrupt = (
            "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); os.kill(os.getppid(), signal.SIGINT);"
            f"raise SystemExit({ended})"
        )
        assert child.run_command([sys.executable, "-c", interrupt], os.environ, after_ctrl_c=130) == code

    def test_a_signal_before_the_command_has_started(self) -> None:
        """It is ignored."""
        child._Forwarding()._forward(signal.SIGTERM, None)


class TestGit:
    """The state file is kept out of git without changing a tracked file."""

    def test_in_a_repository(self, cli: CommandLine, directory: Path) -> None:
        """It is added to ``.git/info/exclude`` once."""
        subprocess.run(["git", "init", "--quiet"], check=True)
        (directory / "deep").mkdir()
        for name in (".privy-dev.json", "deep/other.json"):
            assert "info/exclude" in cli("dev", "--port", "0", "--state", name, "--", sys.executable, "-c", "").err
            assert "info/exclude" not in cli("dev", "--port", "0", "--state", name, "--", sys.executable, "-c", "").err
        status = subprocess.run(["git", "status", "--porcelain"], check=True, capture_output=True, text=True)
        assert status.stdout == ""

    @pytest.mark.parametrize("folder", ["[slug]", "a*b?", "back\\slash", "space ", "!odd", "#odd"])
    def test_names_that_are_patterns(self, folder: str, cli: CommandLine, directory: Path) -> None:
        """A folder whose name would have a meaning in the list is written so that it has none."""
        subprocess.run(["git", "init", "--quiet"], check=True)
        state = directory / folder / "state [1] "
        state.parent.mkdir()
        assert "info/exclude" in cli("dev", "--port", "0", "--state", str(state), sys.executable, "-c", "").err
        status = subprocess.run(["git", "status", "--porcelain"], check=True, capture_output=True, text=True)
        assert status.stdout == ""

    @pytest.mark.parametrize("case", ["included", "tracked", "not writable"])
    def test_what_cannot_be_excluded(self, case: str, cli: CommandLine, directory: Path) -> None:
        """If the file may be committed nevertheless, a warning says what to do, and the command runs."""
        subprocess.run(["git", "init", "--quiet"], check=True)
        command = ["dev", "--port", "0", "--", sys.executable, "-c", ""]
        if case == "included":
            (directory / ".gitignore").write_text("!.privy-dev.json\n")
        elif case == "tracked":
            assert cli(*command).code == 0
            subprocess.run(["git", "add", "--force", ".privy-dev.json"], check=True)
        else:
            shutil.rmtree(directory / ".git" / "info", ignore_errors=True)
            (directory / ".git" / "info").touch()
        result = cli(*command)
        assert result.code == 0
        assert "Warning: .privy-dev.json contains a private key and may be committed" in result.err
        assert "was added" not in result.err

    def test_without_one(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing happens outside a repository, or without git."""
        assert not git.keep_out_of_git(directory / "state.json")
        monkeypatch.setattr(shutil, "which", lambda _: None)
        assert not git.keep_out_of_git(directory / "state.json")
