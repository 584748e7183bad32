"""What a request to the API does: one function an interaction.

A request of its own and an entry of a Bundle both become a Request, are led to one of these by the
table in fhir.routes, and come back as an Answer. What is refused is raised as a FhirError.
https://hl7.org/fhir/R4/http.html
"""

from dataclasses import replace

from fhir import actions, conditional, history, json, resources, store
from fhir.answers import Answer, Request
from fhir.errors import MethodNotAllowed, NotFound, information
from fhir.parsers import JsonPatchParser
from fhir.preconditions import is_unmodified, matches_none
from fhir.resources import Operation
from fhir.scopes import allows
from fhir.search import compartments
from fhir.search.searchset import search
from fhir.search.system import search_system
from fhir.store import Stored


def written(request: Request, stored: Stored, *, created: bool = False) -> Answer:
    """The answer to a write, with as much of a body as the client prefers, and may read."""
    status, body = 201 if created else 200, stored.document
    wanted = request.prefer.get("return")
    if wanted == "minimal" or not allows(request.actor, stored.resource_type, "r"):
        body = ""
    elif wanted == "operationoutcome":
        done = "created" if created else "written"
        body = json.dumps(information(f"The resource was {done} as version {stored.version_id}."))
    return Answer(status, body, stored, writes=True, reads=False)


# --- the system -----------------------------------------------------------------------------------


def search_all(request: Request) -> Answer:
    """https://hl7.org/fhir/R4/http.html#search over several types: `_type=Task,Communication`."""
    return Answer(
        body=search_system(
            _parameters(request), actor=request.actor, base=request.base, strict=request.strict
        )
    )


def history_system(request: Request) -> Answer:
    """https://hl7.org/fhir/R4/http.html#history of everything."""
    return Answer(
        body=history.system_history(request.query, actor=request.actor, base=request.base)
    )


# --- a type ---------------------------------------------------------------------------------------


def search_type(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#search"""
    return Answer(
        body=search(
            resources.get(type_name),
            _parameters(request),
            actor=request.actor,
            base=request.base,
            strict=request.strict,
        )
    )


def _parameters(request: Request) -> str:
    """Of a search by POST: those of the form and those of the URL."""
    form = request.body if request.method == "POST" and isinstance(request.body, str) else ""
    return "&".join(part for part in (request.query, form) if part)


def create(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#create, and with If-None-Exist
    https://hl7.org/fhir/R4/http.html#ccreate
    """
    if criteria := request.if_none_exist:
        stored, created = conditional.create(
            type_name, request.body, criteria, actor=request.actor, base=request.base
        )
        answer = written(request, stored, created=created)
        return answer if created else replace(answer, writes=False, reads=True)
    stored = actions.create(
        type_name, request.body, actor=request.actor, resource_id=request.resource_id
    )
    return written(request, stored, created=True)


def conditional_update(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#cond-update"""
    stored, created = conditional.update(
        type_name,
        request.body,
        request.criteria,
        actor=request.actor,
        base=request.base,
        if_match=request.if_match,
    )
    return written(request, stored, created=created)


def conditional_patch(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#patch of the one resource that meets the criteria."""
    with conditional.one(
        type_name, request.criteria, actor=request.actor, base=request.base
    ) as resource_id:
        if resource_id is None:
            raise NotFound
        return patch(request, type_name, resource_id)


def conditional_delete(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#2.1.0.12.1 of one resource; with no match, nothing."""
    with conditional.one(
        type_name, request.criteria, actor=request.actor, base=request.base
    ) as resource_id:
        if resource_id is None:
            return Answer(204)
        return delete(request, type_name, resource_id)


def history_type(request: Request, type_name: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#history of all resources of a type."""
    found = history.type_history(
        resources.get(type_name), request.query, actor=request.actor, base=request.base
    )
    return Answer(body=found)


# --- a resource -----------------------------------------------------------------------------------


def read(request: Request, type_name: str, resource_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#read · https://hl7.org/fhir/R4/http.html#cread"""
    stored = store.read(resources.get(type_name), resource_id, actor=request.actor)
    if request.headers.get("If-None-Match"):
        unchanged = matches_none(request.headers["If-None-Match"], stored.version_id)
    else:
        unchanged = is_unmodified(request.headers.get("If-Modified-Since"), stored.last_updated)
    if unchanged:
        return Answer(304, b"", stored)
    return Answer(200, stored.document, stored)


def vread(request: Request, type_name: str, resource_id: str, version_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#vread"""
    if not (version_id.isascii() and version_id.isdigit() and len(version_id) < 10):
        raise NotFound
    stored = store.version(
        resources.get(type_name), resource_id, int(version_id), actor=request.actor
    )
    return Answer(200, stored.document, stored)


def update(request: Request, type_name: str, resource_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#update"""
    stored, created = actions.put(
        type_name, resource_id, request.body, actor=request.actor, if_match=request.if_match
    )
    return written(request, stored, created=created)


def patch(request: Request, type_name: str, resource_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#patch by JSON Patch (with two liberties, T1) or FHIRPath
    Patch.
    """
    common = {"actor": request.actor, "if_match": request.if_match}
    if request.content_type == JsonPatchParser.media_type:
        stored = actions.patch(
            type_name, resource_id, request.body, strict=request.strict, **common
        )
    else:
        stored = actions.fhirpath_patch(type_name, resource_id, request.body, **common)
    return written(request, stored)


def delete(request: Request, type_name: str, resource_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#delete"""
    stored = actions.delete(type_name, resource_id, actor=request.actor, if_match=request.if_match)
    return Answer(204, b"", stored, writes=True, reads=False)


def history_instance(request: Request, type_name: str, resource_id: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#history"""
    found = history.instance_history(
        resources.get(type_name),
        resource_id,
        request.query,
        actor=request.actor,
        base=request.base,
    )
    return Answer(body=found)


def search_compartment(request: Request, type_name: str, resource_id: str, member: str) -> Answer:
    """https://hl7.org/fhir/R4/http.html#vsearch: `Patient/x/Task`, or `*` for all its types."""
    compartment = compartments.get(type_name, resource_id)
    common = {
        "actor": request.actor,
        "base": request.base,
        "strict": request.strict,
        "compartment": compartment,
    }
    if member == "*":
        return Answer(body=search_system(_parameters(request), **common))
    return Answer(body=search(resources.get(member), _parameters(request), **common))


# --- operations -----------------------------------------------------------------------------------


def operation(
    request: Request, type_name: str, name: str, resource_id: str | None = None
) -> Answer:
    """https://hl7.org/fhir/R4/operations.html

    GET is for operations that change nothing, with their parameters in the URL.
    """
    found = resources.get(type_name).operation(name, "instance" if resource_id else "type")
    return _run(found, request, resource_id)


def system_operation(request: Request, name: str) -> Answer:
    """The same of no type: `[base]/$name`."""
    return _run(resources.system_operation(name), request, None)


def _run(found: Operation, request: Request, resource_id: str | None) -> Answer:
    if request.method != "POST" and found.affects_state:
        raise MethodNotAllowed("This operation changes something: use POST.", allow="POST")
    answer = found.run(request, resource_id)
    if isinstance(answer, Answer):
        return answer
    if answer is None:
        return Answer(204)
    return written(request, answer)
