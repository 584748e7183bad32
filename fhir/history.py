"""The versions of one resource, newest first. https://hl7.org/fhir/R4/http.html#history"""

from fhir import json, sql, store
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.errors import InvalidSearch, NotFound
from fhir.renderers import bundle, etag
from fhir.resources import ResourceType
from fhir.scopes import check_scope

DEFAULT_COUNT = 100
MAX_COUNT = 1000
ACTOR_EXTENSION = "http://taskward.example/fhir/StructureDefinition/history-actor"
"""Who made a version: R4's history has no element of its own for it."""


def instance_history(
    resource_type: ResourceType, resource_id: str, query: dict, *, actor: Actor, base: str
) -> str:
    """The history Bundle as JSON text.

    `query` may have `_count` and `_before`, the version that the page before ended with: new
    versions do not move the pages. Raises NotFound for what the actor may not see now (T4).
    """
    check_scope(actor, resource_type.name, "r")
    if store.find(resource_type, resource_id, actor=actor) is None:
        raise NotFound
    count = min(_whole(query, "_count", DEFAULT_COUNT), MAX_COUNT)
    before = _whole(query, "_before", 2**31 - 1)
    rows = sql.rows(
        "select version_id, last_updated, document, interaction, actor from fhir_resourceversion"
        " where resource_type = %s and resource_id = %s and version_id < %s"
        " order by version_id desc limit %s",
        (resource_type.name, resource_id, before, count + 1),
    )
    ((total,),) = sql.rows(
        "select count(*) from fhir_resourceversion where resource_type = %s and resource_id = %s",
        (resource_type.name, resource_id),
    )
    url = f"{base}/{resource_type.name}/{resource_id}/_history"
    parameters = [f"{name}={query[name]}" for name in ("_count", "_before") if name in query]
    links = [{"relation": "self", "url": url + ("?" + "&".join(parameters) if parameters else "")}]
    if len(rows) > count > 0:
        last = rows[count - 1][0]
        links.append({"relation": "next", "url": f"{url}?_count={count}&_before={last}"})
    return bundle(
        {"type": "history", "total": total, "link": links},
        (_entry(f"{resource_type.name}/{resource_id}", base, *row) for row in rows[:count]),
    )


def _entry(reference, base, version_id, last_updated, document, interaction, actor) -> str:
    created = interaction == "create"
    method = {"create": "POST", "delete": "DELETE", "patch": "PATCH"}.get(interaction, "PUT")
    who = {"reference": actor} if "/" in actor and not actor.startswith("User/") else None
    rest = json.dumps(
        {
            "fullUrl": f"{base}/{reference}",
            "extension": [
                {
                    "url": ACTOR_EXTENSION,
                    "valueReference": who or {"display": actor.removeprefix("User/")},
                }
            ],
            "request": {
                "method": method,
                "url": reference.partition("/")[0] if created else reference,
            },
            "response": {
                "status": "201" if created else "204" if method == "DELETE" else "200",
                "etag": etag(version_id),
                "lastModified": to_instant(last_updated),
            },
        }
    ).decode()
    return f'{rest[:-1]},"resource":{document}}}' if document else rest


def _whole(query: dict, name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidSearch(f"{name} must be a whole number.", expression=name)
    return int(text)
