"""Batch and transaction Bundles: each entry is a request like one of its own.

https://hl7.org/fhir/R4/http.html#transaction
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db import DataError, OperationalError, transaction

from fhir import conditional, errors, json, resources, store
from fhir.answers import Answer, Request
from fhir.datatypes import to_instant
from fhir.errors import FhirError, MalformedRequest, NotFound, TooLarge
from fhir.parsers import JsonPatchParser
from fhir.references import Links, resolved
from fhir.renderers import FHIR_JSON, bundle, etag, location

MAX_ENTRIES = 1000
ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
"""The order in which a transaction is carried out; its answer keeps the order of the entries."""
HEADERS = {
    "ifMatch": "If-Match",
    "ifNoneMatch": "If-None-Match",
    "ifModifiedSince": "If-Modified-Since",
    "ifNoneExist": "If-None-Exist",
}

Perform = Callable[[Request, str], Answer]


def process_bundle(request: Request, perform: Perform) -> Answer:
    """Carry out a batch or transaction.

    A transaction is one database transaction: the first error undoes all of it and is raised,
    naming the entry. In a batch, each entry has an answer of its own.
    """
    document = request.body
    entries = _entries(document)
    if document["type"] == "batch":
        answers = [_batch_entry(request, entry, perform) for entry in entries]
    else:
        answers = _transaction(request, entries, perform)
    return _response(document["type"], answers)


def answer_each(request: Request, acts: Iterable[Callable[[], Answer]]) -> Answer:
    """Do things that do not depend on each other, each in a transaction of its own: a
    batch-response with an entry for each, in their order.
    """
    return _response("batch", [_alone(lambda act=act: _answered(act(), request)) for act in acts])


def _response(kind: str, answers: list["_Answered"]) -> Answer:
    return Answer(
        body=bundle({"type": f"{kind}-response"}, [text for text, _, _ in answers]),
        writes=any(writes for _, writes, _ in answers),
        reads=any(reads for _, _, reads in answers),
    )


# --- the form of a Bundle -------------------------------------------------------------------------


def _entries(document: Any) -> list[dict]:
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        raise MalformedRequest("A Bundle is expected here.", expression="Bundle")
    if document.get("type") not in ("batch", "transaction"):
        raise MalformedRequest(
            "Bundle.type must be batch or transaction.", expression="Bundle.type"
        )
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise MalformedRequest("Bundle.entry must be a list.", expression="Bundle.entry")
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"At most {MAX_ENTRIES} entries are taken at once.")
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        place = f"Bundle.entry[{number}]"
        _check_entry(entry, place)
        full_url = entry.get("fullUrl")
        if full_url in seen and document["type"] == "transaction":
            raise MalformedRequest(
                "Two entries have the same fullUrl.", expression=f"{place}.fullUrl"
            )
        if full_url:
            seen.add(full_url)
    return entries


def _check_entry(entry: Any, place: str) -> None:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise MalformedRequest("Each entry needs a request.", expression=f"{place}.request")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or method not in ORDER:
        raise MalformedRequest(
            "The method must be one of GET, HEAD, POST, PUT, PATCH, DELETE.",
            expression=f"{place}.request.method",
        )
    if not _is_url(url):
        raise MalformedRequest("Each request needs a url.", expression=f"{place}.request.url")
    for name in HEADERS:
        if not isinstance(request.get(name), str | None):
            raise MalformedRequest(
                f"{name} must be a string.", expression=f"{place}.request.{name}"
            )
    if not isinstance(entry.get("resource"), dict | None):
        raise MalformedRequest("A resource must be an object.", expression=f"{place}.resource")
    if method in ("POST", "PUT", "PATCH") and "resource" not in entry:
        if "/$" not in f"/{url}" and "_search" not in url:
            raise MalformedRequest(f"{method} needs a resource.", expression=f"{place}.resource")
    if "fullUrl" in entry and not _is_absolute(entry["fullUrl"]):
        raise MalformedRequest(
            "fullUrl must be an absolute URL or a URN.", expression=f"{place}.fullUrl"
        )


def _is_url(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(urlsplit(text).path or urlsplit(text).query)
    except ValueError:
        return False


def _is_absolute(text: Any) -> bool:
    scheme, colon, rest = text.partition(":") if isinstance(text, str) else ("", "", "")
    return bool(colon and rest) and scheme.isalpha() and not any(map(str.isspace, text))


# --- one entry ------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """An entry as a request: its path below the base, and the fullUrl that others name it by."""

    request: Request
    path: str
    full_url: str


def _read_entry(outer: Request, entry: dict) -> _Entry:
    asked = entry["request"]
    url = urlsplit(asked["url"].removeprefix(outer.base))
    if url.scheme or url.netloc:
        raise MalformedRequest("The url is not of this server.", expression="entry.request.url")
    headers = {HEADERS[name]: value for name, value in asked.items() if name in HEADERS}
    if prefer := outer.headers.get("Prefer"):
        headers["Prefer"] = prefer
    resource, content_type = entry.get("resource"), FHIR_JSON
    if asked["method"] == "PATCH" and (resource or {}).get("resourceType") != "Parameters":
        resource, content_type = _json_patch(resource), JsonPatchParser.media_type
    request = Request(
        method=asked["method"],
        base=outer.base,
        actor=outer.actor,
        query=url.query,
        headers=headers,
        body=resource,
        content_type=content_type,
    )
    return _Entry(request, url.path.strip("/"), entry.get("fullUrl") or "")


def _json_patch(resource: dict | None) -> Any:
    """A JSON Patch travels as a Binary: https://hl7.org/fhir/R4/http.html#patch"""
    resource = resource or {}
    if resource.get("resourceType") != "Binary":
        raise MalformedRequest(
            "A patch entry needs Parameters with a FHIRPath Patch, or a Binary with a JSON Patch."
        )
    try:
        text = base64.b64decode(resource.get("data") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise MalformedRequest("Binary.data is not base64.") from error
    return json.loads(text)


class _Answered(NamedTuple):
    """The text of an entry of the answer; `writes` and `reads` as of an Answer."""

    text: str
    writes: bool
    reads: bool


def _answered(answer: Answer, request: Request) -> _Answered:
    return _Answered(_as_text(answer, request), answer.writes, answer.reads)


def _as_text(answer: Answer, request: Request) -> str:
    """The entry of the answer. https://hl7.org/fhir/R4/bundle.html#transaction-response"""
    stored, response = answer.stored, {"status": str(answer.status)}
    head: dict[str, Any] = {}
    if stored:
        if request.method in ("POST", "PUT", "PATCH"):
            response["location"] = location(request.base, stored)
        response["etag"] = etag(stored.version_id)
        response["lastModified"] = to_instant(stored.last_updated)
        if answer.status != 204:
            head["fullUrl"] = f"{request.base}/{stored.reference}"
    body = answer.body if isinstance(answer.body, str) else answer.body.decode()
    if body and request.method != "HEAD":
        if request.prefer.get("return") == "operationoutcome" and stored:
            response["outcome"] = json.loads(body)
        else:
            rest = json.dumps({**head, "response": response}).decode()
            return f'{rest[:-1]},"resource":{body}}}'
    return json.dumps({**head, "response": response}).decode()


# --- batch ----------------------------------------------------------------------------------------


def _batch_entry(outer: Request, entry: dict, perform: Perform) -> _Answered:
    def act() -> _Answered:
        request, path, _ = _read_entry(outer, entry)
        _check_nested(request, path)
        return _answered(perform(request, path), request)

    return _alone(act)


def _alone(act: Callable[[], _Answered]) -> _Answered:
    """What `act` answers; what it raises is undone, and is the entry's own."""
    try:
        with transaction.atomic():
            return act()
    except FhirError as error:
        refusal = error
    except (OperationalError, DataError) as error:
        refusal = errors.of_database(error)
    response = {"status": str(refusal.status), "outcome": refusal.as_outcome()}
    return _Answered(json.dumps({"response": response}).decode(), writes=False, reads=False)


def _check_nested(request: Request, path: str) -> None:
    if not path and request.method == "POST":
        raise MalformedRequest("A Bundle cannot hold another batch or transaction.")


# --- transaction ----------------------------------------------------------------------------------


def _transaction(outer: Request, entries: list[dict], perform: Perform) -> list[_Answered]:
    answers = [_Answered("", writes=False, reads=False)] * len(entries)
    written: set[str] = set()
    with transaction.atomic():
        asked = [
            _named(number, lambda entry=entry: _decided(_read_entry(outer, entry)))
            for number, entry in enumerate(entries)
        ]
        links = Links(
            outer.base,
            {each.entry.full_url: each.reference for each in asked if each.entry.full_url},
            lambda reference: _found_by_criteria(reference, outer),
        )
        in_order = sorted(range(len(asked)), key=lambda n: ORDER[asked[n].entry.request.method])
        for number in in_order:
            answers[number] = _named(
                number, lambda each=asked[number]: _carry_out(each, links, written, perform)
            )
    return answers


def _named(number: int, act: Callable[[], Any]) -> Any:
    """The act's result; what it raises names the entry."""
    try:
        return act()
    except FhirError as error:
        place = f"Bundle.entry[{number}]"
        error.issues = [_in_entry(issue, place) for issue in error.issues]
        raise


def _in_entry(issue, place: str):
    """The issue with its place in the Bundle; `http.name` is about the request, not a resource."""
    root, _, inner = (issue.expression or "").partition(".")
    if root == "entry":
        place = f"{place}.{inner}"
    elif root != "http" and (inner or root == "resourceType"):
        place = f"{place}.resource.{inner or root}"
    return type(issue)(issue.diagnostics, issue.code, issue.severity, place)


class _Decided(NamedTuple):
    """An entry whose resource is known before anything is written, so that others can point at it.

    `reference` is empty for what is about no single resource, as a search.
    """

    entry: _Entry
    reference: str


def _decided(entry: _Entry) -> _Decided:
    """Conditions are looked up, and ids made, before the first write."""
    request, path, _ = entry
    _check_nested(request, path)
    parts = path.split("/")
    if len(parts) == 2 and not parts[1].startswith(("$", "_")):
        return _Decided(entry, path)
    if len(parts) != 1 or request.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return _Decided(entry, "")
    [type_name] = parts
    criteria = request.query if request.method != "POST" else request.if_none_exist
    found = criteria and conditional.locked_match(
        type_name, criteria, actor=request.actor, base=request.base
    )
    if found:
        return _Decided(_aimed_at(entry, type_name, found), f"{type_name}/{found}")
    if request.method == "POST":
        made = store.new_id()
        # The condition is decided; what else has become true since is of this transaction.
        headers = {k: v for k, v in request.headers.items() if k != "If-None-Exist"}
        request = replace(request, resource_id=made, headers=headers, query="")
        return _Decided(entry._replace(request=request), f"{type_name}/{made}")
    if request.method == "PUT" and criteria:
        named = request.body.get("id") if isinstance(request.body, dict) else None
        if named:
            return _Decided(_aimed_at(entry, type_name, named), f"{type_name}/{named}")
        made = store.new_id()
        request = replace(request, method="POST", query="", resource_id=made, headers={})
        return _Decided(entry._replace(request=request), f"{type_name}/{made}")
    return _Decided(entry, "")


def _aimed_at(entry: _Entry, type_name: str, resource_id: str) -> _Entry:
    """The entry with the id of what its criteria match; a create of what exists reads it."""
    request = entry.request
    if request.method == "POST":
        request = replace(request, method="GET", body=None, headers={})
    elif request.method == "PUT":
        body = conditional.with_id(request.body, type_name, resource_id)
        request = replace(request, body=body)
    return entry._replace(request=replace(request, query=""), path=f"{type_name}/{resource_id}")


def _carry_out(each: _Decided, links: Links, written: set[str], perform: Perform) -> _Answered:
    request, path, full_url = each.entry
    if each.reference and request.method not in ("GET", "HEAD"):
        if each.reference in written:
            raise MalformedRequest("Two entries of the transaction change the same resource.")
        written.add(each.reference)
    if isinstance(request.body, dict) and request.method in ("POST", "PUT"):
        request = replace(request, body=resolved(request.body, links.seen_from(full_url)))
    return _answered(perform(request, path), request)


def _found_by_criteria(reference: str, outer: Request) -> str:
    """`Patient?identifier=…` as a reference: https://hl7.org/fhir/R4/http.html#trules"""
    type_name, _, criteria = reference.partition("?")
    found = conditional.match(
        resources.get(type_name), criteria, actor=outer.actor, base=outer.base
    )
    if found is None:
        raise NoMatch
    return f"{type_name}/{found}"


class NoMatch(NotFound):
    """A conditional reference of the transaction matches nothing."""

    status = 412
