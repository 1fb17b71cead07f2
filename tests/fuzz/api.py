"""Compare the example apps with their OpenAPI document: ``python -m tests.fuzz.api [EXAMPLES]``.

Schemathesis generates requests from the document, with good, bad and without tokens, and checks every response against
it, and that no operation with a security requirement accepts a request without one. The Django example has no document
of its own; its routes are those of the FastAPI example, so its responses have to fit the same one.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_apps import django_app, fastapi_app
from privy_middleware.development import development_issuer

__all__ = ["main"]

# It is installed by the session of the fuzzer only, because it would add its plugin to every test run.
schemathesis: Any = importlib.import_module("schemathesis")
checks: Any = importlib.import_module("schemathesis.specs.openapi.checks")

UNAUTHORIZED = 401
PERSONAS = ("ada", "grace", "alan")
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]
DOCUMENT = json.dumps(fastapi_app.app.openapi()).encode()


def tokens() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return headers with a good token of some user, and headers without one."""
    issuer = development_issuer()
    good = [{"privy-id-token": issuer.identity_token(name)} for name in PERSONAS]
    good += [{"authorization": f"Bearer {issuer.access_token(name)}"} for name in PERSONAS]
    bad = [{"privy-id-token": issuer.identity_token("ada", exp=1)}, {"authorization": "Bearer bad"}]
    return good, [*bad, {"authorization": "Basic eDp5"}, {}]


def with_document(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return a WSGI app that has the document beside its own routes."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [DOCUMENT]
        return app(environ, start_response)

    return serve


def main(examples: int) -> None:
    """Run the examples of every operation; the first response that does not fit ends the program with an error."""
    schemas = {
        "FastAPI": schemathesis.openapi.from_asgi("/openapi.json", fastapi_app.app),
        "Django": schemathesis.openapi.from_wsgi("/openapi.json", with_document(django_app.wsgi_app)),
    }
    for name, schema in schemas.items():
        operations = [each.ok() for each in schema.get_all_operations()]
        assert len(operations) >= 6
        for operation in operations:
            count = _run(operation, examples)
            sys.stdout.write(f"{name}: {operation.method.upper()} {operation.path}: {count} requests\n")


def _run(operation: Any, examples: int) -> int:
    good, bad = tokens()
    security = operation.definition.raw.get("security", [{}])
    required = {} not in security
    count = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=SLOW, database=None)
    @given(operation.as_strategy(), st.none() | st.sampled_from([*good, *bad]))
    def run(case: Any, headers: dict[str, str] | None) -> None:
        nonlocal count
        count += 1
        if headers is None:
            # Schemathesis has invented tokens, or left them out, and checks that they are not accepted.
            case.call_and_validate()
            return
        case.headers, case.cookies = {}, {}
        response = case.call(headers=headers)
        case.validate_response(response, headers=headers, excluded_checks=[checks.ignored_auth])
        assert not required or headers in good or response.status_code == UNAUTHORIZED

    run()
    return count


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["200"])[0]))
