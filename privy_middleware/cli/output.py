"""What the commands print: findings, times in words, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import click

__all__ = ["Finding", "Status", "echo_json", "echo_text", "exit_code", "in_words", "moment", "print_findings"]

Status: TypeAlias = Literal["ok", "warning", "error", "skipped"]

_COLOURS: dict[str, str] = {"ok": "green", "warning": "yellow", "error": "red", "skipped": "cyan"}
_UNITS = ((86400 * 365, "year"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        status: whether it passed.
        check: the name of the check.
        message: what was found.
        fix: what to do, if there is anything to do.
        code: the stable code of the error, if the check has one.
    """

    status: Status
    check: str
    message: str
    fix: str = ""
    code: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return what ``--json`` prints, without the empty fields."""
        return {name: value for name, value in asdict(self).items() if value}


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 if a check has failed, else 0."""
    return int(any(each.status == "error" for each in findings))


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each finding with its status, and below it what to do."""
    for each in findings:
        status = click.style(f"{each.status:<8}", fg=_COLOURS[each.status])
        click.echo(f"{status} {echo_text(each.check)}: {echo_text(each.message)}")
        if each.fix:
            click.echo(f"{'':<8} -> {echo_text(each.fix)}")


def echo_json(value: Any) -> None:
    """Print a value as JSON in ASCII."""
    click.echo(json.dumps(value, indent=2))


def echo_text(text: object) -> str:
    """Return a text in which nothing can control the terminal, for values that are not our own."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in str(text))


def moment(seconds: float) -> str:
    """Return a time given in Unix seconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def in_words(seconds: float) -> str:
    """Return a time span relative to now, such as ``3 minutes ago`` or ``in 2 hours``."""
    whole = round(abs(seconds))
    if not whole:
        return "now"
    size, unit = next((size, unit) for size, unit in _UNITS if whole >= size)
    count = whole // size
    span = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{span} ago" if seconds < 0 else f"in {span}"
