"""Who else has a page open now, and who is writing a reply there.

The poll of an open page says so (tasks.views.live). It is asked every few seconds, so that it
writes only what is about to be forgotten: at most every BEAT for a person and a page, and once more
when she begins to write.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communications.models import Communication
from fhir import sql
from fhir.actor import Actor
from tasks.models import Task

BEAT = timedelta(seconds=20)
GONE = timedelta(seconds=45)


class Others(NamedTuple):
    """What is said of them, to whoever may read the page too."""

    viewing: str = ""
    writing: str = ""

    def __bool__(self) -> bool:
        return bool(self.viewing or self.writing)


def others_at(opened: str, actor: Actor, *, writing: bool = False, now: datetime) -> Others:
    """Who else has this page open: a Task, or a thread without one. Tells that the actor has it.

    Nobody, for who may not read it.
    """
    found = _present(opened, now)
    own = found.pop(actor.user_id, None)
    if _is_to_be_told(own, now, writing=writing):
        if not _is_readable(opened, actor):
            return Others()
        _tell(opened, actor, now, writing=writing)
    viewing = sorted(each.name for each in found.values() if not each.writes(now))
    writers = sorted(each.name for each in found.values() if each.writes(now))
    return Others(_viewing(viewing), _writing(writers))


class _Present(NamedTuple):
    user_id: int
    at: datetime
    writing_at: datetime | None
    name: str

    def writes(self, now: datetime) -> bool:
        return self.writing_at is not None and self.writing_at > now - GONE


def _present(opened: str, now: datetime) -> dict[int, _Present]:
    found = sql.rows(
        "select v.user_id, v.at, v.writing_at,"
        " coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username)"
        " from tasks_viewer v join accounts_user u on u.id = v.user_id"
        " where v.opened = %s and v.at > %s",
        (opened, now - GONE),
    )
    return {row[0]: _Present(*row) for row in found}


def _is_to_be_told(own: _Present | None, now: datetime, *, writing: bool) -> bool:
    if own is None or own.at <= now - BEAT:
        return True
    return writing and (own.writing_at is None or own.writing_at <= now - BEAT)


def _is_readable(opened: str, actor: Actor) -> bool:
    return any(
        model.objects.readable_by(actor).filter(resource_id=opened, deleted=False).exists()
        for model in (Task, Communication)
    )


def _tell(opened: str, actor: Actor, now: datetime, *, writing: bool) -> None:
    sql.rows(
        "with left_pages as ("
        "delete from tasks_viewer where user_id = %s and at < %s and opened <> %s)"
        " insert into tasks_viewer (user_id, opened, at, writing_at) values (%s, %s, %s, %s)"
        " on conflict (opened, user_id) do update set at = excluded.at,"
        " writing_at = coalesce(excluded.writing_at, tasks_viewer.writing_at)",
        (actor.user_id, now - GONE, opened, actor.user_id, opened, now, now if writing else None),
    )


def _viewing(names: list[str]) -> str:
    return _("Also viewing: %(names)s") % {"names": _listed(names)} if names else ""


def _writing(names: list[str]) -> str:
    if not names:
        return ""
    said = ngettext(
        "%(names)s is writing a reply", "%(names)s are writing a reply", len(names)
    )  # fmt: skip
    return said % {"names": _listed(names)}


def _listed(names: list[str]) -> str:
    return get_text_list(names, _("and"))
