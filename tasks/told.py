"""The notices that somebody was sent, as the inbox shows them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts import people
from communications.categories import NOTICE
from communications.document import said_at, sender_of
from communications.models import Communication
from fhir import json
from fhir.actor import Actor
from tasks.rows import title_of
from tasks.threads import PAGE, Cursor


@dataclass(frozen=True, slots=True)
class Notice:
    """`links` are (URL, title) of those Tasks that it is about and that the reader may see."""

    sender: str
    at: datetime
    text: str
    links: list[tuple[str, str]]


def notices(
    actor: Actor, *, after: Cursor | None = None, limit: int = PAGE
) -> tuple[list[Notice], Cursor | None]:
    """What the actor was told, newest first, and where the next page begins."""
    if not actor.reference:
        return [], None
    category = f"category={NOTICE['system']}|{NOTICE['code']}"
    found = Communication.objects.filter(
        tokens__contains=[f"recipient={actor.reference}", category], deleted=False
    )
    if after:
        same = Q(said_at=after.at, resource_id__lt=after.header_id)
        found = found.filter(Q(said_at__lt=after.at) | same)
    ordered = found.order_by("-said_at", "-resource_id").values_list("document", flat=True)
    documents = [json.loads_stored(text) for text in ordered[: limit + 1]]
    shown = documents[:limit]
    tasks = people.documents(
        {each for document in shown for each in about(document) if each.startswith("Task/")},
        actor=actor,
    )
    named = people.names({sender_of(document) for document in shown}, actor=actor)
    told = [_notice(document, tasks, named) for document in shown]
    last = shown[-1] if len(documents) > limit else None
    return told, Cursor(said_at(last), last["id"]) if last else None


def about(document: dict) -> list[str]:
    return [each["reference"] for each in document.get("about", []) if "reference" in each]


def _notice(document: dict, tasks: dict[str, dict], named: dict[str, str]) -> Notice:
    text = " ".join(part.get("contentString", "") for part in document.get("payload", []))
    links = [
        (f"/worklist/t/{tasks[each]['id']}", title_of(tasks[each]))
        for each in about(document)
        if each in tasks
    ]
    return Notice(named.get(sender_of(document), "Taskward"), said_at(document), text, links)
