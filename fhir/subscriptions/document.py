"""What a Subscription says, and the rules for what it may say. Pure.

https://hl7.org/fhir/R4/subscription.html ·
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/ for what R4 has no element for
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from fhir.conformance import canonical
from fhir.datatypes import parse_date
from fhir.errors import Issue

TYPE = "Subscription"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT_URL = f"{BACKPORT}/backport-payload-content"
MAX_COUNT_URL = f"{BACKPORT}/backport-max-count"
SECRET_URL = canonical("StructureDefinition", "subscription-secret")
PLACEHOLDER = "****"
"""What stands where a secret was. Written back, it means the secret that is known."""
PAYLOADS = ("application/fhir+json", "application/json")
MAX_EVENTS = 100
"""Most events of one notification."""
MAX_HEADERS = 20
MAX_HEADER = 4_000

OF_HEADER_NAME = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
)
"""https://www.rfc-editor.org/rfc/rfc9110#name-tokens"""
NOT_THEIRS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
OURS = ("webhook-", "taskward-")
"""Headers that the server writes itself."""


class Status(StrEnum):
    """https://hl7.org/fhir/R4/valueset-subscription-status.html"""

    REQUESTED = "requested"
    ACTIVE = "active"
    ERROR = "error"
    OFF = "off"


class Content(StrEnum):
    """How much a notification says. NOTHING is R4's own form: a POST without a body."""

    NOTHING = "nothing"
    EMPTY = "empty"
    ID_ONLY = "id-only"
    FULL_RESOURCE = "full-resource"


CONTENTS = (Content.EMPTY, Content.ID_ONLY, Content.FULL_RESOURCE)
"""https://hl7.org/fhir/uv/subscriptions-backport/ValueSet-backport-content-value-set.html"""


def criteria(document: dict) -> tuple[str, str]:
    """(type, query) of `Task?status=requested`."""
    type_name, _, query = document["criteria"].partition("?")
    return type_name, query


def endpoint(document: dict) -> str:
    return document["channel"].get("endpoint", "")


def content(document: dict) -> Content:
    """What the author asked for in so many words; else as little as is useful.

    R4 sends the whole resource to whoever names a media type. Here that takes the extension of the
    backport: nothing of a patient leaves because somebody left something out (security.md, 8).
    """
    channel = document["channel"]
    said = extension_value(channel.get("_payload", {}), CONTENT_URL, "valueCode")
    if said in CONTENTS:
        return Content(said)
    return Content.ID_ONLY if "payload" in channel else Content.NOTHING


def max_count(document: dict) -> int:
    """Most events of one notification."""
    said = extension_value(document["channel"], MAX_COUNT_URL, "valuePositiveInt")
    return min(int(said), MAX_EVENTS) if said else 1


def has_ended(document: dict, at: datetime) -> bool:
    end = document.get("end")
    return bool(end) and parse_date(end).low <= at


def is_listening(document: dict, at: datetime) -> bool:
    """Whether its events are counted and told."""
    return document["status"] != Status.OFF and not has_ended(document, at)


def extension_value(element: dict, url: str, kind: str) -> Any:
    """The value of an extension; None when there is none."""
    for each in element.get("extension", ()):
        if each.get("url") == url:
            return each.get(kind)
    return None


def tells_the_same(one: dict, other: dict) -> bool:
    """Whether both tell the same of the same to the same."""
    return (one["criteria"], one["channel"]) == (other["criteria"], other["channel"])


# --- what the server keeps ------------------------------------------------------------------------


def stamp(before: dict | None, after: dict, at: datetime) -> dict:
    """The document with the status and the error that the server keeps.

    A client asks for it to be on (`requested`) or `off`; that it works, or does not, the server
    says. https://hl7.org/fhir/R4/subscription-definitions.html#Subscription.status
    """
    if after["status"] == Status.OFF:
        return after
    goes_on = (
        before is not None
        and after["status"] != Status.REQUESTED
        and before["status"] in (Status.ACTIVE, Status.ERROR)
        and tells_the_same(before, after)
    )
    kept = before if goes_on else {"status": Status.REQUESTED.value}
    rest = {name: value for name, value in after.items() if name != "error"}
    said = {"error": kept["error"]} if "error" in kept else {}
    return rest | {"status": kept["status"]} | said


def headers(document: dict) -> list[tuple[str, str]]:
    """(name, value) of each header; the value may be the placeholder."""
    pairs = (each.partition(":") for each in document["channel"].get("header", ()))
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def secret(document: dict) -> str:
    """The key to sign with, or the placeholder; "" for none."""
    return extension_value(document["channel"], SECRET_URL, "valueString") or ""


def without_secrets(document: dict) -> dict:
    """The document as it is kept and read: the names of the headers, and that there is a key."""
    channel = dict(document["channel"])
    if "header" in channel:
        channel["header"] = [f"{name}: {PLACEHOLDER}" for name, _ in headers(document)]
    if secret(document):
        hidden = {"url": SECRET_URL, "valueString": PLACEHOLDER}
        channel["extension"] = [
            hidden if each.get("url") == SECRET_URL else each for each in channel["extension"]
        ]
    return document | {"channel": channel}


def key_bytes(text: str) -> bytes | None:
    """The bytes of `whsec_` and base64; None when it is no such key of 24 to 64 bytes."""
    prefix, _, encoded = text.partition("_")
    try:
        key = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    return key if prefix == "whsec" and 24 <= len(key) <= 64 else None


# --- the rules ------------------------------------------------------------------------------------


def issues(document: dict) -> Iterator[Issue]:
    """What no Subscription may say here, whoever writes it."""
    channel = document["channel"]
    if channel["type"] != "rest-hook":
        yield _issue("Only channels of the type rest-hook are supported.", "type", "not-supported")
    if channel.get("payload", PAYLOADS[0]) not in PAYLOADS:
        yield _issue(
            "Notifications are application/fhir+json; leave payload out for none.",
            "payload",
            "not-supported",
        )
    said = [
        each.get("valueCode")
        for each in channel.get("_payload", {}).get("extension", ())
        if each.get("url") == CONTENT_URL
    ]
    if len(said) > 1 or any(each not in CONTENTS for each in said):
        yield _issue(f"The content is one of {', '.join(CONTENTS)}.", "payload")
    if not channel.get("endpoint"):
        yield _issue("Say where to send to.", "endpoint", "required")
    yield from _issues_of_headers(document)
    keys = [each for each in channel.get("extension", ()) if each.get("url") == SECRET_URL]
    if len(keys) > 1 or (keys and not _is_key(keys[0].get("valueString"))):
        yield _issue("A key is whsec_ and 24 to 64 bytes in base64.", "extension")


def _is_key(text: Any) -> bool:
    return isinstance(text, str) and (text == PLACEHOLDER or key_bytes(text) is not None)


def _issues_of_headers(document: dict) -> Iterator[Issue]:
    listed = document["channel"].get("header", ())
    if len(listed) > MAX_HEADERS or any(each is None for each in listed):
        yield _issue(f"More than {MAX_HEADERS} headers, or an empty one.", "header")
        return
    seen = set()
    for number, text in enumerate(listed):
        name, colon, value = text.partition(":")
        known = name.lower()
        place = f"header[{number}]"
        if not (colon and name and set(name) <= OF_HEADER_NAME):
            yield _issue("A header is written `Name: value`.", place)
        elif (
            not (text.isascii() and text.isprintable() and value.strip()) or len(text) > MAX_HEADER
        ):
            yield _issue(
                "The value of a header is of visible ASCII characters, on one line.", place
            )
        elif known in NOT_THEIRS or known.startswith(OURS):
            yield _issue("The server writes this header itself.", place)
        elif known in seen:
            yield _issue("A header is given once.", place)
        seen.add(known)


def _issue(diagnostics: str, element: str, code: str = "value") -> Issue:
    return Issue(diagnostics, code, "error", f"{TYPE}.channel.{element}")
