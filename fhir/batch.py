"""Batch and transaction Bundles: each entry goes through the same actions as a request of its own.

https://hl7.org/fhir/R4/http.html#transaction
"""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import transaction

from fhir import actions, json, resources, store
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.errors import FhirError, MalformedRequest, TooLarge
from fhir.parameters import string_values
from fhir.preconditions import if_match_versions, refuse_condition
from fhir.references import resolved
from fhir.renderers import bundle, etag
from fhir.search.answer import search
from fhir.store import Stored

MAX_ENTRIES = 1000
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""The order in which a transaction is carried out; its answer keeps the order of the entries."""


def process_bundle(document: Any, *, actor: Actor, base: str) -> str:
    """Carry out a batch or transaction and return the answer as JSON text.

    A transaction is one database transaction: the first error undoes all of it and is raised,
    naming the entry. In a batch, each entry has an answer of its own.
    """
    entries = _entries(document)
    if document["type"] == "batch":
        answers = [_batch_entry(entry, actor=actor, base=base) for entry in entries]
    else:
        answers = _transaction(entries, actor=actor, base=base)
    return bundle({"type": f"{document['type']}-response"}, answers)


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
    for number, entry in enumerate(entries):
        place = f"Bundle.entry[{number}]"
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict):
            raise MalformedRequest("Each entry needs a request.", expression=f"{place}.request")
        if request.get("method") not in ORDER:
            raise MalformedRequest(
                "The method must be one of GET, HEAD, POST, PUT, PATCH, DELETE.",
                expression=f"{place}.request.method",
            )
        if not _is_url(request.get("url")):
            raise MalformedRequest("Each request needs a url.", expression=f"{place}.request.url")
        for container, name, kind in (
            (entry, "fullUrl", str),
            (entry, "resource", dict),
            (request, "ifMatch", str),
        ):
            if not isinstance(container.get(name), kind | None):
                raise MalformedRequest(f"{name} is not what it must be.", expression=place)
    return entries


def _is_url(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(urlsplit(text).path)
    except ValueError:
        return False


def _batch_entry(entry: dict, *, actor: Actor, base: str) -> str:
    try:
        with transaction.atomic():
            return _carry_out(entry, actor=actor, base=base)
    except FhirError as error:
        response = {"status": str(error.status), "outcome": error.as_outcome()}
        return json.dumps({"response": response}).decode()


def _transaction(entries: list[dict], *, actor: Actor, base: str) -> list[str]:
    known, given = {}, {}
    for number, entry in enumerate(entries):
        if entry["request"]["method"] == "POST" and (entry.get("fullUrl") or "").startswith("urn:"):
            given[number] = store.new_id()
            known[entry["fullUrl"]] = f"{entry['request']['url'].strip('/')}/{given[number]}"
        elif entry["request"]["method"] == "PUT" and (entry.get("fullUrl") or "").startswith(
            "urn:"
        ):
            known[entry["fullUrl"]] = entry["request"]["url"].strip("/")
    answers: list[str] = [""] * len(entries)
    in_order = sorted(
        range(len(entries)), key=lambda n: ORDER.index(entries[n]["request"]["method"])
    )
    with transaction.atomic():
        for number in in_order:
            entry = entries[number]
            if known and "resource" in entry:
                entry = {**entry, "resource": resolved(entry["resource"], known)}
            try:
                answers[number] = _carry_out(
                    entry, actor=actor, base=base, resource_id=given.get(number)
                )
            except FhirError as error:
                error.issues = [
                    _in_entry(issue, f"Bundle.entry[{number}]") for issue in error.issues
                ]
                raise
    return answers


def _in_entry(issue, place: str):
    inner = issue.expression.partition(".")[2] if issue.expression else ""
    expression = f"{place}.resource.{inner}" if inner else place
    return type(issue)(issue.diagnostics, issue.code, issue.severity, expression)


def _carry_out(entry: dict, *, actor: Actor, base: str, resource_id: str | None = None) -> str:
    request = entry["request"]
    method, url = request["method"], urlsplit(request["url"])
    path = [part for part in url.path.split("/") if part]
    if_match = if_match_versions(request.get("ifMatch"))
    match method, path:
        case "POST", [type_name]:
            refuse_condition(request.get("ifNoneExist"))
            stored = actions.create(
                type_name, entry.get("resource"), actor=actor, resource_id=resource_id
            )
            return _written(stored, "201", base)
        case "POST", [type_name, name] if name.startswith("$"):
            return _operation(type_name, None, name[1:], entry, url.query, actor, if_match, base)
        case "POST", [type_name, id, name] if name.startswith("$"):
            return _operation(type_name, id, name[1:], entry, url.query, actor, if_match, base)
        case "PUT", [type_name, id]:
            stored, created = actions.put(
                type_name, id, entry.get("resource"), actor=actor, if_match=if_match
            )
            return _written(stored, "201" if created else "200", base)
        case "PATCH", [type_name, id]:
            stored = actions.patch(
                type_name, id, _patch_operations(entry), actor=actor, if_match=if_match
            )
            return _written(stored, "200", base)
        case "DELETE", [type_name, id]:
            stored = actions.delete(type_name, id, actor=actor, if_match=if_match)
            response = {"status": "204", "etag": etag(stored.version_id)}
            return json.dumps({"response": response}).decode()
        case (("GET" | "HEAD"), [type_name, id]):
            return _written(store.read(resources.get(type_name), id, actor=actor), "200", base)
        case (("GET" | "HEAD"), [type_name]):
            return _searched(type_name, url.query, actor=actor, base=base)
    raise MalformedRequest("This request is not supported as a Bundle entry.")


def _patch_operations(entry: dict) -> Any:
    """A JSON Patch travels as a Binary: https://hl7.org/fhir/R4/http.html#patch"""
    resource = entry.get("resource") or {}
    if resource.get("resourceType") != "Binary":
        raise MalformedRequest("A patch entry needs a Binary with a JSON Patch as its resource.")
    try:
        text = base64.b64decode(resource.get("data") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise MalformedRequest("Binary.data is not base64.") from error
    return json.loads(text)


def _operation(type_name, resource_id, name, entry, query, actor, if_match, base) -> str:
    operation = resources.get(type_name).operation(name, "instance" if resource_id else "type")
    parameters = string_values(entry.get("resource")) | dict(parse_qsl(query))
    stored = operation.run(resource_id, parameters, actor=actor, if_match=if_match)
    if stored is None:
        return json.dumps({"response": {"status": "204"}}).decode()
    return _written(stored, "200", base)


def _written(stored: Stored, status: str, base: str) -> str:
    response = {
        "status": status,
        "location": f"{base}/{stored.reference}/_history/{stored.version_id}",
        "etag": etag(stored.version_id),
        "lastModified": to_instant(stored.last_updated),
    }
    full_url = json.dumps(f"{base}/{stored.reference}").decode()
    return (
        f'{{"fullUrl":{full_url},"resource":{stored.document},'
        f'"response":{json.dumps(response).decode()}}}'
    )


def _searched(type_name: str, query: str, *, actor: Actor, base: str) -> str:
    found = search(resources.get(type_name), query, actor=actor, base=base)
    return f'{{"resource":{found.decode()},"response":{{"status":"200"}}}}'
