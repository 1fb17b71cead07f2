"""The text that the development issuer shows in a terminal, with commands for curl."""

from __future__ import annotations

from privy_middleware.development.token_issuer import TokenIssuer

__all__ = ["terminal_help"]

_HELP = """\
Privy development issuer. NOT for production: anyone who can reach it can be any of its users.

app id    {app_id}
key set   {jwks_url}

Personas, each at {url}/tokens/<persona>:
{people}

Both tokens of a persona:
  curl -s {url}/tokens/ada

A request with an identity token (put your app's address in place of http://127.0.0.1:8000):
  ID_TOKEN=$(curl -s {url}/tokens/ada |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["identity_token"])')
  curl -i -H "privy-id-token: $ID_TOKEN" http://127.0.0.1:8000/me

A request with an access token:
  ACCESS_TOKEN=$(curl -s {url}/tokens/ada |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -i -H "Authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:8000/session
"""


def terminal_help(issuer: TokenIssuer, url: str, jwks_path: str) -> str:
    """Return the text; ``url`` is the address of the server, as the client spells it."""
    people = "\n".join(
        f"  {name:<10} {', '.join(persona.account_types) or 'no accounts'}" for name, persona in issuer.users.items()
    )
    return _HELP.format(app_id=issuer.app_id, jwks_url=url + jwks_path, url=url, people=people)
