"""The coordinator's board of a pool: who has what, and one press to give it to somebody else.

A card that is moved is answered with the whole board as it is now, so that one that could not be
moved stands where it is, with why beside it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import people
from accounts.limits import set_limits
from accounts.models import Pool
from fhir import store
from fhir.actor import Actor
from fhir.errors import (
    BusinessRuleViolation,
    Conflict,
    Forbidden,
    Gone,
    InvalidResource,
    NotFound,
    VersionConflict,
)
from fhir.store import Stored
from tasks import actions, balance, eligible, moves
from tasks import board as boards
from tasks import detail as details
from tasks import worklist as lists
from tasks.board import VIEW, Shown
from tasks.permissions import name_of
from tasks.pool_tiles import tiles
from tasks.rows import rows as display_rows
from tasks.rows import title_of
from tasks.transitions import BadTransition
from tasks.undo import take_back
from tasks.views.answers import SeeOther, page, part, version_of, wants_part
from tasks.views.changed import Undo, keep_undo, kept_undo
from tasks.views.context import base_context, news_of

REFUSED = (BusinessRuleViolation, BadTransition, Forbidden, InvalidResource)
"""A rule says no; it would say so again."""
STALE = (Conflict, VersionConflict, Gone)
"""Somebody was faster; what is true now is another thing."""
LEFT = gettext_lazy("This task has left this pool, so it was not moved.")


# --- pages ----------------------------------------------------------------------------------------


@page
@require_GET
def first_board(request: HttpRequest) -> HttpResponse:
    """The board of the first pool; on a phone the list of pools alone."""
    pools = _pools(request.actor)
    if not pools:
        context = _base(request) | {"board": None, "tiles": []}
        return render(request, "tasks/board.html", context)
    return _show(request, pools[0], pools, first=True)


@page
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    pools = _pools(request.actor)
    return _show(request, boards.pool_named(slug, pools), pools)


@page
@require_GET
def assign(request: HttpRequest, slug: str, task_id: str) -> HttpResponse:
    """To whom a card can be given: a page without scripts, a dialog with them."""
    pool = _pool(request.actor, slug)
    stored = _in_pool(request.actor, pool, task_id)
    if stored is None:
        raise NotFound(LEFT)
    return _ask(request, pool, stored)


@page
@require_POST
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a card to a member of the pool, or back to the pool when `to` is empty.

    `over` is "who|limit": to raise her limit to that as well, as was offered when she was full.
    """
    pools = _pools(request.actor)
    pool = boards.pool_named(slug, pools)
    task_id, to = request.POST.get("task", ""), request.POST.get("to", "")
    over, _bar, limit = request.POST.get("over", "").rpartition("|")
    to = over or to
    stored = _in_pool(request.actor, pool, task_id)
    if stored is None:
        return _stale(request, pool, pools, LEFT, Conflict.status)
    try:
        with transaction.atomic():
            if over:
                _raise(pool, stored, to, limit, request.actor)
            done = _give(pool, stored, to, request.actor, version_of(request))
    except STALE as refusal:
        return _stale(request, pool, pools, _news(stored, request.actor), refusal.status)
    except REFUSED as refusal:
        reason = refusal.issues[0].diagnostics
        if request.POST.get("from") == "dialog":
            return _ask(request, pool, stored, refused=reason, status=refusal.status)
        needed = boards.limit_needed(pool, stored, to, actor=request.actor, now=store.now())
        refused = {"task": task_id, "reason": reason, "to": to, "limit": needed}
        return _show(request, pool, pools, refused=refused, status=refusal.status)
    owner = done.parsed().get("owner")
    text = _assigned(owner) if owner else _("Back in Unclaimed")
    undo = None
    if done.version_id != stored.version_id:
        path = f"/worklist/board/{slug}/t/{task_id}/undo{Shown.parse(request.GET).query}"
        undo = Undo(path, done.version_id)
    return _done(request, pool, pools, text, undo)


@page
@require_POST
def undo(request: HttpRequest, slug: str, task_id: str) -> HttpResponse:
    """Put a card back to where it was, unless somebody has done something with it since."""
    pools = _pools(request.actor)
    pool = boards.pool_named(slug, pools)
    [version] = version_of(request) or [0]
    try:
        take_back(task_id, version=version, actor=request.actor)
    except (*STALE, *REFUSED) as refusal:
        return _stale(request, pool, pools, refusal.issues[0].diagnostics, refusal.status)
    return _done(request, pool, pools, _("Taken back"))


@page
@require_http_methods(["GET", "POST"])
def even_out(request: HttpRequest, slug: str) -> HttpResponse:
    """Moves that would even out the work of the pool: proposed, and done when they are confirmed.

    Each is done on its own, and each has its answer.
    """
    pool = _pool(request.actor, slug)
    context = _base(request) | {"pool": pool, "path": f"/worklist/board/{pool.slug}"}
    if request.method == "POST":
        chosen = request.POST.getlist("move")[: balance.MOST]
        if chosen:
            request.session["evened_out"] = [_confirmed(pool, each, request) for each in chosen]
            return SeeOther(f"{context['path']}/balance")
        context["problem"] = _("Choose at least one move.")
    answers = request.session.pop("evened_out", [])
    context |= {
        "answers": _answers(answers, request.actor),
        "moved": sum(each["moved"] for each in answers),
        "proposals": _proposals(pool, request.actor, context["now"]),
    }
    return render(
        request, "tasks/balance.html", context, status=422 if "problem" in context else 200
    )


# --- what every one of them asks ------------------------------------------------------------------


def _pools(actor: Actor) -> list[Pool]:
    """Raises PermissionDenied, which is a page, for those who coordinate nothing by their role."""
    if not boards.may_coordinate(actor):
        raise PermissionDenied(_("coordinator or admin"))
    return boards.pools_of(actor)


def _pool(actor: Actor, slug: str) -> Pool:
    return boards.pool_named(slug, _pools(actor))


def _in_pool(actor: Actor, pool: Pool, task_id: str) -> Stored | None:
    """The Task, if it is in this pool; who coordinates that sees it."""
    stored = details.find(task_id, actor)
    if stored is None or pool.pk not in eligible.task_pools(stored.parsed()):
        return None
    return stored


def _give(pool: Pool, stored: Stored, to: str, actor: Actor, if_match: list[int] | None) -> Stored:
    """Assign it to a member of this pool, or release it. Raises what the actions raise."""
    if not to:
        return actions.release(stored.resource_id, actor=actor, if_match=if_match)
    stale = if_match is not None and stored.version_id not in if_match
    if not stale:
        now = store.now()
        reason = eligible.why_not_person(stored.parsed(), to, at=now, pool_id=pool.pk)
        if reason:
            raise BusinessRuleViolation(reason, expression="Task.owner")
    return moves.assign(stored.resource_id, to=to, actor=actor, if_match=if_match)


def _raise(pool: Pool, stored: Stored, to: str, limit: str, actor: Actor) -> None:
    """Set the limit that was offered, unless another one is needed by now."""
    now = store.now()
    needed = boards.limit_needed(pool, stored, to, actor=actor, now=now)
    if needed is not None and str(needed) == limit:
        set_limits(to, {pool.pk: needed}, actor=actor, at=now)


def _assigned(owner: dict) -> str:
    return _("Assigned to %(name)s") % {"name": name_of(owner)}


def _news(stored: Stored, actor: Actor) -> str:
    news = news_of(stored, actor)
    return _("%(who)s changed this task at %(at)s, so it was not moved.") % news


# --- what they answer -----------------------------------------------------------------------------


def _base(request: HttpRequest) -> dict:
    """The shell; the board claims nothing and belongs to no list."""
    context = base_context(request, lists.view_named("my", request.actor))
    return context | {"view": VIEW, "claims": False}


def _context(request: HttpRequest, pool: Pool, pools: list[Pool]) -> dict:
    context = _base(request)
    now = context["now"]
    shown = tiles(pools, now=now)
    tile = next(each for each in shown if each.pool.pk == pool.pk)
    looked_at = Shown.parse(request.GET)
    return context | {
        "board": boards.board(pool, looked_at, waiting=tile.count, actor=request.actor, now=now),
        "tiles": shown,
        "tile": tile,
        "views": boards.VIEWS,
        "position": lists.position(),
    }


def _show(
    request: HttpRequest, pool: Pool, pools: list[Pool], *, status: int = 200, **more: object
) -> HttpResponse:
    """The board, as a page or as the part of one."""
    context = _context(request, pool, pools) | more
    if wants_part(request):
        return part(request, "tasks/_board_changed.html", context, status=status)
    context["undo"] = kept_undo(request)
    return render(request, "tasks/board.html", context, status=status)


def _done(
    request: HttpRequest, pool: Pool, pools: list[Pool], text: str, undo: Undo | None = None
) -> HttpResponse:
    if wants_part(request):
        return _show(request, pool, pools, toast={"text": text, "undo": undo})
    messages.success(request, f"{text}.")
    keep_undo(request, undo)
    return SeeOther(f"/worklist/board/{pool.slug}{Shown.parse(request.GET).query}")


def _stale(
    request: HttpRequest, pool: Pool, pools: list[Pool], text: str, status: int
) -> HttpResponse:
    """Nothing was done: why, and the board as it is now."""
    said = {"text": text, "alert": True}
    more = {"toast": said} if wants_part(request) else {"notice": said}
    return _show(request, pool, pools, status=status, **more)


def _ask(
    request: HttpRequest, pool: Pool, stored: Stored, *, refused: str = "", status: int = 200
) -> HttpResponse:
    context = _base(request)
    now = context["now"]
    context |= {
        "pool": pool,
        "path": f"/worklist/board/{pool.slug}",
        "query": Shown.parse(request.GET).query,
        "card": boards.card(stored, actor=request.actor, now=now),
        "choices": boards.choices(pool, stored, actor=request.actor, now=now),
        "refused": refused,
    }
    if not wants_part(request):
        return render(request, "tasks/board_assign.html", context, status=status)
    return part(
        request, "tasks/board_assign.html#dialog", context, status=status,
        retarget="#modal", reswap="innerHTML",
    )  # fmt: skip


# --- evening out ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with the card that it moves; `value` is what confirms it."""

    proposal: balance.Proposal
    row: object

    @property
    def value(self) -> str:
        work = self.proposal.work
        return f"{work.id}|{work.listed.version_id}|{self.proposal.taker.reference}"


def _proposals(pool: Pool, actor: Actor, now: datetime) -> list[Proposed]:
    members = eligible.members(pool.pk, at=now)
    listed = boards.read(
        pool.pk,
        [each.reference for each in members],
        waiting=boards.SORTED_OF_EACH,
        of_each=boards.SORTED_OF_EACH,
        now=now,
    )
    found = balance.propose(members, balance.works(listed, at=now), pool_id=pool.pk, at=now)
    rows = display_rows([each.work.listed for each in found], VIEW, actor, now=now)
    return [Proposed(each, row) for each, row in zip(found, rows, strict=True)]


def _confirmed(pool: Pool, value: str, request: HttpRequest) -> dict:
    """Do one move; what came of it, with nothing of a patient in it."""
    task_id, _bar, rest = value.partition("|")
    version, _bar, to = rest.partition("|")
    answer = {"task": task_id, "moved": False}
    stored = _in_pool(request.actor, pool, task_id)
    if stored is None or not (version.isdecimal() and to):
        return answer | {"text": str(LEFT)}
    try:
        done = _give(pool, stored, to, request.actor, [int(version)])
    except STALE:
        return answer | {"text": _news(stored, request.actor)}
    except REFUSED as refusal:
        text = _("Not moved: %(reason)s") % {"reason": refusal.issues[0].diagnostics}
        return answer | {"text": text}
    return answer | {"moved": True, "text": _assigned(done.parsed()["owner"])}


def _answers(answers: list[dict], actor: Actor) -> list[dict]:
    """With what each task is called, of those that she may still see."""
    found = people.documents([f"Task/{each['task']}" for each in answers], actor=actor)
    return [
        each | {"title": title_of(document) if document else _("A task")}
        for each in answers
        for document in [found.get(f"Task/{each['task']}")]
    ]
