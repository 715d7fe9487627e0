"""Twilio's request signatures, as its servers make them (protocols/twilio.md, section 2)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"

Parameters = Iterable[tuple[str, str]]


def signed_text(url: str, parameters: Parameters = ()) -> str:
    """The text under the signature: the URL, then each form parameter's name and value in name order.

    Values of a repeated name count once each, sorted. A GET, an upgrade and a raw body append nothing.
    """
    return url + "".join(name + value for name, value in sorted(set(parameters)))


def sign(secret: str, url: str, parameters: Parameters = (), *, algorithm: str = "sha1") -> str:
    """The signature header's value: base64 of the HMAC of `signed_text`, keyed with the account's auth token.

    `algorithm` is a hashlib name: `sha1`, or `sha256` for a webhook signed with a shared key.
    """
    mac = hmac.new(secret.encode(), signed_text(url, parameters).encode(), algorithm)
    return base64.b64encode(mac.digest()).decode()


def with_body_hash(url: str, body: bytes) -> str:
    """`url` as Twilio requests it with a raw (JSON) body: `bodySHA256` of the body added to the query."""
    joiner = "&" if "?" in url else "?"
    return f"{url}{joiner}bodySHA256={hashlib.sha256(body).hexdigest()}"


def shared_key_settings(key_id: str) -> str:
    """The settings header's value for a request signed with the shared key `key_id`."""
    return f"key={key_id},algorithm=HMAC_SHA256"
