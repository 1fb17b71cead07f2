"""Values that stand for others in examples, such as ``your-app-id``: as a setting they are mistakes."""

from __future__ import annotations

import re

from privy_middleware.errors import ConfigurationError

__all__ = ["IS_A_PLACEHOLDER", "check_no_placeholder"]

IS_A_PLACEHOLDER = "is a placeholder, not a value of your app"
"""The problem in the message, by which Django's system checks recognise the error."""

_NAMES = "(?:app|client)[-_ ]?(?:id|secret)|(?:verification|public|api)[-_ ]?key"
_PLACEHOLDER = re.compile(
    rf"""
      <[^<>]*> | \[[^\[\]"]*\] | [$%]?\{{+[^{{}}":]*\}}+ | \$\w+ | %\w+%   # <app id>, {{{{ app_id }}}}, $PRIVY_APP_ID
    | x{{3,}} | \.{{3,}} | … | \*{{3,}}
    | change[-_ ]?me | placeholder | to[-_ ]?do | fixme | tbd | none | null | undefined
    | (?:your|insert|enter|paste|replace)[-_ ].* | .*[-_ ]here
    | (?:(?:my|the|an?|some|example)[-_ ])? (?:(?:privy|web3auth)[-_ ])? (?:{_NAMES})
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ARMOUR = re.compile(r"-----[A-Z ]+-----|\\[nr]")


def check_no_placeholder(value: object, field: str, noun: str) -> None:
    """Check a text that is copied from a dashboard; values of other types are left to other checks.

    Raises:
        ConfigurationError: if it is a placeholder; the message does not contain it.
    """
    if isinstance(value, str) and _PLACEHOLDER.fullmatch(_ARMOUR.sub("", value).strip().strip("\"'").strip()):
        raise ConfigurationError(field, f"{IS_A_PLACEHOLDER}: copy the {noun} from the dashboard")
