"""JSON Patch: RFC 6902, with two liberties that real clients need.

`replace` of an absent top-level element sets it, and `add /x/-` on an absent repeating top-level
element creates the list. `Prefer: handling=strict` does without both.
https://hl7.org/fhir/R4/http.html#patch · https://www.rfc-editor.org/rfc/rfc6902
"""

from typing import Any

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

from fhir import json
from fhir.definitions import is_repeating
from fhir.errors import FhirError, MalformedRequest, TooLarge, VersionConflict
from fhir.json import MAX_RESOURCE_BYTES

MAX_OPERATIONS = 500
# What all operations of one patch may write together: a patch that copies a large element to and
# fro stays within the size of a resource and still costs seconds.
MAX_WRITTEN_BYTES = 4 * MAX_RESOURCE_BYTES

NEEDS = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "from"),
    "copy": ("path", "from"),
    "test": ("path", "value"),
}


class PatchFailed(FhirError):
    """The patch does not fit the resource."""

    status = 422
    code = "processing"


class VersionTestFailed(VersionConflict):
    """The resource has another version than the patch tests for."""


def apply_patch(document: dict, operations: Any, *, resource_type: str, strict: bool = False):
    """The document after the operations; neither argument is changed, and it is all or nothing.

    Raises MalformedRequest for what is no JSON Patch, PatchFailed for an operation that does not
    fit the document or changes what the resource is, VersionTestFailed for a failing `test` of
    /meta/versionId, and TooLarge for too many operations or too large a result, before that is
    built. The result is not validated.
    """
    pointers = _check_operations(operations, resource_type)
    patched = json.loads(json.dumps(document))  # a copy, several times faster than deepcopy
    size = _Size(patched)
    for index, (operation, pointer) in enumerate(zip(operations, pointers, strict=True)):
        where = _expression(pointer, resource_type)
        failure = f"Operation {index} ({operation['op']} {_shown(operation['path'])})"
        if not strict:
            operation = _with_liberties(operation, pointer, patched, resource_type)
        try:
            size.check(patched, operation, pointer)
            patched = jsonpatch.JsonPatch([operation]).apply(patched, in_place=True)
        except jsonpatch.JsonPatchTestFailed as error:
            if pointer.parts == ["meta", "versionId"]:
                raise VersionTestFailed(expression=where) from error
            raise PatchFailed(f"{failure}: the test failed.", expression=where) from error
        except (jsonpatch.JsonPatchException, JsonPointerException) as error:
            raise PatchFailed(f"{failure} does not fit the resource.", expression=where) from error
        except RecursionError as error:
            raise TooLarge(f"{failure} nests too deeply.", expression=where) from error
    check_identity(document, patched, resource_type)
    return json.loads(json.dumps(patched))  # the limits of any body, on depth above all


def _check_operations(operations: Any, resource_type: str) -> list[JsonPointer]:
    """The pointers of the operations, all of which have the right form."""
    if type(operations) is not list:
        raise MalformedRequest("A JSON Patch is a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise TooLarge(f"A patch has at most {MAX_OPERATIONS} operations.")
    pointers = []
    for index, operation in enumerate(operations):
        name = operation.get("op") if type(operation) is dict else None
        if type(name) is not str or name not in NEEDS:
            listed = ", ".join(NEEDS)
            raise MalformedRequest(f"Operation {index} must have an op: {listed}.")
        for member in NEEDS[name]:
            if member not in operation:
                raise MalformedRequest(f"Operation {index} ({name}) must have a {member}.")
        pointers.append(_pointer(operation["path"], index))
        if "from" in NEEDS[name]:
            _pointer(operation["from"], index)
    return pointers


def _pointer(text: Any, index: int) -> JsonPointer:
    try:
        if type(text) is str:
            return JsonPointer(text)
    except JsonPointerException:
        pass
    raise MalformedRequest(f"Operation {index} has a path that is no JSON Pointer.")


def _with_liberties(
    operation: dict, pointer: JsonPointer, document: Any, resource_type: str
) -> dict:
    """The operation in RFC 6902's own words, where the client meant one of the two liberties."""
    name, parts = operation["op"], pointer.parts
    if not parts or type(document) is not dict or parts[0] in document:
        return operation
    if name == "replace" and len(parts) == 1:
        return {**operation, "op": "add"}
    if name == "add" and parts[1:] == ["-"] and is_repeating(resource_type, parts[0]):
        return {"op": "add", "path": f"/{parts[0]}", "value": [operation["value"]]}
    return operation


class _Size:
    """An upper bound of the document's size, made exact only when it comes near the limit."""

    def __init__(self, document: dict):
        self.bound = len(json.dumps(document))
        self.written = 0

    def check(self, document: Any, operation: dict, pointer: JsonPointer) -> None:
        if operation["op"] in ("add", "replace"):
            value = operation["value"]
        elif operation["op"] == "copy":
            value = JsonPointer(operation["from"]).resolve(document)
        else:
            return
        growth = len(json.dumps(value)) + len(operation["path"].encode("utf-8", "replace")) + 4
        self.written += growth
        if self.bound + growth > MAX_RESOURCE_BYTES:
            self.bound = len(json.dumps(document))
            if operation["op"] == "replace":
                growth -= len(json.dumps(pointer.resolve(document)))
        self.bound += growth
        if self.bound > MAX_RESOURCE_BYTES or self.written > MAX_WRITTEN_BYTES:
            raise TooLarge("The patched resource would be too large.")


def check_identity(before: dict, after: Any, resource_type: str) -> None:
    if type(after) is not dict:
        raise PatchFailed("The patch must leave a resource.", expression=resource_type)
    for name in ("resourceType", "id"):
        if after.get(name) != before.get(name):
            raise PatchFailed(
                f"A patch must not change {name}.", expression=f"{resource_type}.{name}"
            )


def _shown(path: str) -> str:
    return path if len(path) <= 100 and path.isprintable() else "…"


def _expression(pointer: JsonPointer, resource_type: str) -> str:
    """The FHIRPath of a JSON Pointer, as far as it reads like one."""
    expression = resource_type
    for part in pointer.parts:
        if part.isascii() and part.isdigit():
            expression += f"[{part}]"
        elif part.isascii() and part.isidentifier():
            expression += f".{part}"
        else:
            break
    return expression if len(expression) <= 200 else resource_type
