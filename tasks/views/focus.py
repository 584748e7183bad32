"""The record that a task is about: answering a questionnaire in place, and the files of a record."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import people
from fhir.errors import BusinessRuleViolation, FhirError, NotFound, VersionConflict
from fhir.store import Stored
from tasks import answering, focal, responses, times
from tasks import detail as details
from tasks.answering import AnsweredMeanwhile
from tasks.available import blocker
from tasks.files import attachments_of
from tasks.focal.answers import Asking, Difference, differences
from tasks.questionnaires import Form
from tasks.views import files
from tasks.views.answers import SeeOther, found_to_change, page, part, version_of, wants_part
from tasks.views.changed import show_changed
from tasks.views.context import detail_context, named_view, news_of, page_context, task_url

# --- a questionnaire ------------------------------------------------------------------------------


@page
@require_POST
def answers(request: HttpRequest, task_id: str) -> HttpResponse:
    """Save what stands in the form, and complete the task with it when that is asked.

    Whatever is refused, what was typed stands in the form again.
    """
    stored = found_to_change(request, task_id)
    complete = request.POST.get("do") == "complete"
    form, seen = _posted(request, stored)
    faults = form.check(complete=complete)
    if faults:
        return _again(request, stored, form, seen, faults=faults)
    try:
        done = answering.save(
            task_id,
            form,
            actor=request.actor,
            seen=seen,
            complete=complete,
            if_match=version_of(request),
        )
    except AnsweredMeanwhile as refusal:
        response = refusal.response
        notice = _(
            "%(who)s saved other answers at %(at)s. Yours stand below and are not saved. Save again"
            " to replace those answers."
        ) % {
            "who": _author(response, request),
            "at": times.moment(response.last_updated, timezone.now()),
        }
        others = differences(form, response.parsed(), timezone.now())
        return _again(
            request, stored, form, response.version_id, notice, others=others, status=refusal.status
        )
    except VersionConflict as refusal:
        stored = details.get(task_id, request.actor)
        notice = _(
            "%(who)s changed this task at %(at)s, so it was not completed. Look at it once more:"
            " your answers stand below and are not saved."
        ) % news_of(stored, request.actor)
        return _again(request, stored, form, seen, notice, status=refusal.status)
    except BusinessRuleViolation as refusal:
        return _again(request, stored, form, seen, _words(refusal), status=refusal.status)
    said = _("Answers saved and task completed") if complete else _("Answers saved")
    code = "complete" if complete else ""
    return show_changed(request, done.task, named_view(request), said, code=code)


@page
@require_POST
def asked(request: HttpRequest, task_id: str) -> HttpResponse:
    """What else is asked, or is not asked any more, now that an answer is another."""
    stored = found_to_change(request, task_id)
    if not wants_part(request):
        return SeeOther(task_url(task_id, named_view(request)))
    form, _seen = _posted(request, stored)
    before = set(request.POST.getlist("asked"))
    changed: list = []
    for each in form.conditional():
        if each.shown != (each.name in before) and not any(
            above in changed for above in each.above()
        ):
            changed.append(each)
    context = {"changed": changed, "task": {"url": f"/worklist/t/{task_id}"}}
    return part(request, "tasks/focus/_asked.html", context)


def _posted(request: HttpRequest, stored: Stored) -> tuple[Form, int]:
    """The form as it was sent, and the version of the answers that its writer saw."""
    task = stored.parsed()
    questionnaire = responses.questionnaire_of(task, request.actor)
    if questionnaire is None:
        raise NotFound(_("This task is about no questionnaire."))
    kept = responses.response_of(task, questionnaire)
    value_sets = responses.value_sets_of(questionnaire, request.actor)
    form = Form.posted(questionnaire, value_sets, kept.parsed() if kept else None, request.POST)
    return form, _number(request.POST.get("seen", ""))


def _again(
    request: HttpRequest,
    stored: Stored,
    form: Form,
    seen: int,
    notice: str = "",
    *,
    faults: list = (),
    others: tuple[Difference, ...] = (),
    status: int = 422,
) -> HttpResponse:
    """The form as it was filled in, with what is wrong."""
    view = named_view(request)
    whole = not wants_part(request)
    context = (page_context if whole else detail_context)(request, stored, view)
    task = context["task"]
    context["asking"] = Asking(
        form,
        seen,
        why_open=blocker("finish", request.actor, stored.parsed()),
        attempt=_number(request.POST.get("attempt", "")) + 1,
        faults=tuple(faults),
        notice=notice,
        others=others,
    )
    if task.card is None or task.card.kind != "questionnaire":
        # She may not answer any more: the card says why, and the notice what became of hers.
        context["notice"] = {"text": notice}
    template = "tasks/worklist.html" if whole else "tasks/_detail.html"
    return render(request, template, context, status=status)


def _author(response: Stored, request: HttpRequest) -> str:
    author = response.parsed().get("author") or {}
    if request.actor.reference and author.get("reference") == request.actor.reference:
        return _("You")
    reference = author.get("reference", "")
    named = people.names([reference], actor=request.actor)
    return named.get(reference) or author.get("display") or _("Somebody")


def _words(refusal: FhirError) -> str:
    return refusal.issues[0].diagnostics


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


# --- a file ---------------------------------------------------------------------------------------


@page
@require_GET
def file(request: HttpRequest, task_id: str, number: int) -> HttpResponse:
    """A file of the record that a task is about."""
    task = details.get(task_id, request.actor).parsed()
    found = focal.focus_of(task, request.actor)
    if found is None:
        raise NotFound(_("This file is not here, or you may not see it."))
    holder = f"{found['resourceType']}/{found.get('id', '')}"
    return files.answer(request, attachments_of(found), number, holder=holder)
