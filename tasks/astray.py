"""Threads that go to somebody else than whoever has their Task, as their page shows them."""

from dataclasses import dataclass
from datetime import datetime

from accounts import people
from accounts.people import Patient
from fhir import json
from fhir.actor import Actor
from fhir.search.references import unversioned
from tasks.available import blocker
from tasks.consequences import header_of, thread_of
from tasks.drift import drifted
from tasks.rows import due, priority_of, title_of
from tasks.times import Due

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Astray:
    """`owner` has the Task and the thread goes to `recipients`; "" and none stand for a pool."""

    id: str
    version: str
    title: str
    priority: str
    due: Due
    patient: Patient | None
    owner: str
    recipients: list[str]
    reason: str
    """Why it may not be put right by her; "" when it may."""


def astray(actor: Actor, *, at: datetime) -> list[Astray]:
    """Those that the actor may see, those first that have been so for longest."""
    documents = [json.loads_stored(each.document) for each in drifted(actor, limit=SHOWN)]
    threads = _threads(documents, actor)
    gone_to = [
        [unversioned(each.get("reference", "")) for each in thread.get("recipient", [])]
        for thread in threads
    ]
    owners = [(document.get("owner") or {}).get("reference", "") for document in documents]
    named = people.names({*owners, *(each for found in gone_to for each in found)}, actor=actor)
    subjects = [document.get("for") or {} for document in documents]
    patients = people.documents({each.get("reference", "") for each in subjects}, actor=actor)
    return [
        Astray(
            id=document["id"],
            version=document["meta"]["versionId"],
            title=title_of(document),
            priority=priority_of(document),
            due=due(document, at),
            patient=people.patient(
                patients.get(subject.get("reference", "")), subject.get("display", "")
            ),
            owner=named.get(owner) or (document.get("owner") or {}).get("display", ""),
            recipients=[named.get(each, each) for each in found],
            reason=blocker("note", actor, document),
        )
        for document, subject, owner, found in zip(
            documents, subjects, owners, gone_to, strict=True
        )
    ]


def _threads(documents: list[dict], actor: Actor) -> list[dict]:
    """The header of the thread that each Task is about; empty for one that is not to be had."""
    ids = [thread_of(document) for document in documents]
    found = people.documents({f"Communication/{each}" for each in ids if each}, actor=actor)
    headers = {each: header_of(message) for each, message in found.items()}
    found |= people.documents(
        {f"Communication/{each}" for each in headers.values() if each}, actor=actor
    )
    heads = [headers.get(f"Communication/{each}") or each for each in ids]
    return [found.get(f"Communication/{each}", {}) for each in heads]
