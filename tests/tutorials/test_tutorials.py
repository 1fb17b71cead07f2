"""Every step of every tutorial works as it is written, in an empty directory.

By default the steps use the environment of the tests, free ports and the development issuer as Privy. The nox session
``tutorials`` follows them to the letter: in a new environment, with the wheel, and at the ports of the page.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome

from privy_middleware.development import DevelopmentIssuer
from tests.browser.driving import Page
from tests.support.patience import PATIENCE
from tests.support.ports import free_port
from tests.tutorials.reading import TUTORIALS, Browser, Commands, File, Interrupt, steps
from tests.tutorials.terminal import Terminal

TO_THE_LETTER = "PRIVY_TUTORIALS_TO_THE_LETTER" in os.environ
_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
_KEPT = ("HOME", "LANG", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE")
_INSTALLATION = re.compile(r"^(python3 -m venv|\. \.venv|source \.venv|pip install).*\n", re.MULTILINE)
_PORT = re.compile(r"(?<=localhost:)\d{4}|(?<=127\.0\.0\.1:)\d{4}|(?<=--port )\d{4}")
_ISSUERS_PORT = "4080"
_EXPORT = "export PRIVY_APP_ID=your-app-id"


class Reader:
    """Somebody who follows a tutorial."""

    def __init__(self, directory: Path, scratch: Path, chrome: Chrome, privy: DevelopmentIssuer) -> None:
        """Sit down in an empty directory, with a browser; ``privy`` takes the place of Privy in production."""
        self._directory = directory
        self._scratch = scratch
        self._privy = privy
        self._page = Page(chrome, privy.url)
        self._ports: dict[str, str] = {}
        self._open = ExitStack()
        self._server: Terminal | None = None
        self._terminal = self._new_terminal()

    def close(self) -> None:
        """Close all terminals."""
        self._open.close()

    def follow(self, step: object) -> None:
        """Do what a step says, and compare what happens."""
        match step:
            case File():
                self._write(step)
            case Commands(url=None):
                self._until_it_works(lambda: self._run(step), step.printed is not None)
            case Commands():
                self._serve(step)
            case Browser():
                self._until_it_works(lambda: self._browse(step), True)
            case Interrupt():
                assert self._server is not None
                assert "Traceback" not in self._server.interrupt()
                self._server = None

    def _new_terminal(self) -> Terminal:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # Of Python, a reader has nothing but ``python3`` to begin with.
        programs = Path(sys.executable).parent if not TO_THE_LETTER else _only_python(self._scratch / "bin")
        environ["PATH"] = os.pathsep.join([str(programs), *_SYSTEM])
        return self._open.enter_context(Terminal(self._directory, environ, self._scratch))

    def _adapted(self, text: str) -> str:
        """Return a text with what depends on the machine."""
        if not TO_THE_LETTER:
            text = _PORT.sub(lambda match: self._port(match[0]), _INSTALLATION.sub("", text))
            text = text.replace("privy-middleware dev ", f"privy-middleware dev --port {self._port(_ISSUERS_PORT)} ")
        # A new app at Privy, whose keys are served here.
        settings = {"APP_ID": self._privy.app_id, "JWKS_URL": self._privy.jwks_url}
        return text.replace(_EXPORT, "export " + " ".join(f"PRIVY_{name}={value}" for name, value in settings.items()))

    def _port(self, written: str) -> str:
        return self._ports.setdefault(written, str(free_port()))

    def _write(self, step: File) -> None:
        _, where = self._terminal.run("pwd")
        path = Path(where.strip(), step.name)
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if step.appended else ""
        path.write_text(before + self._adapted(step.text))

    def _run(self, step: Commands) -> None:
        code, printed = self._terminal.run(self._adapted(step.text))
        assert code == 0, f"{step.text}\n{printed}"
        if step.printed is not None:
            _compare(printed, self._adapted(step.printed))

    def _serve(self, step: Commands) -> None:
        assert step.url is not None
        port = urlsplit(self._adapted(step.url)).port
        self._server = self._terminal
        self._server.start(self._adapted(step.text))
        self._terminal = self._new_terminal()
        self._until_it_works(lambda: socket.create_connection(("localhost", port)).close(), True)

    def _browse(self, step: Browser) -> None:
        for verb, rest in step.actions:
            text = self._adapted(rest)
            match verb:
                case "open":
                    self._page.open(text)
                case "press":
                    self._page.press(text)
                case _:
                    assert verb == "see", verb
                    assert text in self._page.text, f"{text!r} is not on the page:\n{self._page.text}"

    def _until_it_works(self, action: Callable[[], None], may_wait: bool) -> None:
        """Repeat an action, while a server starts, or starts again after a change."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                action()
            except (AssertionError, OSError, WebDriverException) as error:
                if not may_wait or self._server is None or self._server.has_ended or time.monotonic() > end:
                    shown = "" if self._server is None else self._server.shown
                    raise AssertionError(f"{error}\nThe server has printed:\n{shown}") from error
                time.sleep(0.2)
            else:
                return


def _only_python(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    python = directory / "python3"
    if not python.exists():
        python.symlink_to(Path(sys.base_prefix, "bin", "python3"))
    return directory


def _compare(printed: str, expected: str) -> None:
    lines = ("(.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in expected.splitlines())
    wanted = "".join(lines)
    seen = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    assert re.search(wanted, seen), f"expected:\n{expected}\nprinted:\n{printed}"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda page: page.stem)
def test_tutorial(tutorial: Path, tmp_path: Path, chrome: Chrome) -> None:
    """All its steps work, one after another."""
    directory, scratch = tmp_path / "tutorial", tmp_path / "scratch"
    directory.mkdir()
    scratch.mkdir()
    chrome.execute_cdp_cmd("Network.clearBrowserCookies", {})
    with DevelopmentIssuer() as privy:
        reader = Reader(directory, scratch, chrome, privy)
        try:
            for step in steps(tutorial):
                reader.follow(step)
        finally:
            reader.close()
