"""Forms as clients send them."""

from __future__ import annotations

__all__ = ["MULTIPART", "multipart"]

MULTIPART = "multipart/form-data; boundary=----boundary-of-the-tests"


def multipart(*parts: tuple[str, str | bytes]) -> bytes:
    """Return a multipart form; a value of bytes is a file."""
    return b"".join(_part(name, value) for name, value in parts) + b"------boundary-of-the-tests--\r\n"


def _part(name: str, value: str | bytes) -> bytes:
    head = f'------boundary-of-the-tests\r\nContent-Disposition: form-data; name="{name}"'.encode()
    if isinstance(value, str):
        return head + b"\r\n\r\n" + value.encode() + b"\r\n"
    return head + b'; filename="x.bin"\r\nContent-Type: application/octet-stream\r\n\r\n' + value + b"\r\n"
