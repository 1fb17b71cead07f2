"""The group of commands, and what becomes of errors: exit code 2 for wrong usage or settings, 130 for Ctrl+C."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from privy_middleware import __version__
from privy_middleware.cli.demo import demo_command
from privy_middleware.cli.dev import dev_command
from privy_middleware.cli.doctor import doctor_command
from privy_middleware.cli.inspection import inspect_command
from privy_middleware.cli.output import echo_text
from privy_middleware.cli.pasted import without_tokens
from privy_middleware.cli.routes import routes_command
from privy_middleware.cli.tokens import token_command
from privy_middleware.errors import ConfigurationError, PrivyError

__all__ = ["application", "run"]

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="privy-middleware")
def application() -> None:
    """Develop and check an app that uses privy-middleware."""


for _command in (demo_command, dev_command, token_command, inspect_command, doctor_command, routes_command):
    application.add_command(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; the default arguments are those of the program."""
    _write_anything()
    try:
        result = application.main(arguments, prog_name="privy-middleware", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, such as head, has ended.
        return 1
    except ConfigurationError as error:
        _show(click.ClickException(str(error)))
        return 2
    except PrivyError as error:
        _show(click.ClickException(str(error)))
        return 1
    return result if isinstance(result, int) else 0


def _write_anything() -> None:
    """Escape the characters that the encoding of the output does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show(error: click.ClickException) -> None:
    """Print an error; it may quote an argument that is a token, or a text of others that controls the terminal."""
    message = error.format_message()
    safe = "\n".join(map(echo_text, without_tokens(message).split("\n")))
    if safe != message:
        ctx = getattr(error, "ctx", None)
        error = click.UsageError(safe, ctx)
    error.show()
