"""A file as an answer: a picture to be shown, anything else to be kept.

It is what its bytes say, runs nothing, and is in no cache.
"""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from fhir.errors import NotFound
from tasks import files


def answer(
    request: HttpRequest, attachments: list[dict], number: int, *, holder: str
) -> HttpResponse:
    """One of the attachments of the record `holder`, which the reader may read. Raises NotFound."""
    content = (
        files.content_of(attachments[number], holder, request.actor)
        if number < len(attachments)
        else None
    )
    if content is None:
        raise NotFound(_("This file is not here, or you may not see it."))
    kind = files.type_of(content)
    shown = kind in files.PICTURE_TYPES and "download" not in request.GET
    response = HttpResponse(content, content_type=kind)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    way = "inline" if shown else "attachment"
    name = quote(_file_name(attachments[number].get("title", ""), number, kind))
    response["Content-Disposition"] = f"{way}; filename*=UTF-8''{name}"
    return response


def _file_name(title: str, number: int, kind: str) -> str:
    """What it is saved as, with the ending of what it is."""
    ending = files.ENDINGS.get(kind, "")
    stem = title.strip().strip(".")[:80] or f"file-{number + 1}"
    name = get_valid_filename(stem)
    return name if not ending or name.lower().endswith((ending, ".jpeg")) else name + ending
