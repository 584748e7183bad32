"""Files of records and messages: what a file is, its first bytes say, and never the type that it
was sent with: a page that calls itself a picture must not run here.
"""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import people
from fhir.actor import SYSTEM, Actor
from fhir.search.references import local

SHOWN_AT_MOST = 8 * 1024 * 1024
"""Bytes of a picture that a page shows; a larger one can be downloaded."""
PICTURES = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
)
"""(bytes, where they stand, type) of the pictures that a page shows."""
PICTURE_TYPES = frozenset(each for *_rest, each in PICTURES)
ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
ANYTHING = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as a card shows it. `number` is its place among those of the record."""

    number: int
    name: str
    kind: str
    size: str = ""
    created: str = ""
    is_picture: bool = False
    why_not: str = ""
    """Why it can be neither shown nor downloaded; "" when it can."""


def attachments_of(document: dict) -> list[dict]:
    """The attachments of a DocumentReference, a DiagnosticReport or a message, in their order."""
    contents = [each.get("attachment") or {} for each in document.get("content", [])]
    payload = document.get("payload", [])
    said = [each["contentAttachment"] for each in payload if "contentAttachment" in each]
    return contents + document.get("presentedForm", []) + said


def files_of(document: dict) -> list[File]:
    return [_file(number, each) for number, each in enumerate(attachments_of(document))]


def _file(number: int, attachment: dict) -> File:
    declared = attachment.get("contentType", "")
    data, url = attachment.get("data", ""), local(attachment.get("url", ""))
    inside = bool(data) or people.split(url)[0] == "Binary"
    why_not = ""
    if not data and not url:
        why_not = _("It has no content yet.")
    elif not inside:
        why_not = _("It is kept elsewhere, so it cannot be shown here.")
    size = attachment.get("size") or len(data) * 3 // 4
    return File(
        number,
        attachment.get("title") or _("File %(number)s") % {"number": number + 1},
        KINDS.get(declared) or declared,
        size=_size(size) if size else "",
        created=attachment.get("creation", ""),
        is_picture=inside and declared in PICTURE_TYPES and size <= SHOWN_AT_MOST,
        why_not=why_not,
    )


KINDS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "application/pdf": "PDF",
}


def _size(count: int) -> str:
    """740 kB, 2.1 MB"""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f}\u00a0MB"
    return f"{max(1, round(count / 1000))}\u00a0kB"


def content_of(attachment: dict, holder: str, actor: Actor) -> bytes | None:
    """The bytes of an attachment of the record `holder`; None when they are not to be had.

    A Binary is for those who may read it, or the record that its securityContext names: that it is
    attached to something is not enough. https://hl7.org/fhir/R4/binary.html#security-context
    """
    if "data" in attachment:
        return _decoded(attachment["data"])
    reference = local(attachment.get("url", ""))
    if people.split(reference)[0] != "Binary":
        return None
    binary = people.documents([reference], actor=actor).get(reference) or _within(reference, holder)
    return _decoded(binary.get("data", "")) if binary else None


def _within(reference: str, holder: str) -> dict | None:
    """A Binary whose access is that of `holder`, which the reader may read."""
    binary = people.documents([reference], actor=SYSTEM).get(reference) or {}
    context = local((binary.get("securityContext") or {}).get("reference", ""))
    return binary if context == holder else None


def _decoded(data: str) -> bytes | None:
    try:
        return b64decode(data) or None
    except Error:
        return None


def type_of(content: bytes) -> str:
    """What the bytes are: a picture, a PDF, or anything."""
    for mark, at, name in PICTURES:
        if content[at : at + len(mark)] == mark:
            return name
    return "application/pdf" if content.startswith(b"%PDF-") else ANYTHING
