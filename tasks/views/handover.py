"""The end of a shift: the sheet to print, and work that is offered, taken on or left."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import people
from accounts.members import everybody
from accounts.models import Pool
from fhir.actor import Actor
from fhir.errors import BusinessRuleViolation, Conflict, Forbidden
from tasks import handover, sheet
from tasks import worklist as lists
from tasks.handover import Answer
from tasks.models import HandOver, HandOverItem
from tasks.moves import Target, ToPerson, ToPool
from tasks.views.answers import SeeOther, page
from tasks.views.context import base_context
from tasks.worklist import View

HAND_OVER = View("hand-over", gettext_lazy("Hand-over"))
REFUSED = (BusinessRuleViolation, Conflict, Forbidden)


class OfferForm(forms.Form):
    """To whom: person:Practitioner/x or pool:slug."""

    to = forms.CharField(
        max_length=300, error_messages={"required": gettext_lazy("Choose who takes over.")}
    )
    note = forms.CharField(required=False, max_length=4000)

    def clean_to(self) -> Target:
        kind, _colon, value = self.cleaned_data["to"].partition(":")
        if kind == "person":
            return ToPerson(value)
        pool = Pool.objects.filter(slug=value).first() if kind == "pool" else None
        if pool is None:
            raise forms.ValidationError(_("Choose who takes over."))
        return ToPool(pool.pk)


# --- the sheet ------------------------------------------------------------------------------------


@page
@require_GET
def my_sheet(request: HttpRequest) -> HttpResponse:
    return _sheet(request, "my")


@page
@require_GET
def pool_sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who may see the list of the pool."""
    return _sheet(request, f"pool:{slug}")


def _sheet(request: HttpRequest, key: str) -> HttpResponse:
    view = lists.view_named(key, request.actor)
    context = base_context(request, view)
    made = sheet.sheet(view, request.actor, now=context["now"])
    sheet.record(view, made, actor=request.actor, at=context["now"])
    return render(request, "tasks/handover_sheet.html", context | {"sheet": made})


# --- offering -------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """What is offered to her and by her, and the form to offer more."""
    if request.method == "GET":
        return _overview(request)
    chosen = request.POST.getlist("task")
    form = OfferForm(request.POST)
    if not form.is_valid():
        problems = [text for errors in form.errors.values() for text in errors]
        return _overview(request, problems=problems, status=422)
    notes = {each: request.POST.get(f"note-{each}", "")[:4000] for each in chosen}
    said = form.cleaned_data
    context = base_context(request, HAND_OVER)
    try:
        made = handover.offer(
            notes, to=said["to"], note=said["note"], actor=request.actor, at=context["now"]
        )
    except REFUSED as refusal:
        return _overview(request, problems=[refusal.issues[0].diagnostics], status=refusal.status)
    return SeeOther(reverse("tasks:handover", args=[made.pk]))


def _overview(
    request: HttpRequest, *, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = _base(request)
    actor, now = request.actor, context["now"]
    view = lists.view_named("my", actor)
    mine = lists.page(view, actor, limit=handover.MOST, now=now)
    chosen = request.POST.getlist("task") if request.method == "POST" else None
    notes = {
        each.resource_id: request.POST.get(f"note-{each.resource_id}", "") for each in mine.listed
    }
    waiting, offered = [
        list(rows.select_related("pool").prefetch_related("items").order_by("-offered_at")[:50])
        for rows in (handover.waiting_for(actor), handover.offered_by(actor))
    ]
    offers = _named([*waiting, *offered], actor)
    busy = {item.task_id for each in offered for item in each.items.all() if item.state == "open"}
    lines = sheet.lines(mine.listed, view, actor, notes=notes, now=now)
    context |= {
        "offered_to_her": [offers[each.pk] for each in waiting],
        "offered_by_her": [offers[each.pk] for each in offered],
        "lines": [each for each in lines if each.row.id not in busy],
        "chosen": chosen,
        "staff": [each for each in everybody(at=now) if each.reference != actor.reference],
        "pools": Pool.objects.all(),
        "problems": problems or [],
        "to": request.POST.get("to", ""),
        "note": request.POST.get("note", ""),
        "most": handover.MOST,
        "more": mine.after,
    }
    return render(request, "tasks/handover.html", context, status=status)


def _base(request: HttpRequest) -> dict:
    return base_context(request, lists.view_named("my", request.actor)) | {
        "view": HAND_OVER,
        "claims": False,
    }


def _named(made: list[HandOver], actor: Actor) -> dict[int, dict]:
    """Each with who gives and who gets, as they are called."""
    references = {each.giver for each in made} | {each.receiver for each in made}
    named = people.names(references, actor=actor)
    return {
        each.pk: {
            "made": each,
            "giver": named.get(each.giver, each.giver),
            "receiver": each.pool.name if each.pool else named.get(each.receiver, each.receiver),
            "count": sum(item.state == "open" for item in each.items.all()),
        }
        for each in made
    }


# --- answering ------------------------------------------------------------------------------------


@page
@require_GET
def offered(request: HttpRequest, number: int) -> HttpResponse:
    """One hand-over: for who can take it on, and for who gave it."""
    return _show(request, number)


@page
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """Take on what is ticked, or leave it with the giver for a reason."""
    actor, now = request.actor, base_context(request, HAND_OVER)["now"]
    chosen = request.POST.getlist("task")
    if not chosen:
        return _show(request, number, problem=_("Choose at least one task."), status=422)
    try:
        if request.POST.get("do") == "decline":
            reason = request.POST.get("reason", "")
            handover.decline(number, chosen, reason=reason, actor=actor, at=now)
            messages.info(
                request,
                _("Declined; %(name)s keeps what you declined.") % {"name": _giver(number, actor)},
            )
        else:
            answers = handover.accept(number, _versions(request, chosen), actor=actor, at=now)
            request.session["handed_over"] = [list(each) for each in answers]
    except REFUSED as refusal:
        text = refusal.issues[0].diagnostics
        return _show(request, number, problem=text, status=refusal.status)
    return SeeOther(reverse("tasks:handover", args=[number]))


@page
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    now = base_context(request, HAND_OVER)["now"]
    try:
        handover.withdraw(number, actor=request.actor, at=now)
    except REFUSED as refusal:
        text = refusal.issues[0].diagnostics
        return _show(request, number, problem=text, status=refusal.status)
    messages.info(request, _("Taken back: these tasks stay with you."))
    return SeeOther(reverse("tasks:hand_over"))


def _giver(number: int, actor: Actor) -> str:
    made = handover.get(number, actor)
    return people.names([made.giver], actor=actor).get(made.giver, made.giver)


def _versions(request: HttpRequest, chosen: list[str]) -> dict[str, int]:
    """What she looked at when she ticked it."""
    said = {each: request.POST.get(f"version-{each}", "") for each in chosen}
    return {each: int(text) if text.isdecimal() else 0 for each, text in said.items()}


def _show(
    request: HttpRequest, number: int, *, problem: str = "", status: int = 200
) -> HttpResponse:
    made = handover.get(number, request.actor)
    context = _base(request)
    answers = [Answer(*each) for each in request.session.pop("handed_over", [])]
    items = list(made.items.all())
    is_mine = made.giver == request.actor.reference
    shown = _shown(made, items, request.actor, context["now"])
    context |= _named_once(made, items, request.actor) | {
        "items": [
            {
                "item": each,
                "line": shown.get(each.task_id),
                "row_link": is_mine or each.state != HandOverItem.State.OPEN,
            }
            for each in items
        ],
        "is_mine": is_mine,
        "answerable": made.is_open and handover.may_answer(made, request.actor),
        "answers": {each.task_id: each for each in answers},
        "taken": sum(each.done for each in answers),
        "answered": len(answers),
        "problem": problem,
        "reason": request.POST.get("reason", ""),
        "chosen": request.POST.getlist("task") if request.method == "POST" else None,
    }
    return render(request, "tasks/handover_offer.html", context, status=status)


def _shown(
    made: HandOver, items: list[HandOverItem], actor: Actor, now: datetime
) -> dict[str, sheet.Line]:
    """What is open as its giver sees it, who shows it by offering it and no longer than that; of
    the rest what the reader sees anyway."""
    giver = handover.giver_of(made)
    still = [each.task_id for each in items if each.state == HandOverItem.State.OPEN]
    rest = [each.task_id for each in items if each.task_id not in still]
    notes = {each.task_id: each.note for each in items}
    offered = sheet.lines_of(still, HAND_OVER, giver, notes=notes, now=now) if giver else {}
    own = sheet.lines_of(rest, HAND_OVER, actor, notes=notes, now=now)
    return {task_id: each for task_id, each in offered.items() if each.row.mine} | own


def _named_once(made: HandOver, items: list[HandOverItem], actor: Actor) -> dict:
    references = {made.giver, made.receiver, *(each.answered_by for each in items)}
    named = people.names(references, actor=actor)
    return {
        "made": made,
        "named": named,
        "giver": named.get(made.giver, made.giver),
        "receiver": made.pool.name if made.pool else named.get(made.receiver, made.receiver),
    }
