"""`Idempotency-Key`: a request that is sent again, for want of an answer, is answered again.

The first answer is written in the same transaction as what it tells of, so that one is never there
without the other. What was refused is not kept: it may be tried again. Nor is what was read: asked
again, it is read again, by the rights of then.
https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.db import transaction

from fhir import json, sql
from fhir.answers import Answer, Request
from fhir.errors import FhirError, MalformedRequest
from fhir.models import KeptAnswer
from fhir.store import Stored

METHODS = ("POST", "PATCH")
MAX_KEY_LENGTH = 255
KEPT = timedelta(hours=24)


class KeyReused(FhirError):
    """This Idempotency-Key came with another request before."""

    status = 422
    code = "duplicate"


class NotRepeatable(MalformedRequest):
    """A Bundle that reads and writes takes no Idempotency-Key: send the reads by themselves."""


def once(request: Request, path: str, act: Callable[[], Answer]) -> Answer:
    """What `act` answers, or what it answered when the same user sent the same key before.

    Raises MalformedRequest for a key that is none, KeyReused for one of another request, and
    NotRepeatable.
    """
    sent = request.headers.get("Idempotency-Key") if request.method in METHODS else None
    if sent is None:
        return act()
    if not 0 < len(sent) <= MAX_KEY_LENGTH or not (sent.isascii() and sent.isprintable()):
        raise MalformedRequest(f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} visible characters.")
    user_id = request.actor.user_id
    # A key is of one user and one set of scopes: a narrower token is judged by its own.
    key = sha256(f"{sent} {sorted(request.actor.scopes or ())}".encode()).hexdigest()
    fingerprint = _fingerprint(request, path)
    with transaction.atomic():
        # Whoever comes with the same key at the same time waits for the answer.
        sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, %s))", (key, user_id))
        kept = KeptAnswer.objects.filter(user_id=user_id, key=key).first()
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise KeyReused
            return _answer(kept)
        answer = act()
        if answer.writes and answer.reads:
            raise NotRepeatable
        if not answer.writes:
            return answer
        KeptAnswer.objects.create(
            user_id=user_id, key=key, fingerprint=fingerprint, **_columns(answer)
        )
        return answer


def _fingerprint(request: Request, path: str) -> str:
    parts = (request.method, path, request.query, request.content_type)
    return sha256("\n".join(parts).encode() + b"\n" + json.dumps(request.body)).hexdigest()


def _columns(answer: Answer) -> dict:
    body = answer.body if isinstance(answer.body, str) else answer.body.decode()
    columns = {"status": answer.status, "body": body, "created_at": datetime.now(UTC)}
    if stored := answer.stored:
        columns |= {
            "resource_type": stored.resource_type,
            "resource_id": stored.resource_id,
            "version_id": stored.version_id,
            "last_updated": stored.last_updated,
        }
    return columns


def _answer(kept: KeptAnswer) -> Answer:
    if kept.version_id is None:
        return Answer(kept.status, kept.body, writes=True, reads=False)
    stored = Stored(
        0,
        kept.resource_type,
        kept.resource_id,
        kept.version_id,
        kept.last_updated,
        kept.status == 204,
        kept.body,
    )
    return Answer(kept.status, kept.body, stored, writes=True, reads=False)


def forget() -> None:
    """Delete the answers that have been kept long enough."""
    KeptAnswer.objects.filter(created_at__lt=datetime.now(UTC) - KEPT).delete()
