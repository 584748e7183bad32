"""How a receiver knows that a notification is from here: Standard Webhooks.

There are libraries for it in most languages. https://www.standardwebhooks.com
"""

import base64
import hmac

from fhir.subscriptions.document import key_bytes


def signed(message_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers. `timestamp` is in seconds since 1970; without a secret there is no signature."""
    headers = {"Webhook-Id": message_id, "Webhook-Timestamp": str(timestamp)}
    if key := key_bytes(secret):
        text = f"{message_id}.{timestamp}.".encode() + body
        digest = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
        headers["Webhook-Signature"] = f"v1,{digest}"
    return headers
