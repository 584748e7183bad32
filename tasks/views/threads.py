"""Patient threads: the inbox, a thread beside it, and the reply that is written there or beside a
task."""

from django.contrib import messages as page_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import people
from accounts.lock import unattended
from communications import actions as messages
from communications.document import RETRACTED
from communications.models import Snippet
from fhir.actor import Role
from fhir.errors import BusinessRuleViolation, InvalidResource, NotFound
from tasks import creation, replies, task_types, threads, times
from tasks import detail as details
from tasks import worklist as lists
from tasks.attachments import FilesRefused
from tasks.available import check_available
from tasks.banner import banner
from tasks.consequences import header_of
from tasks.conversation import conversation
from tasks.files import attachments_of
from tasks.replies import AnsweredMeanwhile
from tasks.threads import Inbox
from tasks.transitions import FINAL
from tasks.views import files
from tasks.views.answers import SeeOther, page, part, version_of, wants_part
from tasks.views.changed import show_changed
from tasks.views.context import (
    base_context,
    detail_context,
    list_context,
    named_view,
    page_context,
    task_url,
)
from tasks.worklist import View

# --- pages ----------------------------------------------------------------------------------------


@page
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The threads of a tab; for htmx the list alone, or its next rows."""
    given = Inbox.parse(request.GET.get("tab", "ours"), request.GET.get("pool", ""), request.actor)
    view = lists.view_named(given.key, request.actor)
    context = list_context(request, view)
    if wants_part(request):
        shown = "more" if "after" in request.GET else "list"
        return render(request, f"communications/_list.html#{shown}", context)
    return render(request, "tasks/worklist.html", context)


@unattended
@page
@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """In how many threads it is our turn, for the navigation of every page."""
    found = threads.count(Inbox("ours"), request.actor)
    return part(request, "communications/_count.html", {"waiting_threads": found})


@page
@require_GET
def thread(request: HttpRequest, thread_id: str) -> HttpResponse:
    """A thread: with the task about it, when there is one that the reader may see."""
    header = _header(request, thread_id)
    return _show(request, header, _view(request))


# --- what is written ------------------------------------------------------------------------------


@page
@require_POST
def reply(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Send what stands in the composer: to the patient, with or without completing the task, or to
    colleagues. Whatever is refused, the text is kept as a draft."""
    header, view, actor = _header(request, thread_id), _view(request), request.actor
    thread, text = f"Communication/{thread_id}", request.POST.get("text", "")
    sent = request.FILES.getlist("files")
    internal = "internal" in request.POST
    complete = request.POST.get("do") == "complete" and not internal
    stored = _open_task(request, thread)
    try:
        if internal:
            replies.note(thread, text, actor=actor, files=sent)
        elif stored is None:
            replies.write(thread, text, seen=request.POST.get("seen", ""), actor=actor, files=sent)
        else:
            check_available("complete" if complete else "reply", actor, stored.parsed())
            replies.reply(
                stored.resource_id,
                text,
                seen=request.POST.get("seen", ""),
                complete=complete,
                actor=actor,
                if_match=version_of(request) if complete else None,
                files=sent,
            )
    except AnsweredMeanwhile as refusal:
        _keep(thread, text, actor, internal=internal)
        notice = _(
            "%(name)s wrote in this thread while you were writing. Nothing was sent, and your text is kept. Read the new message, then send yours, or change it first."
        ) % {"name": refusal.by}
        context = {"overtaken": notice, "new_message": refusal.message["id"], **_chosen(sent)}
        return _show(request, header, view, context, status=refusal.status)
    except FilesRefused as refusal:
        _keep(thread, text, actor, internal=internal)
        context = {"files_refused": refusal.faults, "typed": text}
        return _show(request, header, view, context, status=refusal.status)
    except (InvalidResource, BusinessRuleViolation) as refusal:
        _keep(thread, text, actor, internal=internal)
        context = {"not_sent": refusal.issues[0].diagnostics, "typed": text, **_chosen(sent)}
        return _show(request, header, view, context, status=refusal.status)
    said = _("Internal note added") if internal else _("Sent")
    if complete:
        said = _("Sent and completed")
    return _done(request, header, view, said, code="complete" if complete else "")


@page
@require_POST
def draft(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Keep what is being written, every few seconds; or begin with a snippet."""
    header, text = _header(request, thread_id), request.POST.get("text", "")
    snippet = Snippet.objects.filter(pk=_number(request.POST.get("snippet"))).first()
    if snippet:
        text = f"{text.rstrip()}\n\n{snippet.text}".lstrip()
    kept = messages.draft(
        f"Communication/{thread_id}",
        text,
        actor=request.actor,
        internal="internal" in request.POST,
    )
    if snippet or not wants_part(request):
        return _composer(request, header)
    saved = times.time_of(kept.last_updated) if kept else ""
    return part(request, "communications/_saved.html", {"saved": saved})


@page
@require_POST
def discard(request: HttpRequest, thread_id: str) -> HttpResponse:
    header = _header(request, thread_id)
    messages.discard(f"Communication/{thread_id}", actor=request.actor)
    return _composer(request, header)


@page
@require_POST
def retract(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Take back one of the thread's messages."""
    header, view = _header(request, thread_id), _view(request)
    message_id = request.POST.get("message", "")
    _message(request, thread_id, message_id)
    messages.retract(message_id, actor=request.actor)
    return _done(request, header, view, _("Retracted"))


@page
@require_GET
def file(request: HttpRequest, thread_id: str, message_id: str, number: int) -> HttpResponse:
    """A file that came with a message, for those who may read that."""
    _header(request, thread_id)
    message = _message(request, thread_id, message_id)
    found = [] if message["status"] == RETRACTED else attachments_of(message)
    return files.answer(request, found, number, holder=f"Communication/{message_id}")


@page
@require_POST
def create_task(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Make the work of answering a thread that nobody has on a list."""
    header, view = _header(request, thread_id), _view(request)
    reference = f"Communication/{thread_id}"
    if _open_task(request, reference) is not None:
        raise BusinessRuleViolation(_("There is a task about this thread already."))
    kind = task_types.find("message-response")
    if kind is None:
        raise BusinessRuleViolation(_("No type of work is set up for answering messages."))
    topic = header.get("topic", {}).get("text", "")
    asked = messages.asking(reference) or header
    creation.create_of_type(
        kind,
        actor=request.actor,
        focus={"reference": reference} | ({"display": topic} if topic else {}),
        subject=header.get("subject"),
        requester=asked.get("sender"),
    )
    return _done(request, header, view, _("Task created"))


# --- what is shown --------------------------------------------------------------------------------


def _header(request: HttpRequest, thread_id: str) -> dict:
    """The header, or, for whoever sees only that, a message of the thread (T19)."""
    reference = f"Communication/{thread_id}"
    found = people.documents([reference], actor=request.actor).get(reference)
    if found is None:
        found = threads.message_in(reference, request.actor)
    if found is None or (found["id"] == thread_id and header_of(found)):
        raise NotFound(_("This thread does not exist, or you may not see it."))
    return found


def _message(request: HttpRequest, thread_id: str, message_id: str) -> dict:
    """One of the thread's messages, as far as the reader may see it."""
    reference = f"Communication/{message_id}"
    found = people.documents([reference], actor=request.actor).get(reference)
    if found is None or (header_of(found) or message_id) != thread_id:
        raise NotFound(_("This message is not in this thread."))
    return found


def _view(request: HttpRequest) -> View:
    if "list" in request.GET or "list" in request.POST:
        return named_view(request)
    return lists.view_named(Inbox("all").key, request.actor)


def _task(request: HttpRequest, reference: str):
    """The task that is shown with a thread, as it is stored; None when there is none to see."""
    named = request.POST.get("task", "")
    if not named:
        document = threads.tasks_of([reference], request.actor).get(reference)
        named = document["id"] if document else ""
    stored = details.find(named, request.actor) if named else None
    if stored and replies.thread_header(stored.parsed()) != reference:
        raise NotFound(_("This task is not about this thread."))
    return stored


def _open_task(request: HttpRequest, reference: str):
    stored = _task(request, reference)
    return stored if stored and stored.parsed()["status"] not in FINAL else None


def _show(
    request: HttpRequest, header: dict, view: View, more: dict | None = None, *, status: int = 200
) -> HttpResponse:
    """The thread beside its list, or for htmx alone; `more` is what is said of what was refused."""
    thread_id = header_of(header) or header["id"]
    stored = _task(request, f"Communication/{thread_id}")
    if wants_part(request):
        if stored:
            context, template = detail_context(request, stored, view), "tasks/_detail.html"
        else:
            context = base_context(request, view) | _alone(request, header)
            template = "communications/_thread.html"
        return render(request, template, context | (more or {}), status=status)
    if stored:
        context = page_context(request, stored, view)
    else:
        context = list_context(request, view) | _alone(request, header)
    return render(request, "tasks/worklist.html", context | (more or {}), status=status)


def _alone(request: HttpRequest, header: dict) -> dict:
    """A thread without a task."""
    now = timezone.now()
    thread = conversation(header, request.actor, now=now)
    return {
        "conversation": thread,
        "banner": banner(header.get("subject") or {}, request.actor, now=now),
        "selected": thread.header_id,
        "may_create": request.actor.role is not Role.AUDITOR,
    }


def _done(
    request: HttpRequest, header: dict, view: View, said: str, *, code: str = ""
) -> HttpResponse:
    """What was done, and the thread as it is now."""
    thread_id = header_of(header) or header["id"]
    stored = _task(request, f"Communication/{thread_id}")
    if stored:
        return show_changed(request, stored, view, said, code=code)
    here = f"{reverse('tasks:thread', args=[thread_id])}?{urlencode({'list': view.key})}"
    if not wants_part(request):
        page_messages.success(request, f"{said}.")
        return SeeOther(here)
    header = _header(request, thread_id)
    context = base_context(request, view) | _alone(request, header)
    context["thread_rows"] = threads.rows_of_tasks([thread_id], request.actor, now=context["now"])
    context["toast"] = {"text": said}
    return part(request, "tasks/_changed.html", context)


def _composer(request: HttpRequest, header: dict) -> HttpResponse:
    """The composer alone; without scripts the page that it stands on. What was chosen to go with a
    reply goes with its draft."""
    view = _view(request)
    thread_id = header_of(header) or header["id"]
    stored = _task(request, f"Communication/{thread_id}")
    if not wants_part(request):
        if request.FILES:
            lost = _("Choose the files again: your browser does not keep them.")
            page_messages.warning(request, lost)
        if stored and not view.is_threads:
            return SeeOther(task_url(stored.resource_id, view))
        here = reverse("tasks:thread", args=[thread_id])
        return SeeOther(f"{here}?{urlencode({'list': view.key})}")
    document = stored.parsed() if stored else None
    thread = conversation(header, request.actor, now=timezone.now(), task=document)
    context = {"conversation": thread, "view": view, "keeps_files": bool(thread.composer.text)}
    return part(request, "communications/_composer.html", context)


def _keep(thread: str, text: str, actor, *, internal: bool) -> None:
    """What was not sent is not lost. What is too long for a draft still stands in the form."""
    if len(text) <= messages.LONGEST:
        messages.draft(thread, text, actor=actor, internal=internal)


def _chosen(files: list) -> dict:
    """What was right of a reply that was not sent stays chosen, where scripts run; else a page says
    that it has to be chosen again."""
    return {"keeps_files": True, "files_lost": bool(files)}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
