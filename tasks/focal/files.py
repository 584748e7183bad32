"""A DocumentReference as a card: what it is, and its files."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks.files import File, files_of
from tasks.focal.cards import Card, Fact
from tasks.focal.values import TONES, moment, said


@dataclass(frozen=True, slots=True)
class Document:
    facts: list[Fact]
    files: list[File]


def document(found: dict, task: dict, actor: Actor, now: datetime) -> Card:
    """A DocumentReference: what it is, and its files."""
    status = found.get("docStatus") or found.get("status", "")
    author = ", ".join(filter(None, (each.get("display", "") for each in found.get("author", []))))
    facts = [
        Fact(_("Type"), display_of(found.get("type"))),
        Fact(_("Author"), author),
        Fact(_("Category"), ", ".join(map(display_of, found.get("category", [])))),
    ]
    return Card(
        "document",
        "image",
        found.get("description") or display_of(found.get("type")) or _("Document"),
        status=said(status),
        tone=TONES.get(status, ""),
        aside=moment(found.get("date", ""), now),
        body=Document([each for each in facts if each.value], files_of(found)),
    )
