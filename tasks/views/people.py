"""Who is there: the switch in the foot of every page, the people of one's pools, and going on leave."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actions import check_availability, set_availability
from accounts.availability import State, may_set
from accounts.limits import may_limit, set_limits
from accounts.members import everybody
from accounts.models import MemberLimit, Pool
from fhir.errors import BusinessRuleViolation, FhirError, Forbidden, NotFound
from fhir.once import reading
from tasks import absence
from tasks.colleagues import colleagues
from tasks.eligible import persons
from tasks.views.answers import SeeOther, page
from tasks.views.context import base_context
from tasks.worklist import View

PEOPLE = View("people", gettext_lazy("People"))


class AvailabilityForm(forms.Form):
    """On, off, or on until a time of today (or, when that has passed, of tomorrow)."""

    practitioner = forms.CharField(max_length=255)
    state = forms.ChoiceField(
        choices=[
            ("on", gettext_lazy("In clinic")),
            ("until", gettext_lazy("Until")),
            ("off", gettext_lazy("Away")),
        ]
    )
    until = forms.TimeField(required=False)

    def clean(self):
        data = super().clean()
        if data.get("state") == "until" and not data.get("until"):
            self.add_error("until", _("Say until when."))
        return data


class LeaveForm(forms.Form):
    """On leave, until the day of being back, with or without somebody who stands in."""

    practitioner = forms.CharField(max_length=255)
    back = forms.DateField(required=False)
    delegate = forms.CharField(required=False, max_length=255)

    def until(self) -> datetime | None:
        back = self.cleaned_data.get("back")
        return timezone.make_aware(datetime.combine(back, time())) if back else None


@page
@require_POST
def availability(request: HttpRequest) -> HttpResponse:
    form = AvailabilityForm(request.POST)
    _check(form)
    said, now = form.cleaned_data, timezone.now()
    # Who is simply there again has no end to it.
    until = _next(said["until"], now) if said["until"] and said["state"] != "on" else None
    set_availability(
        said["practitioner"],
        State.OFF if said["state"] == "off" else State.ON,
        until=until,
        actor=request.actor,
        at=now,
    )
    return SeeOther(_back_to(request))


@page
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    context = base_context(request, PEOPLE)
    found = colleagues(request.actor, at=context["now"])
    return render(request, "tasks/people.html", context | {"colleagues": found})


@page
def leave(request: HttpRequest) -> HttpResponse:
    """GET shows what becomes of her open tasks, POST does it."""
    sent = request.POST if request.method == "POST" else request.GET
    form = LeaveForm({"practitioner": request.actor.reference} | sent.dict())
    _check(form)
    said, now = form.cleaned_data, timezone.now()
    reference, delegate, until = said["practitioner"], said["delegate"], form.until()
    if not may_set(request.actor, reference, at=now):
        raise Forbidden(_("Only she, a coordinator of her pools or an admin can say this."))
    if request.method == "POST":
        absence.leave(reference, until=until, delegate=delegate, actor=request.actor, at=now)
        return SeeOther(reverse("tasks:people"))
    return render(request, "tasks/leave.html", _leave_context(request, reference, delegate, until))


@page
@require_http_methods(["GET", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """How many open tasks a member may have, in each pool that the actor coordinates."""
    sent, now = request.POST if request.method == "POST" else request.GET, timezone.now()
    reference = sent.get("practitioner", "")
    who = next(iter(persons([reference], at=now)), None)
    pools = [
        each
        for each in Pool.objects.filter(pk__in=who.pools if who else ())
        if may_limit(request.actor, each.pk)
    ]
    if who is None or not pools:
        raise NotFound(_("There is nobody here whose limits you set."))
    context = base_context(request, PEOPLE) | {"who": who}
    if request.method == "POST":
        try:
            wanted = {each.pk: _limit(sent.get(f"limit-{each.slug}", "")) for each in pools}
            set_limits(reference, wanted, actor=request.actor, at=now)
        except BusinessRuleViolation as refusal:
            values = {each.pk: sent.get(f"limit-{each.slug}", "") for each in pools}
            context |= {"problem": refusal.issues[0].diagnostics, "pools": _listed(pools, values)}
            return render(request, "tasks/limits.html", context, status=refusal.status)
        messages.success(request, _("The limits of %(name)s are saved.") % {"name": who.name})
        return SeeOther(reverse("tasks:people"))
    own = MemberLimit.objects.filter(practitioner=reference).values_list("pool_id", "limit")
    context["pools"] = _listed(pools, dict(own))
    return render(request, "tasks/limits.html", context)


def _limit(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) < 6 else -1


def _listed(pools: list[Pool], values: dict) -> list[dict]:
    return [{"pool": each, "value": values.get(each.pk, "")} for each in pools]


@reading
def _leave_context(request, reference: str, delegate: str, until: datetime | None) -> dict:
    context = base_context(request, PEOPLE)
    now = context["now"]
    staff = {each.reference: each for each in everybody(at=now)}
    refusal = ""
    try:
        check_availability(reference, State.LEAVE, until=until, delegate=delegate, at=now)
    except FhirError as error:
        refusal = str(error)
    planned = [] if refusal else absence.plan(reference, delegate=delegate, at=now)
    stands_in = next(iter(persons([delegate], at=now)), None) if delegate else None
    return context | {
        "who": staff.get(reference),
        "reference": reference,
        "is_me": reference == request.actor.reference,
        "others": [
            each
            for each in staff.values()
            if each.reference != reference and each.presence.state is not State.LEAVE
        ],
        "chosen": delegate,
        "until": until,
        "refusal": refusal,
        "outcome": [] if refusal else absence.outcome(planned, stands_in),
    }


def _check(form: forms.Form) -> None:
    if not form.is_valid():
        sentences = [each for errors in form.errors.values() for each in errors]
        raise BusinessRuleViolation(" ".join(dict.fromkeys(sentences)))


def _next(wall: time, now: datetime) -> datetime:
    """The next instant at which the clinic's clock shows this time."""
    today = timezone.localtime(now).date()
    for day in (today, today + timedelta(days=1)):
        at = timezone.make_aware(datetime.combine(day, wall))
        if at > now:
            return at
    raise AssertionError(_("Tomorrow is later than now."))


def _back_to(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if safe else reverse("tasks:people")
