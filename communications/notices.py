"""What staff are told by the server, or by a colleague through an action: notices.

A notice is a Communication with the category `notification` and no thread. It holds no patient
data: what it is about, it points at, and who may not read that learns nothing of it.
"""

from collections.abc import Iterable

from django.db import transaction

from communications import categories
from communications.models import Communication
from fhir import sql, store
from fhir.actions import new_consequence
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.store import Stored

KEY_SYSTEM = "urn:taskward:notice"


@transaction.atomic
def notify(
    recipients: Iterable[str], *, about: Iterable[str], text: str, actor: Actor, key: str = ""
) -> Stored | None:
    """Tell `recipients` (references of staff) a text without patient data, about resources.

    `key` makes it happen once, whoever asks again; None then, and when there is nobody to tell. It
    follows from what the actor was allowed to do: no right of hers is asked for.
    """
    told = list(dict.fromkeys(filter(None, recipients)))
    if not told:
        return None
    if key:
        sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"notice|{key}",))
        known = Communication.objects.filter(tokens__contains=[f"identifier={KEY_SYSTEM}|{key}"])
        if known.exists():
            return None
    document = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [{"coding": [categories.NOTICE], "text": categories.NOTICE["display"]}],
        "about": [{"reference": reference} for reference in dict.fromkeys(about)],
        "sent": to_instant(store.now()),
        "recipient": [{"reference": reference} for reference in told],
        "payload": [{"contentString": text}],
    }
    if not document["about"]:
        del document["about"]
    if key:
        document["identifier"] = [{"system": KEY_SYSTEM, "value": key}]
    if actor.reference:
        document["sender"] = {"reference": actor.reference}
    return new_consequence("Communication", document, actor=actor)
