"""What is done to all the tasks that are selected in a list, at once; each has its own answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fhir.errors import Forbidden, InvalidResource, NotFound, TooLarge
from tasks import bulk as several
from tasks import detail as details
from tasks import worklist as lists
from tasks.bulk import Answer, Named, Several, do_each
from tasks.dialogs import MoveForm
from tasks.rows import rows as display_rows
from tasks.views.answers import SeeOther, page, part, wants_part
from tasks.views.changed import Undo, keep_undo
from tasks.views.context import (
    base_context,
    detail_context,
    named_view,
    task_url,
    told_of,
    why_left,
)
from tasks.views.dialogs import Kept
from tasks.worklist import View


@page
@require_POST
def bulk(request: HttpRequest, code: str = "") -> HttpResponse:
    """Do it to all of them, or ask first: what needs an answer, what cannot be undone, and many."""
    named = _named(request, request.POST.getlist("ids"))
    code = _known(code or request.POST.get("action", ""))
    dialog = _dialog(request, code, named)
    asked = "confirmed" not in request.POST
    if asked and (code in several.ASKED or len(named) > several.UNASKED):
        return _ask(request, dialog, Kept(request.POST))
    if request.POST.get("step") == "find":
        return _ask(request, dialog, Kept(request.POST))
    form = MoveForm(dialog, request.POST)
    if not form.is_valid():
        return _ask(request, dialog, form, status=422)
    act = dialog.act(form.cleaned_data)
    return _show(request, dialog, do_each(named, code, act, actor=request.actor))


@page
@require_GET
def targets(request: HttpRequest, code: str) -> HttpResponse:
    """Who can get them, of those who are called what was typed; with what would happen now."""
    return _follow(request, code, "tasks/_targets.html")


@page
@require_GET
def outcome(request: HttpRequest, code: str) -> HttpResponse:
    """What would happen with the current choice."""
    return _follow(request, code, "tasks/move.html#outcome")


def _known(code: str) -> str:
    if code not in several.SAID:
        raise NotFound(_("There is no such page."))
    return code


def _named(request: HttpRequest, chosen: list[str]) -> list[Named]:
    if not chosen:
        raise InvalidResource(_("Select at least one task first."))
    if len(chosen) > several.MOST:
        raise TooLarge(_("At most %(count)s tasks are taken at once.") % {"count": several.MOST})
    return list({each.id: each for each in map(Named.parse, chosen)}.values())


def _dialog(request: HttpRequest, code: str, named: list[Named]) -> Several:
    data = request.POST if request.method == "POST" else request.GET
    now = timezone.now()
    return Several(code, named, data, actor=request.actor, at=now)


def _follow(request: HttpRequest, code: str, template: str) -> HttpResponse:
    """The parts of a dialog that follow from a choice."""
    dialog = _dialog(request, _known(code), _named(request, request.GET.getlist("ids")))
    if not dialog.documents:
        raise Forbidden(_("You may not change these tasks."))
    view = named_view(request)
    context = {"move": dialog, "form": Kept(request.GET), "here": view.path, "part": True}
    return part(request, template, context)


def _ask(
    request: HttpRequest, dialog: Several, form: MoveForm | Kept, *, status: int = 200
) -> HttpResponse:
    """The dialog, as a page without scripts; again with what was refused."""
    if not dialog.documents:
        raise Forbidden(_("You may not change these tasks."))
    view = named_view(request)
    context = base_context(request, view) | {"move": dialog, "form": form, "here": view.path}
    if not wants_part(request):
        return render(request, "tasks/move.html", context, status=status)
    if "confirmed" in request.POST:
        return part(
            request, "tasks/_move.html", context, status=status,
            retarget="#move-form", reswap="outerHTML",
        )  # fmt: skip
    return part(request, "tasks/move.html#dialog", context, retarget="#modal", reswap="innerHTML")


# --- what became of them --------------------------------------------------------------------------


def _show(request: HttpRequest, dialog: Several, answers: list[Answer]) -> HttpResponse:
    done = [each for each in answers if each.stored]
    refused = [each.refusal for each in answers if not each.stored]
    text = several.summary(dialog.code, len(done), len(answers), to=dialog.destination)
    undo = _undo(dialog, answers)
    view = named_view(request)
    if not wants_part(request):
        level = messages.WARNING if refused else messages.SUCCESS
        messages.add_message(request, level, " ".join([_sentence(text), *refused]))
        keep_undo(request, undo)
        return SeeOther(_page(request, view))
    context = _changed(request, answers, view)
    context["toast"] = {
        "text": _sentence(text) if refused else text,
        "lines": refused,
        "alert": bool(refused),
        "undo": undo,
        "next": bool(refused) and dialog.code == "claim",
    }
    opened = "task" in context or "because" in context
    template = "tasks/_changed.html" if opened else "tasks/_changed.html#beside"
    return part(request, template, context, reswap=None if opened else "none")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _undo(dialog: Several, answers: list[Answer]) -> Undo | None:
    """Of those that it changed: what was so already has nothing to take back."""
    versions = {each.id: each.version for each in dialog.named}
    changed = tuple(
        f"{each.id}/{each.stored.version_id}"
        for each in answers
        if each.stored and each.stored.version_id != versions[each.id]
    )
    if not changed or not dialog.undone_by:
        return None
    return Undo(f"/worklist/bulk/{dialog.undone_by}", unseen=True, ids=changed)


def _page(request: HttpRequest, view: View) -> str:
    """Back to the task that was open, if it is still in sight."""
    opened = request.POST.get("open", "")
    return task_url(opened, view) if details.find(opened, request.actor) else view.path


def _changed(request: HttpRequest, answers: list[Answer], view: View) -> dict:
    """The rows, or why each left; and the task that is open, if it was one of them."""
    actor, now = request.actor, timezone.now()
    ids = [each.id for each in answers]
    because = {each.id: each.refusal for each in answers}
    opened = request.POST.get("open", "")
    found = lists.rows_of(ids, view, actor, now=now)
    context = base_context(request, view)
    if opened in ids:
        stored = details.find(opened, actor)
        here = detail_context(request, stored, view) if stored else {}
        context |= here or {"because": because[opened] or why_left(opened, actor)}
    context |= told_of(view, found.values(), actor, now)
    return context | {
        "shown": display_rows([found[each] for each in ids if each in found], view, actor, now=now),
        "refused": [each.id for each in answers if not each.stored],
        "left": [
            {"id": each, "because": why_left(each, actor)} for each in ids if each not in found
        ],
    }
