"""The inbox of patient threads: whose turn it is in each, and who has the work (ui.md 5.8).

A thread is found by the columns of its header (communications.models), in the order of one of three
partial indexes. Those in which somebody waits are not many: each is looked at in the order of the
list until a page is full. All threads are, so there the reader's own are collected first, from the
side of the Tasks in her sight and of what she takes part in.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import people
from accounts.models import Pool
from accounts.people import Patient
from communications.document import PATIENT, STAFF, sender_of
from communications.models import Communication
from communications.reading import drafts_in
from fhir import json, sql
from fhir.access import columns_of
from fhir.actor import Actor, Role
from fhir.datatypes import display_of
from fhir.errors import InvalidSearch, NotFound
from tasks import times
from tasks.document import PRIORITY_RANK, reference_of
from tasks.models import Task
from tasks.queue import WAITING, literals
from tasks.rows import priority_of
from tasks.transitions import CLAIMABLE, FINAL, OPEN
from tasks.worklist import FEED_BATCH, SETTLED, Position

PAGE = 50
COUNT_UP_TO = 100

TABS = {
    "ours": gettext_lazy("Our turn"),
    "patient": gettext_lazy("Waiting on patient"),
    "all": gettext_lazy("All"),
    "notices": gettext_lazy("Notices"),
}

CONDITIONS = {
    "ours": f"not c.deleted and c.newest_voice = '{PATIENT}'",
    "patient": f"not c.deleted and not c.finished and c.newest_voice = '{STAFF}'",
    "all": "not c.deleted and c.newest <> ''",
}
"""Tab → the condition of its index, word for word. Whoever waits longest comes first; all threads
go by when something was last said."""


class Cursor(NamedTuple):
    """Where a page ended."""

    at: datetime
    header_id: str

    def __str__(self) -> str:
        text = f"{self.at.isoformat()}|{self.header_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises InvalidSearch for what no page has given."""
        try:
            decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            at, header_id = decoded.split("|")
            cursor = cls(datetime.fromisoformat(at), header_id)
        except ValueError as error:
            raise InvalidSearch(
                _("This page of the list cannot be found; open it anew.")
            ) from error
        if cursor.at.tzinfo is None:
            raise InvalidSearch(_("This page of the list cannot be found; open it anew."))
        return cursor


class Listed(NamedTuple):
    """A header as it comes from the database, with its newest message."""

    header_id: str
    at: datetime | None
    """When something was said last; None where nothing was yet."""
    voice: str
    finished: bool
    header: dict
    newest: dict

    @property
    def reference(self) -> str:
        return f"Communication/{self.header_id}"


@dataclass(frozen=True, slots=True)
class Page:
    listed: list[Listed]
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """What is looked at: a tab, perhaps of one pool."""

    tab: str = "ours"
    pool: Pool | None = None

    @classmethod
    def parse(cls, tab: str, pool: str, actor: Actor) -> "Inbox":
        """Raises NotFound for a tab that is none, or a pool that the actor has no part in."""
        if tab not in TABS:
            raise NotFound(_("This list is not one of yours."))
        if not pool:
            return cls(tab)
        found = Pool.objects.filter(slug=pool).first()
        allowed = {*actor.pools, *actor.coordinates}
        if found is None or not (actor.reads_everything or found.pk in allowed):
            raise NotFound(_("This list is not one of yours."))
        return cls(tab, found)

    @classmethod
    def of_key(cls, key: str, actor: Actor) -> "Inbox":
        _, tab, pool, *_ = [*key.split(":"), "", ""]
        return cls.parse(tab or "ours", pool, actor)

    @property
    def key(self) -> str:
        return ":".join(filter(None, ("threads", self.tab, self.pool.slug if self.pool else "")))

    @property
    def path(self) -> str:
        given = {"tab": self.tab} | ({"pool": self.pool.slug} if self.pool else {})
        return f"/worklist/threads?{urlencode(given)}"


# --- which threads --------------------------------------------------------------------------------


def page(inbox: Inbox, actor: Actor, *, after: Cursor | None = None, limit: int = PAGE) -> Page:
    """The threads of a tab in its order."""
    newest_first = inbox.tab == "all"
    way, beyond = ("desc", "<") if newest_first else ("asc", ">")
    source, where, params = _found(inbox, actor)
    if after:
        where += f" and (c.newest_at, c.resource_id) {beyond} (%s, %s)"
        params += [after.at, after.header_id]
    keys = sql.rows(
        f"{source} select c.resource_id, c.newest_at {where}"
        f" order by c.newest_at {way}, c.resource_id {way} limit {int(limit) + 1}",
        params,
        prepare=None,
    )
    found = {each.header_id: each for each in listed([key[0] for key in keys[:limit]], actor)}
    shown = [found[header_id] for header_id, _ in keys[:limit] if header_id in found]
    return Page(shown, Cursor(*keys[limit - 1][::-1]) if len(keys) > limit else None)


def count(inbox: Inbox, actor: Actor) -> int:
    """How many threads a tab has; beyond COUNT_UP_TO they are not counted."""
    source, where, params = _found(inbox, actor)
    statement = f"{source} select count(*) from (select 1 {where} limit {COUNT_UP_TO}) n"
    return sql.rows(statement, params, prepare=None)[0][0]


def listed(header_ids: Iterable[str], actor: Actor) -> list[Listed]:
    """Those of the threads that the actor may read, in any tab."""
    readable, params = _readable(actor)
    rows = sql.rows(
        "select c.resource_id, c.newest_at, c.newest_voice, c.finished, c.document,"
        " coalesce((select m.document from communications_communication m"
        " where m.resource_id = c.newest), c.document)"
        f" from communications_communication c where c.resource_id = any(%s) and c.thread = ''"
        f" and not c.deleted and {readable}",
        [list(header_ids), *params],
        prepare=None,
    )
    return [Listed(*row[:4], json.loads_stored(row[4]), json.loads_stored(row[5])) for row in rows]


def _found(inbox: Inbox, actor: Actor) -> tuple[str, str, list]:
    """(`with …`, `from … where …` on the alias c, parameters)"""
    readable, may_read = _readable(actor)
    if inbox.tab == "all" and (inbox.pool or not actor.reads_everything):
        collected, params = _of_pool(inbox.pool) if inbox.pool else _of_actor(actor)
        where = (
            "from mine join communications_communication c on c.resource_id = mine.header_id"
            f" where {CONDITIONS['all']}"
        )
        # What the actor's own lead to, she may read; `listed` looks at what is shown once more.
        if inbox.pool:
            where += f" and {readable}"
            params += may_read
        source = (
            "with mine as materialized (select distinct substr(l, 15) header_id"
            f" from ({collected}) x, unnest(x.links) l where starts_with(l, 'Communication/'))"
        )
        return source, where, params
    where = f"from communications_communication c where {CONDITIONS[inbox.tab]} and {readable}"
    if not inbox.pool:
        return "", where, may_read
    where += (
        " and (select 1 from tasks_task t where"
        " t.links @> array[('Communication/' || c.resource_id)::text collate \"default\"]"
        f" and not t.deleted and t.status in ({literals(OPEN)}) and (t.pool_id = %s or"
        " (select 1 from tasks_taskpool s where s.task_id = t.id and s.pool_id = %s limit 1)"
        " is not null) limit 1) is not null"
    )
    return "", where, [*may_read, inbox.pool.pk, inbox.pool.pk]


def _readable(actor: Actor) -> tuple[str, list]:
    readable, params = Communication.readable_condition(actor).for_table(
        "c", columns_of(Communication)
    )
    return readable, list(params)


UNCLAIMED = f"t.owner = '' and not t.deleted and not (t.status in ({literals(CLAIMABLE)}))"
CLAIMED = f"t.owner <> '' and not t.deleted and t.status in ({literals(OPEN)})"
"""The conditions of the indexes task_unclaimed and task_mine."""


def _of_pool(pool: Pool) -> tuple[str, list]:
    """The links of the open Tasks of a pool."""
    return _open_in([pool.pk])


def _of_actor(actor: Actor) -> tuple[str, list]:
    """The links of the Tasks that an actor may read, and the headers that she is part of.

    For a coordinator, of what belongs to others in her pools only the open ones: all that ever went
    through a pool would be too much to look at.
    """
    pools = list(actor.pools)
    parts = [
        "select t.links from tasks_taskuserobjectpermission p"
        " join tasks_task t on t.id = p.content_object_id where p.user_id = %s and not t.deleted",
        f"select t.links from tasks_task t where t.pool_id = any(%s) and {WAITING.format(t='t')}",
        f"select t.links from tasks_task t where t.pool_id = any(%s) and {UNCLAIMED}",
        "select t.links from tasks_taskpool s join tasks_task t on t.id = s.task_id"
        " where s.pool_id = any(%s) and t.owner = '' and not t.deleted",
    ]
    params: list = [actor.user_id, pools, pools, pools]
    if actor.role is Role.COORDINATOR:
        part, more = _open_in(list(actor.coordinates))
        parts.append(part)
        params += more
    if actor.reference:
        parts.append(
            "select array['Communication/' || h.resource_id] from communications_communication h"
            " where h.tokens && array[%s, %s]::text[]"
        )
        params += [f"recipient={actor.reference}", f"sender={actor.reference}"]
    return " union all ".join(parts), params


def _open_in(pools: list[int]) -> tuple[str, list]:
    """The links of the open Tasks of some pools."""
    return (
        f"select t.links from tasks_task t where t.pool_id = any(%s) and {WAITING.format(t='t')}"
        f" union all select t.links from tasks_task t where t.pool_id = any(%s) and {CLAIMED}"
        " union all select t.links from tasks_taskpool s join tasks_task t on t.id = s.task_id"
        f" where s.pool_id = any(%s) and not t.deleted and t.status in ({literals(OPEN)})",
        [pools, pools, pools],
    )


def message_in(thread: str, actor: Actor) -> dict | None:
    """A message of a thread that somebody else sent and the actor may read."""
    found = (
        Communication.objects.readable_by(actor)
        .filter(thread=thread, draft=False, deleted=False)
        .exclude(sender=actor.reference)
        .values_list("document", flat=True)
        .first()
    )
    return json.loads_stored(found) if found else None


def rows_of_tasks(ids: Iterable[str], actor: Actor, *, now: datetime) -> list["Row"]:
    """The rows of the threads that these Tasks, or headers, are of."""
    wanted = list(ids)
    tasks = Task.objects.readable_by(actor).filter(resource_id__in=wanted, deleted=False)
    headers = {
        reference_of(json.loads_stored(text), "focus").removeprefix("Communication/")
        for text in tasks.values_list("document", flat=True)
    }
    return rows(listed({*headers, *wanted}, actor), actor, now=now)


def changed_since(
    since: Position, tasks: list[str], shown: set[str], key: str, actor: Actor, *, now: datetime
) -> tuple[list[str], list[str]]:
    """What to tell a list of threads: which of those `shown` changed, and which are new in it.

    `tasks` are the Tasks that changed; a thread goes by the id of its row.
    """
    said = sql.rows(
        "select distinct case when c.thread = '' then c.resource_id else substr(c.thread, 15) end"
        " from (select v.resource_id from fhir_resourceversion v where (v.transaction, v.id) >"
        f" (%s, %s) and v.resource_type = 'Communication' and {SETTLED}"
        f" order by v.transaction, v.id limit {FEED_BATCH}) v"
        " join communications_communication c on c.resource_id = v.resource_id",
        (since.transaction, since.id),
    )
    inbox = Inbox.of_key(key, actor)
    spoken = rows(listed([each for (each,) in said], actor), actor, now=now)
    changed = [*tasks, *(row.id for row in spoken if row.id in shown)]
    new = [row.header_id for row in spoken if row.id not in shown and row.is_in(inbox.tab)]
    return list(dict.fromkeys(changed)), [] if inbox.pool else new


# --- what their rows say --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in the list. `wait` is since the patient wrote, or since we did."""

    header_id: str
    task_id: str
    patient: Patient | None
    writer: str
    """Who writes for the patient, where it is not she herself."""
    line: str
    at: datetime | None
    wait: str
    priority: str
    turn: str
    kind: str
    """Of the turn's chip: "danger", "warn" or ""."""
    replying: str
    owner: str
    mine: bool
    open: bool
    """Whether there is work about it that has not ended."""
    tab: str
    """Where it stands besides in "all"; "" for what waits for nobody."""

    def is_in(self, tab: str) -> bool:
        return tab in ("all", self.tab)

    @property
    def id(self) -> str:
        """What its page is opened by: the Task that is shown there, else the thread."""
        return self.task_id or self.header_id

    @property
    def url(self) -> str:
        return f"/worklist/th/{self.header_id}"

    @property
    def initials(self) -> str:
        if self.writer:
            return people.initials(self.writer)
        return self.patient.initials if self.patient else "?"

    @property
    def owner_initials(self) -> str:
        return people.initials(self.owner)


def rows(found: Iterable[Listed], actor: Actor, *, now: datetime) -> list[Row]:
    """Display rows in the order given, with the people that they name looked up together."""
    found = list(found)
    tasks = tasks_of([each.reference for each in found], actor)
    subjects = {reference_of(each.header, "subject") for each in found} - {""}
    patients = people.documents(subjects, actor=actor)
    writing = dict(reversed(drafts_in([each.reference for each in found], actor=actor)))
    named = people.names(
        {*writing.values()}
        | {sender_of(each.newest) for each in found}
        | {reference_of(task, "owner") for task in tasks.values()},
        actor=actor,
    )
    return [
        _row(each, tasks.get(each.reference), actor, patients, writing, named, now)
        for each in found
    ]


def tasks_of(threads: list[str], actor: Actor) -> dict[str, dict]:
    """Thread → the Task about it that the actor sees: an open one, the most urgent first, else the
    last one that ended."""
    found = Task.objects.readable_by(actor).filter(links__overlap=threads, deleted=False)
    chosen: dict[str, dict] = {}
    for text in found.order_by("-last_updated").values_list("document", flat=True):
        task = json.loads_stored(text)
        thread = reference_of(task, "focus")
        if thread not in threads:
            continue
        known = chosen.get(thread)
        if known is None or _weight(task) > _weight(known):
            chosen[thread] = task
    return chosen


def _weight(task: dict) -> int:
    return 0 if task["status"] in FINAL else PRIORITY_RANK.get(task.get("priority"), 1)


def _row(each: Listed, task: dict | None, actor, patients, writing, named, now) -> Row:
    subject = each.header.get("subject") or {}
    sender = sender_of(each.newest)
    text = line_of(each.newest)
    if each.voice == STAFF:
        who = _("You") if sender == actor.reference else named.get(sender, "Clinic")
        text = f"{who}: {text}"
    live = task is not None and task["status"] not in FINAL
    owner = reference_of(task, "owner") if live else ""
    turn, kind = _turn(each, owner, actor, live=live)
    by = writing.get(each.reference, "")
    return Row(
        header_id=each.header_id,
        task_id=task["id"] if task else "",
        patient=people.patient(
            patients.get(subject.get("reference", "")), subject.get("display", "")
        ),
        writer=_proxy(each, named),
        line=text,
        at=each.at,
        wait=waited(each.at, now),
        priority=priority_of(task) if live else "",
        turn=turn,
        kind=kind,
        replying=named.get(by, "A colleague").partition(" ")[0] if by else "",
        owner=named.get(owner) or ((task.get("owner") or {}).get("display", "") if live else ""),
        mine=bool(owner) and owner == actor.reference,
        open=live,
        tab="ours"
        if each.voice == PATIENT
        else "patient"
        if each.voice == STAFF and not each.finished
        else "",
    )


def _turn(each: Listed, owner: str, actor: Actor, *, live: bool) -> tuple[str, str]:
    if each.voice == STAFF:
        return ("", "") if each.finished else (_("Waiting on patient"), "")
    if each.voice != PATIENT:
        return "", ""
    if live and not owner:
        return _("Unclaimed"), "warn"
    return (_("Your turn") if owner and owner == actor.reference else _("Our turn")), "danger"


def _proxy(each: Listed, named: dict) -> str:
    """The name of a RelatedPerson who wrote last, or began the thread."""
    for document in (each.newest, each.header):
        sender = document.get("sender") or {}
        reference = sender.get("reference", "")
        if reference.startswith("RelatedPerson/"):
            return named.get(reference) or sender.get("display", "")
        if reference.startswith("Patient/"):
            return ""
    return ""


def line_of(message: dict) -> str:
    """The beginning of what a message says, in one line."""
    for part in message.get("payload", []):
        if "contentString" in part:
            return " ".join(part["contentString"].split())[:160]
        if "contentAttachment" in part:
            return part["contentAttachment"].get("title") or _("Attachment")
    return display_of(message.get("topic"))


def waited(at: datetime | None, now: datetime) -> str:
    """38 min · 1 h 20 min · 2 h · 2 days; "" when nobody knows since when."""
    if at is None or at.year == 1 or at > now:
        return ""
    return times.duration(now - at).removesuffix(" 00 min")
