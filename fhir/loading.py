"""Loads FHIR files of any size: NDJSON, Bundles of any type with entries, and single resources.

Every resource is put by its id, so that loading a file again changes nothing. What is refused is
named by its place and the reason, and the rest is loaded.
"""

import io
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import batched
from typing import Any, BinaryIO, NamedTuple

import ijson
from django.db import DataError, transaction

from fhir import actions, json, resources
from fhir.actor import SYSTEM, Actor
from fhir.answers import Request
from fhir.datatypes import ID
from fhir.errors import FhirError
from fhir.models import ClinicalResource
from fhir.references import resolved
from fhir.routes import perform

BATCH = 100
"""How many resources are committed together."""
LINES = (".ndjson", ".jsonl")
SUFFIXES = (*LINES, ".json")
IDS = uuid.UUID("0b0c6d4e-6f5c-5c6e-9d25-3c1c6f0d8a11")
"""The namespace of ids for resources that come without one."""


class Item(NamedTuple):
    """One resource of a file, or why there is none at this place."""

    place: str
    """Where it stands: "line 7", "entry 3"."""
    document: Any = None
    refusal: str = ""

    @property
    def name(self) -> str:
        """The place and, as far as they are known, type and id; nothing else of the content."""
        if not isinstance(self.document, dict):
            return self.place
        reference = f"{_word(self.document, 'resourceType')}/{_word(self.document, 'id')}"
        return f"{self.place}, {reference.removesuffix('/')}".removesuffix(", ")


class Outcome(NamedTuple):
    """What became of some items."""

    loaded: int
    refused: list[Item]


def read(stream: BinaryIO, *, suffix: str = "") -> Iterator[Item]:
    """The resources of a file, one after the other, in bounded memory.

    `suffix` is the file's ("", when it has none). A first line that is JSON and has others after it
    makes NDJSON of any file. A Bundle over 2 MB is read twice, for the references between its
    entries, and so not from a pipe.
    """
    head = stream.read(json.MAX_RESOURCE_BYTES + 1).removeprefix(b"\xef\xbb\xbf")
    if suffix in LINES or _begins_with_a_line(head):
        yield from _lines(io.BufferedReader(_Chained(head, stream)))
    elif len(head) > json.MAX_RESOURCE_BYTES:
        yield from _large_bundle(stream)
    elif head.strip():
        yield from _whole(head, "")


def load(items: Iterable[Item], *, actor: Actor = SYSTEM) -> Iterator[Outcome]:
    """Put every resource; an outcome for each batch that was committed."""
    for batch in batched(items, BATCH, strict=False):
        refused = [item for item in batch if item.refusal]
        wanted = []
        for item in batch:
            if not item.refusal:
                reason = _unnameable(item.document)
                if reason:
                    refused.append(item._replace(refusal=reason))
                else:
                    wanted.append(item._replace(document=_with_id(item.document)))
        refused += _put_all(wanted, actor)
        yield Outcome(len(batch) - len(refused), refused)


def _put_all(items: list[Item], actor: Actor) -> list[Item]:
    """Put them in one transaction, or one by one if there is one that cannot be. The refused."""
    try:
        body = transaction_bundle(item.document for item in items)
        perform(Request(method="POST", base="", actor=actor, body=body), "")
    except (FhirError, DataError):
        with transaction.atomic():
            return [refused for item in items if (refused := _put(item, actor))]
    return []


def transaction_bundle(documents: Iterable[dict]) -> dict:
    """A transaction that puts documents by their ids."""
    entries = [
        {
            "resource": document,
            "request": {"method": "PUT", "url": f"{document['resourceType']}/{document['id']}"},
        }
        for document in documents
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _put(item: Item, actor: Actor) -> Item | None:
    document = item.document
    try:
        with transaction.atomic():
            actions.put(document["resourceType"], document["id"], document, actor=actor)
    except FhirError as error:
        return item._replace(refusal=_reason(error))
    except DataError:
        return item._replace(refusal="A value is longer than can be searched for.")
    return None


def missing(documents: Iterable[dict]) -> list[dict]:
    """Those whose ids were never used: what was changed or deleted since is not missing."""
    wanted = list(documents)
    known = set()
    for type_name in {document["resourceType"] for document in wanted}:
        ids = [each["id"] for each in wanted if each["resourceType"] == type_name]
        rows = resources.get(type_name).model.objects.filter(resource_id__in=ids)
        if rows.model is ClinicalResource:
            rows = rows.filter(resource_type=type_name)
        known |= {
            (type_name, resource_id) for resource_id in rows.values_list("resource_id", flat=True)
        }
    return [each for each in wanted if (each["resourceType"], each["id"]) not in known]


SHOWN_ISSUES = 3


def _reason(error: FhirError) -> str:
    """The issues of an error as one line. Their diagnostics never quote the content."""
    issues = [
        issue.diagnostics
        if (issue.expression or "") in issue.diagnostics
        else f"{issue.expression}: {issue.diagnostics}"
        for issue in error.issues[:SHOWN_ISSUES]
    ]
    more = len(error.issues) - SHOWN_ISSUES
    return " ".join(issues) + (f" And {more} more." if more > 0 else "")


# --- what stands in a file ------------------------------------------------------------------------


def _begins_with_a_line(head: bytes) -> bool:
    """Whether the first line is a JSON object of its own and there are more."""
    line, newline, rest = head.lstrip().partition(b"\n")
    if not newline or not rest.strip():
        return False
    try:
        return isinstance(json.loads(line), dict)
    except FhirError:
        return False


def _lines(stream: BinaryIO) -> Iterator[Item]:
    number = 0
    while line := stream.readline(json.MAX_RESOURCE_BYTES + 1):
        number += 1
        if not line.endswith(b"\n") and len(line) > json.MAX_RESOURCE_BYTES:
            while (rest := stream.readline(1 << 16)) and not rest.endswith(b"\n"):
                pass
            yield Item(f"line {number}", refusal="The line is longer than 2 MB.")
        elif line.strip():
            yield from _whole(line, f"line {number}")


def _whole(text: bytes, place: str) -> Iterator[Item]:
    """A resource, or the entries of a Bundle, that fit in memory."""
    try:
        document = json.loads(text.rstrip(b"\r\n"))
    except FhirError as error:
        yield Item(place or "the file", refusal=_reason(error))
        return
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        yield Item(place or "the file", document)
        return
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        yield Item(place or "the file", refusal="Bundle.entry must be a list.")
        return
    places = _places(entries)
    prefix = f"{place}, " if place else ""
    for number, entry in enumerate(entries):
        yield _of_entry(f"{prefix}entry {number}", entry, places)


def _large_bundle(stream: BinaryIO) -> Iterator[Item]:
    """The entries of a Bundle, parsed one at a time."""
    if not stream.seekable():
        yield Item("the file", refusal="A Bundle over 2 MB is loaded from a file, not from a pipe.")
        return
    stream.seek(0)
    places: dict[str, str] = {}
    with suppress(ijson.JSONError):  # named below, at its place
        places |= _places(entry for entry, refusal in _parsed(stream) if not refusal)
    stream.seek(0)
    number = -1
    try:
        for number, (entry, refusal) in enumerate(_parsed(stream)):
            place = f"entry {number}"
            yield Item(place, refusal=refusal) if refusal else _of_entry(place, entry, places)
    except ijson.JSONError:
        yield Item("the file", refusal=f"It is not JSON after entry {number}.")
        return
    if number < 0:
        yield Item("the file", refusal="It is larger than 2 MB, and neither NDJSON nor a Bundle.")


def _parsed(stream: BinaryIO) -> Iterator[tuple[Any, str]]:
    """Each entry of a Bundle, or why it is refused: once more through the strict reader, which
    bounds what ijson does not."""
    for entry in ijson.items(stream, "entry.item"):
        try:
            yield json.loads(json.dumps(entry)), ""
        except FhirError as error:
            yield None, _reason(error)
        except (OverflowError, ValueError):
            yield None, "A number is too large."


def _places(entries: Iterable[Any]) -> dict[str, str]:
    """`urn:…` fullUrl of an entry → the reference to what is made of it."""
    places = {}
    for entry in entries:
        full_url = entry.get("fullUrl") if isinstance(entry, dict) else None
        if not isinstance(full_url, str) or not full_url.startswith("urn:"):
            continue
        if not _unnameable(entry.get("resource")):
            document = _with_id(entry["resource"])
            places[full_url] = f"{document['resourceType']}/{document['id']}"
    return places


def _of_entry(place: str, entry: Any, places: dict[str, str]) -> Item:
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return Item(place, refusal="There is no resource in it.")
    document = entry["resource"]
    if not places or _unnameable(document):
        return Item(place, document)
    return Item(place, resolved(_with_id(document), lambda _, link: places.get(link, link)))


def _unnameable(document: Any) -> str:
    """Why a document cannot be put at all; "" when it can."""
    if not isinstance(document, dict):
        return "A resource must be a JSON object."
    if not isinstance(document.get("resourceType"), str):
        return "resourceType is missing."
    if not isinstance(document.get("id", ""), str):
        return f"{document['resourceType']}.id: must be a string."
    return ""


def _with_id(document: dict) -> dict:
    """The document with an id: one that its content gives it, if it has none."""
    if "id" in document:
        return document
    derived = uuid.uuid5(IDS, json.dumps(document).decode())
    return {"resourceType": document["resourceType"], "id": str(derived), **document}


def _word(document: dict, name: str) -> str:
    """A type or id for a message, if it can be one."""
    value = document.get(name)
    return value if isinstance(value, str) and ID.fullmatch(value) else ""


class _Chained(io.RawIOBase):
    """What was read already, and then the rest of the stream."""

    def __init__(self, head: bytes, stream: BinaryIO):
        self.head, self.stream = memoryview(head), stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self.head:
            taken, self.head = self.head[: len(buffer)], self.head[len(buffer) :]
        else:
            taken = self.stream.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)
