"""Send a webhook to an app on this machine, with limits that no answer can exceed."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from privy_middleware.development.html.forms import WebhookResult
from privy_middleware.fetching.timeout import Deadline

__all__ = ["send_webhook"]

_SECONDS = 10.0
# A character has at most four bytes in UTF-8.
_SHOWN = 2000
_MOST_BYTES = 4 * _SHOWN


def send_webhook(event: str, url: str, headers: Mapping[str, str], body: bytes) -> WebhookResult:
    """Send a webhook, and return what came back; no proxy and no redirect is used.

    Only the beginning of the answer is read, as it was sent: an endpoint may never end its answer.
    """
    deadline = Deadline(_SECONDS)
    # What is compressed would not be readable, and could be very large.
    sent = {**headers, "accept-encoding": "identity"}
    try:
        with (
            deadline,
            httpx2.Client(trust_env=False, timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("POST", url, headers=sent, content=body, extensions={"trace": deadline.watch}) as answer,
        ):
            text = _beginning(answer)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        problem = f"no complete answer within {_SECONDS:g} seconds" if deadline.passed else type(error).__name__
        return WebhookResult(f"{event} could not be delivered: {problem}", "", good=False)
    summary = f"{event} was answered with {answer.status_code} {answer.reason_phrase}".rstrip()
    return WebhookResult(summary, text, good=answer.is_success)


def _beginning(answer: httpx2.Response) -> str:
    content = b""
    for part in answer.iter_raw():
        content += part[:_MOST_BYTES]
        if len(content) > _MOST_BYTES:
            break
    text = content.decode("utf-8", "replace")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
