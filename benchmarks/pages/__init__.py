"""A page with the accounts of a user, rendered by a template of 2 KB, without authentication and with it.

It is the least that an app does for a page. The apps without authentication show the same page, always of one user.
"""

from __future__ import annotations

from benchmarks.tokens import Bench
from privy_middleware import PrivyUser, PrivyVerifier

__all__ = ["TEMPLATE", "nobody"]

_ROWS = "\n".join(
    f'      <tr><th scope="row">{name}</th><td>{{{{ user.{name} }}}}</td></tr>'
    for name in ("id", "created_at", "is_guest", "complete")
)
_TEXT = "Everything that belongs to an account is kept until it is deleted. " * 15

# A language that Jinja and Django have in common.
TEMPLATE: str = f"""<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Account of {{{{ user.id }}}}</title></head>
  <body>
    <h1>Your account</h1>
    <table>
{_ROWS}
    </table>
    <ul>
{{% for account in user.linked_accounts %}}
      <li><b>{{{{ account.type }}}}</b> <a href="/accounts/{{{{ account.type }}}}">change</a></li>
{{% endfor %}}
    </ul>
    <p>{_TEXT}</p>
    <p><a href="/">Back to the first page</a> or <a href="/logout">sign out</a></p>
  </body>
</html>
"""


def nobody() -> PrivyUser:
    """Return the user of the apps without authentication."""
    bench = Bench()
    return PrivyVerifier(bench.config()).verify_identity_token(bench.token())
