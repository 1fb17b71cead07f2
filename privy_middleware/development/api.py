"""What a development issuer serves to programs: the key set, tokens, and the part of the REST API about one user."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote, unquote

from privy_middleware.development.personas import Persona
from privy_middleware.development.records import user_record
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.development.web import Refused, WebRequest, WebResponse, json_response
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["API"]

_PATH = "/v1"
_USERS = f"{_PATH}/users/"
_METADATA = "/custom_metadata"
_TOKENS = "/tokens/"


class API:
    """Answer the requests of programs.

    Attributes:
        path: the path of the REST API.
        jwks_path: the path of the key set.
        keys_available: whether the key set is served; if not, the response is a 503.
    """

    def __init__(self, issuer: TokenIssuer) -> None:
        """Set the issuer."""
        self._issuer = issuer
        self.path: str = _PATH
        self.keys_available: bool = True
        quoted = quote(issuer.app_id, safe="")
        self.jwks_path: str = f"/api/v1/apps/{quoted}/jwks.json"
        self._key_paths = (self.jwks_path, f"/v1/apps/{quoted}/jwks.json")

    def answer(self, request: WebRequest) -> WebResponse | None:
        """Return the response, or ``None`` if there is nothing at the path.

        Raises:
            Refused: if the request is wrong.
        """
        path = request.path
        if path in self._key_paths:
            _allow(request, "GET", "HEAD")
            return self._keys()
        name = path.removeprefix(_TOKENS)
        if name != path and name in self._issuer.users:
            _allow(request, "GET", "HEAD")
            tokens = {
                "identity_token": self._issuer.identity_token(name),
                "access_token": self._issuer.access_token(name),
            }
            return json_response(tokens)
        return self._users(request) if path.startswith(_USERS) else None

    def _keys(self) -> WebResponse:
        if not self.keys_available:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "The key server is switched off.")
        return json_response(self._issuer.jwks(), cache_control="public, max-age=60")

    def _users(self, request: WebRequest) -> WebResponse:
        problem = self._refusal(request)
        if problem is not None:
            return _error(HTTPStatus.UNAUTHORIZED, problem)
        did = unquote(request.path.removeprefix(_USERS).removesuffix(_METADATA))
        persona = next((each for each in self._issuer.users.values() if each.did == did), None)
        if persona is None:
            return _error(HTTPStatus.NOT_FOUND, "There is no user with this id.")
        if request.path.endswith(_METADATA):
            _allow(request, "POST")
            return self._set_metadata(request, persona)
        _allow(request, "GET", "HEAD")
        return json_response(user_record(persona))

    def _refusal(self, request: WebRequest) -> str | None:
        """Return why a request is not the app's: it sends its id twice, and its secret (RFC 7617)."""
        expected = base64.b64encode(f"{self._issuer.app_id}:{self._issuer.app_secret}".encode())
        given = [value.partition(" ") for value in request.values("authorization")]
        if len(given) != 1 or given[0][0].lower() != "basic":
            return "Send the app id and the app secret as Basic authentication."
        if request.values("privy-app-id") != [self._issuer.app_id]:
            return "The header privy-app-id is not the id of this app."
        right = hmac.compare_digest(given[0][2].strip().encode("utf-8", "replace"), expected)
        return None if right else "The app id or the app secret is wrong."

    def _set_metadata(self, request: WebRequest, persona: Persona) -> WebResponse:
        try:
            metadata = decode_bytes(request.body)["custom_metadata"]
            changed = replace(persona, custom_metadata=metadata)
            self._issuer.users[persona.name] = changed
        except (NotStrictJSON, LookupError, TypeError):
            return _error(HTTPStatus.BAD_REQUEST, 'Send {"custom_metadata": {…}} as JSON.')
        except ConfigurationError as error:
            return _error(HTTPStatus.BAD_REQUEST, str(error))
        return json_response(user_record(changed))


def _allow(request: WebRequest, *methods: str) -> None:
    if request.method not in methods:
        raise Refused(
            HTTPStatus.METHOD_NOT_ALLOWED, "This address has another method.", [("Allow", ", ".join(methods))]
        )


def _error(status: HTTPStatus, problem: str) -> WebResponse:
    response = json_response({"error": problem}, status)
    challenge = ("WWW-Authenticate", 'Basic realm="privy"')
    return replace(response, headers=(challenge,)) if status == HTTPStatus.UNAUTHORIZED else response
