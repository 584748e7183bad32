"""Conditional headers. https://hl7.org/fhir/R4/http.html#versionaware · RFC 9110"""

from datetime import datetime

from django.utils.http import parse_http_date

from fhir.errors import MalformedRequest


def if_match_versions(header: str | None) -> list[int] | None:
    """The versions that an If-Match names; None when there is none, or `*`.

    A tag that is no version of ours matches nothing. Raises MalformedRequest for what is no list
    of entity tags.
    """
    if header is None or header.strip() == "*":
        return None
    versions = []
    for tag in header.split(","):
        tag = tag.strip().removeprefix("W/")
        if len(tag) < 2 or tag[0] != '"' or tag[-1] != '"':
            raise MalformedRequest('If-Match must look like W/"3".')
        if (text := tag[1:-1]).isascii() and text.isdigit() and len(text) < 10:
            versions.append(int(text))
    return versions


def matches_none(header: str | None, version_id: int) -> bool:
    """Whether an If-None-Match names this version: the client has it already (304).

    A bare version id, as fhirpy sends it, counts as its entity tag.
    """
    if not header:
        return False
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return str(version_id) in tags or "*" in tags


def is_unmodified(header: str | None, last_updated: datetime) -> bool:
    """Whether an If-Modified-Since says that the client has this already; to the second.

    What is no date counts for nothing (RFC 9110, 13.1.3).
    """
    try:
        since = parse_http_date(header or "")
    except ValueError:
        return False
    return int(last_updated.timestamp()) <= since
