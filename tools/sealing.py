"""What is written where others may read: sealed, so that only who knows the secret reads it, and sees that it is whole.

By `cryptography`'s Fernet (AES-128 in CBC mode, HMAC-SHA256), which opens nothing that was changed.
"""

from base64 import urlsafe_b64encode


class Seal:
    """Seals and opens texts with a secret of 32 bytes. Raises ImportError without `cryptography`."""

    def __init__(self, secret: bytes) -> None:
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - for houses that share a memory

        self._fernet = Fernet(urlsafe_b64encode(secret))
        self._wrong = InvalidToken

    def sealed(self, text: str) -> str:
        """`text`, unreadable."""
        return self._fernet.encrypt(text.encode()).decode()

    def opened(self, sealed: str) -> str | None:
        """What was sealed; None for anything that was sealed otherwise, or changed since."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except self._wrong:
            return None
