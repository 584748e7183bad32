"""The cursor of a page: where the last one ended. Sealed, for a sort key may be a patient's name.

A cursor stands in a URL, and URLs end up in logs; so it is encrypted, and one that was changed or
made for another search is refused.
"""

import base64
import binascii
import os
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from fhir.actor import Actor
from fhir.errors import InvalidSearch

NONCE_BYTES = 12
BLOCK = 64
"""What is sealed is as long as some of these, so that its length tells nothing."""
MAX_CURSOR_LENGTH = 8_192


class Cursor(NamedTuple):
    values: list[Any]
    """The sort values of the last row, its id last."""
    total: int | None
    """The total that the first page gave."""
    state: str | None = None
    """What else the next page needs to know of the first: the instant or the snapshot it was of."""


@cache
def _cipher(secret: str) -> AESGCM:
    return AESGCM(sha256(b"fhir.search.pagination:" + secret.encode()).digest())


def _bound(order: str, actor: Actor) -> bytes:
    """What a cursor holds for: a total, say, is of what one person may see by one kind of token."""
    return f"{actor.user_id} {' '.join(sorted(actor.scopes or ()))} {order}".encode()


def seal(cursor: Cursor, order: str, *, actor: Actor) -> str:
    """`order` names the type and the order of the search that the cursor continues."""
    values = [
        value.isoformat() if isinstance(value, datetime) else value for value in cursor.values
    ]
    nonce = os.urandom(NONCE_BYTES)
    text = msgspec.json.encode([values, cursor.total, cursor.state])
    text = text.ljust(len(text) + -len(text) % BLOCK)
    sealed = nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, text, _bound(order, actor))
    return _encoded(sealed)


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(text: str, order: str, *, actor: Actor) -> Cursor:
    """Raises InvalidSearch for a cursor that was not made here, for this order and this actor."""
    try:
        if len(text) > MAX_CURSOR_LENGTH:
            raise ValueError
        sealed = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
        if _encoded(sealed) != text:  # the last character has bits that say nothing
            raise ValueError
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        opened = _cipher(settings.SECRET_KEY).decrypt(nonce, rest, _bound(order, actor))
    except (ValueError, binascii.Error, InvalidTag) as error:
        raise InvalidSearch(
            "_cursor: use the next link of a page as it is; search again without it.",
            expression="http._cursor",
        ) from error
    return Cursor(*msgspec.json.decode(opened))
