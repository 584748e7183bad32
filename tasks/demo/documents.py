"""Small parts that the documents of the demo clinic are made of."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from fhir.datatypes import to_instant

WHOLE_MINUTE = {"second": 0, "microsecond": 0}


def instant(at: datetime) -> str:
    return to_instant(at.replace(**WHOLE_MINUTE))


def reference(document: dict, display: str = "") -> dict:
    """A Reference to a document of the clinic."""
    text = f"{document['resourceType']}/{document['id']}"
    return {"reference": text} | ({"display": display} if display else {})


def resource(type_name: str, resource_id: str, **elements: Any) -> dict:
    """A document without the elements that are None."""
    present = {name: value for name, value in elements.items() if value is not None}
    return {"resourceType": type_name, "id": resource_id} | present


class Case(NamedTuple):
    """What one Task is about."""

    documents: list[dict]
    """Everything that the Task points at, in an order in which each comes after what it names."""
    task: dict
    """The elements of the Task that follow from them: code, description, focus, for, encounter."""
    output: dict | None = None
    """The Task.output of the completed Task."""
    note: str = ""
    """What a colleague wrote on the Task."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
