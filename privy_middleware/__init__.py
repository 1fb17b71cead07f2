"""Verified, typed Privy users for any ASGI or WSGI app."""

from privy_middleware.asgi.middleware import PrivyMiddleware
from privy_middleware.auth import PrivyAuth, VerifiedToken
from privy_middleware.conditions import Condition, condition
from privy_middleware.config import PrivyConfig
from privy_middleware.errors import (
    AuthenticationError,
    AuthorizationError,
    ConfigurationError,
    InvalidToken,
    KeysUnavailable,
    PrivyError,
    ServiceUnavailable,
)
from privy_middleware.users.accounts import (
    AppleAccount,
    CrossAppAccount,
    CustomAuthAccount,
    DiscordAccount,
    EmailAccount,
    FarcasterAccount,
    GithubAccount,
    GoogleAccount,
    InstagramAccount,
    LinkedAccount,
    LinkedInAccount,
    PasskeyAccount,
    PhoneAccount,
    SmartWalletAccount,
    SpotifyAccount,
    TelegramAccount,
    TikTokAccount,
    TwitterAccount,
    UnknownAccount,
    WalletAccount,
)
from privy_middleware.users.emails import EmailAddress
from privy_middleware.users.stored import InvalidUserData
from privy_middleware.users.user import AccessTokenClaims, PrivyUser
from privy_middleware.verifiers.privy import PrivyVerifier
from privy_middleware.wsgi import PrivyWSGIMiddleware

__all__ = [
    "AccessTokenClaims",
    "AppleAccount",
    "AuthenticationError",
    "AuthorizationError",
    "Condition",
    "ConfigurationError",
    "CrossAppAccount",
    "CustomAuthAccount",
    "DiscordAccount",
    "EmailAccount",
    "EmailAddress",
    "FarcasterAccount",
    "GithubAccount",
    "GoogleAccount",
    "InstagramAccount",
    "InvalidToken",
    "InvalidUserData",
    "KeysUnavailable",
    "LinkedAccount",
    "LinkedInAccount",
    "PasskeyAccount",
    "PhoneAccount",
    "PrivyAuth",
    "PrivyConfig",
    "PrivyError",
    "PrivyMiddleware",
    "PrivyUser",
    "PrivyVerifier",
    "PrivyWSGIMiddleware",
    "ServiceUnavailable",
    "SmartWalletAccount",
    "SpotifyAccount",
    "TelegramAccount",
    "TikTokAccount",
    "TwitterAccount",
    "UnknownAccount",
    "VerifiedToken",
    "WalletAccount",
    "condition",
]

__version__ = "0.1.0"
