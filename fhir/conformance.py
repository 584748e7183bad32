"""The server's own conformance resources: what its operations, parameters, codes and extensions are.

Each app adds those that describe it, and after migrating they are stored as any resource is: with
ids, versions and search. Every signed-in user reads them.
https://hl7.org/fhir/R4/conformance-module.html
"""

from typing import Any

from django.db import connection, transaction

from fhir import actions
from fhir.access import add_directory
from fhir.actor import SYSTEM
from fhir.models import ClinicalResource

CANONICAL = "http://taskward.example/fhir"
PUBLISHER = "Taskward"
DATE = "2026-11-21"

_documents: dict[str, dict] = {}


def canonical(type_name: str, id: str) -> str:
    """The URL that names a conformance resource everywhere, wherever this server is."""
    return f"{CANONICAL}/{type_name}/{id}"


def definition(type_name: str, id: str, *, name: str, description: str, **elements: Any) -> dict:
    """A conformance resource, with the elements that they all have. `name` is for programs."""
    return {
        "resourceType": type_name,
        "id": id,
        "url": canonical(type_name, id),
        "name": name,
        "status": "active",
        "experimental": False,
        "date": DATE,
        "publisher": PUBLISHER,
        "description": description,
    } | elements


def code_system(id: str, codes: dict[str, str], **elements: Any) -> dict:
    """A CodeSystem of all its codes, each with its display."""
    concepts = [{"code": code, "display": display} for code, display in codes.items()]
    return definition(
        "CodeSystem",
        id,
        caseSensitive=True,
        content="complete",
        count=len(concepts),
        concept=concepts,
        **elements,
    )


def value_set(id: str, codes: dict[str, dict[str, str]], **elements: Any) -> dict:
    """A ValueSet of some codes with their displays, by system."""
    include = [
        {
            "system": system,
            "concept": [{"code": code, "display": display} for code, display in of_system.items()],
        }
        for system, of_system in codes.items()
    ]
    return definition("ValueSet", id, compose={"include": include}, **elements)


def operation(
    id: str, code: str, *, on: str, levels: tuple[str, ...] = ("type",), **elements: Any
) -> dict:
    """An OperationDefinition. `on` is the type that has the operation, `levels` where it is asked."""
    return definition(
        "OperationDefinition",
        id,
        **{"kind": "operation", "affectsState": False} | elements,
        code=code,
        resource=[on],
        system="system" in levels,
        type="type" in levels,
        instance="instance" in levels,
    )


def extension(id: str, *, on: str, elements: list[dict], **described: Any) -> dict:
    """The StructureDefinition of an extension. `elements` are those of its differential, by path
    below `Extension`; `on` is the element that has it.
    """
    url = {"path": "Extension.url", "fixedUri": canonical("StructureDefinition", id)}
    return definition(
        "StructureDefinition",
        id,
        **described,
        fhirVersion="4.0.1",
        kind="complex-type",
        abstract=False,
        context=[{"type": "element", "expression": on}],
        type="Extension",
        baseDefinition="http://hl7.org/fhir/StructureDefinition/Extension",
        derivation="constraint",
        differential={
            "element": [
                {"id": each["path"], **each}
                for each in ({"path": "Extension", "max": "1"}, *elements, url)
            ]
        },
    )


def parameter(
    name: str, type_name: str, documentation: str, *, use: str = "in", min: int = 0, max: str = "1"
) -> dict:
    """A parameter of an operation; its answer is the parameter `return` of use `out`."""
    return {
        "name": name,
        "use": use,
        "min": min,
        "max": max,
        "documentation": documentation,
        "type": type_name,
    }


def add(*documents: dict) -> None:
    """Called from `AppConfig.ready`: these are stored after the next migration."""
    for document in documents:
        _documents[f"{document['resourceType']}/{document['id']}"] = document
        add_directory(document["resourceType"])


def documents() -> list[dict]:
    return list(_documents.values())


def store_documents(**signal: Any) -> None:
    """Store what has been added, as far as it is not stored just so; each must be valid."""
    if ClinicalResource._meta.db_table not in connection.introspection.table_names():
        return  # migrated back to before there were resources
    with transaction.atomic():
        for document in _documents.values():
            type_name = document["resourceType"]
            actions.put(type_name, document["id"], document, actor=SYSTEM)
