"""What has been said in a thread, as far as somebody may read it."""

from collections.abc import Iterable

from communications.document import RETRACTED
from communications.models import Communication
from fhir import sql, store
from fhir.actor import Actor
from fhir.once import once

MOST = 200


@once
def messages_in(thread: str, actor: Actor) -> list[dict]:
    """The messages of a thread ("Communication/x") without its header, newest first."""
    condition = "thread = %s and not draft order by said_at desc, id desc"
    return store.documents(Communication, condition, [thread], actor=actor, limit=MOST)


def last_arrived(thread: str, *, actor: Actor) -> dict | None:
    """The message of a thread that arrived last, of those that say something to the actor."""
    # By a sum, so that PostgreSQL does not look for it from the newest message of all.
    condition = "thread = %s and not draft and not tokens @> array[%s]::text[] order by id + 0 desc"
    params = [thread, f"status={RETRACTED}"]
    found = store.documents(Communication, condition, params, actor=actor, limit=1)
    return found[0] if found else None


def drafts_in(threads: Iterable[str], *, actor: Actor) -> list[tuple[str, str]]:
    """(thread, sender) of what others are writing: that they do, never what."""
    return sql.rows(
        "select thread, sender from communications_communication"
        " where thread = any(%s) and draft and not deleted and sender <> %s"
        " order by last_updated desc",
        ([*threads], actor.reference),
    )
