"""What the tests of the search ask with."""

import json

from fhir import resources
from fhir.actor import SYSTEM
from fhir.search.searchset import search

BASE = "http://testserver/api/fhir"


def bundle(url: str, *, actor=SYSTEM, strict=False) -> dict:
    """`bundle("Task?status=requested")`: the answer, for whom."""
    type_name, _, query = url.partition("?")
    resource_type = resources.get(type_name)
    return json.loads(search(resource_type, query, actor=actor, base=BASE, strict=strict))


def ids(url: str, *, actor=SYSTEM, mode="match") -> list[str]:
    """The ids that are found, in the order of the answer."""
    return [
        entry["resource"]["id"]
        for entry in bundle(url, actor=actor).get("entry", [])
        if entry["search"]["mode"] == mode
    ]


def included(url: str, *, actor=SYSTEM) -> list[str]:
    return ids(url, actor=actor, mode="include")


def pages(url: str, *, actor=SYSTEM) -> list[list[str]]:
    """The ids of every page, by the next links."""
    found = []
    while url:
        answer = bundle(url, actor=actor)
        found.append([entry["resource"]["id"] for entry in answer.get("entry", [])])
        following = [link["url"] for link in answer["link"] if link["relation"] == "next"]
        url = following[0].removeprefix(f"{BASE}/") if following else ""
    return found
