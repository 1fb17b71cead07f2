"""Privy's webhooks: verified by their signature, and typed.

Privy sends them through Svix, which signs as Standard Webhooks lays down: HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import binascii
import hmac
import re
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from privy_middleware.errors import ConfigurationError, InvalidClaims, InvalidWebhook
from privy_middleware.frozen import freeze_object
from privy_middleware.restusers import UnreadableUser, user_from_record
from privy_middleware.strictjson import NotStrictJSON, decode
from privy_middleware.users import PrivyUser

try:
    from standardwebhooks import Webhook
except ImportError as _error:  # pragma: no cover
    raise ImportError("webhooks need an extra: pip install 'privy-middleware[webhooks]'") from _error

__all__ = ["WebhookEvent", "WebhookVerifier"]

_PREFIX = "whsec_"
_SHORTEST_SECRET = 24
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
