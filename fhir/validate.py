"""`$validate`: what would be said to a document, and to a create, update or delete with it.

A request that would do it is tried and undone, so that the answer is that of the request itself.
https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from typing import Any
from urllib.parse import parse_qsl

from django.db import transaction

from fhir import actions, json, resources, store
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.conformance import operation, parameter
from fhir.errors import FhirError, Issue, MalformedRequest, operation_outcome
from fhir.resources import Operation
from fhir.validation import check_document

MODES = ("create", "update", "delete", "profile")
BASE_PROFILE = "http://hl7.org/fhir/StructureDefinition/"
VALID = Issue("No issue was found.", "informational", "information")

DEFINITION = operation(
    "Resource-validate",
    "validate",
    on="Resource",
    levels=("type", "instance"),
    name="Validate",
    description="Every issue of a resource, and what a create, update or delete with it would be"
    " refused for; nothing is changed. Only R4's own definitions are known as profiles.",
    base="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    parameter=[
        parameter("resource", "Resource", "What is validated; without it, what is stored."),
        parameter("mode", "code", "What it is for: create, update, delete or profile."),
        parameter("profile", "uri", "The definition of the resource's type."),
        parameter("return", "OperationOutcome", "The issues.", use="out", min=1),
    ],
)


def validate(
    type_name: str,
    resource_id: str | None,
    body: Any,
    *,
    mode: str | None = None,
    profile: str | None = None,
    actor: Actor,
) -> dict:
    """The OperationOutcome. `body` is the resource, or a Parameters with it, mode and profile.

    Without a resource it is the stored one that is validated. Nothing is changed. Raises
    MalformedRequest for what is no such request, NotFound and Gone for a stored resource that is
    not to be had.
    """
    resource_type = resources.get(type_name)
    document, given = _read(type_name, body)
    mode, profile = given.get("mode", mode), given.get("profile", profile)
    if mode is not None and mode not in MODES:
        raise MalformedRequest(f"The mode is one of {', '.join(MODES)}.", expression="mode")
    if mode == "profile" and not profile:
        raise MalformedRequest("The mode profile needs a profile.", expression="profile")
    if mode == "delete":
        if resource_id is None:
            raise MalformedRequest("Name the resource to delete: Type/id/$validate.")
        return _outcome(_refusals("delete", type_name, resource_id, None, actor))
    if document is None and resource_id is not None:
        document = store.read(resource_type, resource_id, actor=actor).parsed()
    if document is None:
        raise MalformedRequest("Send the resource that is to be validated.", expression="resource")
    issues = _invalid(document, type_name)
    if not issues and mode in ("create", "update"):
        issues = _refusals(mode, type_name, resource_id, document, actor)
    return _outcome(issues + _unknown_profiles(document, type_name, profile))


def _outcome(issues: list[Issue]) -> dict:
    return operation_outcome(issues or [VALID])


def _read(type_name: str, body: Any) -> tuple[Any, dict[str, str]]:
    """The resource of the body, and the simple parameters that came with it."""
    if not body:
        return None, {}
    parameters = body.get("parameter", []) if type(body) is dict else None
    if type(body) is not dict or body.get("resourceType") != "Parameters":
        return body, {}
    named = type(parameters) is list and [
        each for each in parameters if type(each) is dict and each.get("name") == "resource"
    ]
    if type_name == "Parameters" and not named:
        return body, {}
    if type(parameters) is not list or not all(type(each) is dict for each in parameters):
        raise MalformedRequest("Parameters.parameter must be a list of objects.")
    if len(named) > 1:
        raise MalformedRequest("One resource is validated at a time.", expression="resource")
    given = {
        each["name"]: value
        for each in parameters
        for member in ("valueCode", "valueUri", "valueCanonical", "valueString")
        if each.get("name") in ("mode", "profile") and type(value := each.get(member)) is str
    }
    return (named[0].get("resource") if named else None), given


def _invalid(document: Any, type_name: str) -> list[Issue]:
    try:
        check_document(document, type_name)
    except FhirError as error:
        return error.issues
    return []


def operations(type_name: str) -> tuple[Operation, ...]:
    """`$validate` of a type; mode and profile may come in the URL or in the body."""

    def run(request: Request, resource_id: str | None) -> Answer:
        given = dict(parse_qsl(request.query))
        outcome = validate(
            type_name,
            resource_id,
            request.body if request.method == "POST" else None,
            mode=given.get("mode"),
            profile=given.get("profile"),
            actor=request.actor,
        )
        return Answer(body=json.dumps(outcome))

    return tuple(
        Operation("validate", level, run, affects_state=False, definition=DEFINITION["url"])
        for level in ("instance", "type")
    )


class _Undone(Exception):
    """What was tried has worked."""


def _refusals(
    mode: str, type_name: str, resource_id: str | None, document: dict | None, actor: Actor
) -> list[Issue]:
    """Why the request would be refused."""
    try:
        with transaction.atomic():
            if mode == "create":
                actions.create(type_name, document, actor=actor)
            elif mode == "delete":
                actions.delete(type_name, resource_id, actor=actor)
            else:
                resource_id = resource_id or document.get("id")
                if resource_id is None:
                    raise MalformedRequest(
                        "An update needs the id of the resource.", expression=f"{type_name}.id"
                    )
                actions.put(type_name, resource_id, document, actor=actor)
            raise _Undone
    except _Undone:
        return []
    except FhirError as error:
        return error.issues


def _unknown_profiles(document: Any, type_name: str, nominated: str | None) -> list[Issue]:
    """Only R4's own definition of each type is known here.

    A nominated profile that cannot be validated against is an error; one that the document claims
    is left as it is.
    """
    known = {BASE_PROFILE + type_name, f"{BASE_PROFILE}{type_name}|4.0.1", None}
    if nominated not in known:
        return [Issue("This profile is not known here.", "not-supported", "error", "profile")]
    meta = document.get("meta") if type(document) is dict else None
    claimed = meta.get("profile") if type(meta) is dict else None
    return [
        Issue(
            "This profile is not known here, so it was not looked at.",
            "not-supported",
            "warning",
            f"{type_name}.meta.profile[{index}]",
        )
        for index, each in enumerate(claimed if type(claimed) is list else ())
        if type(each) is str and each not in known
    ]
