"""``privy-middleware demo``: the example apps, from the checkout and from the wheel."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from example_apps.demo import SERVERS
from privy_middleware.cli import demo
from tests.cli.running import CommandLine
from tests.cli.test_dev import program, read_until
from tests.docs.pages import ROOT
from tests.support.patience import PATIENCE


def test_once(cli: CommandLine) -> None:
    """With ``--once`` it ends after the requests."""
    assert cli("demo", "--app", "asgi", "--once").code == 0


@pytest.mark.parametrize("app", ["asgi", "wsgi"])
def test_other_modules_in_the_working_directory(app: str, cli: CommandLine, directory: Path) -> None:
    """A module in the working directory takes the place of none that the example or its server imports."""
    for name in ("anyio", "asyncio", "example_apps", "gunicorn", "privy_middleware", "uvicorn"):
        (directory / f"{name}.py").write_text("raise SystemExit(9)")
    assert cli("demo", "--app", app, "--once").code == 0


def test_until_ctrl_c() -> None:
    """It serves until Ctrl+C, which is exit code 130 without a traceback."""
    with program("demo", "--app", "wsgi") as running:
        assert "11 of 11 responses as documented" in read_until(running, "Personas and more")
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 130
        assert running.stdout is not None
        assert "Traceback" not in running.stdout.read()


@pytest.mark.parametrize(("app", "extra"), [("flask", "examples"), ("fastapi", "demo")])
def test_what_is_not_installed(app: str, extra: str, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra with the missing libraries is named."""
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == app else name)
    result = cli("demo", "--app", app)
    assert (result.code, f'needs {app}: pip install "privy-middleware[cli,{extra}]"' in result.err) == (2, True)


def test_where_the_examples_are(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the wheel, or else in the checkout, which is found before other folders of PYTHONPATH."""
    monkeypatch.setattr(demo, "__file__", str(ROOT / "privy_middleware" / "cli" / "demo.py"))
    assert demo._examples() == ROOT
    (directory / "bundled").mkdir()
    monkeypatch.setattr(demo, "__file__", str(directory / "demo.py"))
    assert demo._examples() == directory / "bundled"
    monkeypatch.setenv("PYTHONPATH", "others")
    assert demo._environ(ROOT)["PYTHONPATH"] == f"{ROOT}:others"
    monkeypatch.delenv("PYTHONPATH")
    assert demo._environ(ROOT)["PYTHONPATH"] == str(ROOT)


def test_every_example_of_the_demonstration_is_known() -> None:
    """The apps are those that the demonstration can run."""
    assert {*demo._NEEDS} == {*SERVERS}
