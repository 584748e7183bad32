"""A Questionnaire, to be answered on the page, and a QuestionnaireResponse with its score.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people
from fhir import json
from fhir.actor import Actor
from fhir.models import ClinicalResource
from tasks import times
from tasks.available import blocker
from tasks.focal.cards import Card
from tasks.focal.values import TONES, moment, number, said, value_of
from tasks.questionnaires import Field, Form, Score, score_of, weight_of
from tasks.responses import DRAFT, response_of, value_sets_of, why_unanswered
from tasks.transitions import FINAL


class Line(NamedTuple):
    """A question with its answer, or the heading of a group."""

    question: str
    answer: str = ""
    points: str = ""
    is_heading: bool = False
    is_open: bool = False
    """Whether it was asked and is not answered."""


@dataclass(frozen=True, slots=True)
class Answers:
    lines: list[Line]
    score: Score | None = None
    about: str = ""
    """What the questionnaire is called."""
    by: str = ""

    @property
    def points(self) -> str:
        """16 of 27"""
        if self.score is None:
            return ""
        total, most = number(self.score.total, trimmed=True), self.score.most
        if most is None:
            return total
        return _("%(total)s of %(most)s") % {"total": total, "most": number(most, trimmed=True)}

    @property
    def partly(self) -> str:
        """That the score lacks something, when it does."""
        if self.score is None or self.score.is_whole:
            return ""
        return _("Only %(answered)s of %(asked)s scored questions are answered.") % {
            "answered": self.score.answered,
            "asked": self.score.asked,
        }


class Difference(NamedTuple):
    """A question that two have answered, each otherwise."""

    question: str
    now: str
    mine: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A form to fill in: `seen` is the version of the answers that it was made from."""

    form: Form
    seen: int = 0
    saved: str = ""
    why_open: str = ""
    """Why the Task cannot be completed with answers now; "" when it can."""
    missing: tuple[Field, ...] = ()
    """What is required of the answers that are kept, and is not answered."""
    attempt: int = 0
    faults: tuple[Field, ...] = ()
    notice: str = ""
    others: tuple[Difference, ...] = ()
    """What a colleague has answered otherwise meanwhile."""

    @property
    def places(self) -> dict[str, str]:
        """Why the Task cannot be completed yet → the id of the first question that is left."""
        if not self.missing:
            return {}
        return {why_unanswered(len(self.missing)): f"field-{self.missing[0].name}"}


# --- a questionnaire ------------------------------------------------------------------------------


def questionnaire(found: dict, task: dict, actor: Actor, now: datetime) -> Card:
    """The form to fill in for whoever may; for others the answers so far, or the questions."""
    stored = response_of(task, found)
    response = stored.parsed() if stored else None
    title = found.get("title") or found.get("name") or _("Questionnaire")
    final = response is not None and response.get("status") != DRAFT
    why_not = "" if final else blocker("answer", actor, task)
    if final or why_not:
        return _read_only(found, response, task, title, why_not, actor, now)
    form = Form.of(found, value_sets_of(found, actor), response)
    asking = Asking(
        form,
        seen=stored.version_id if stored else 0,
        saved=times.moment(stored.last_updated, now) if stored else "",
        why_open=blocker("finish", actor, task),
        missing=tuple(form.missing()) if stored else (),
    )
    return Card(
        "questionnaire",
        "clipboard-list",
        title,
        status=_("Draft") if stored else "",
        aside=_progress(asking.form),
        body=asking,
    )


def _read_only(
    found: dict,
    response: dict | None,
    task: dict,
    title: str,
    why_not: str,
    actor: Actor,
    now: datetime,
) -> Card:
    form = Form.of(found, value_sets_of(found, actor), response or {})
    status = response.get("status", "") if response else ""
    return Card(
        "answers",
        "clipboard-list",
        title,
        status=said(status) if status else "",
        tone=TONES.get(status, ""),
        aside=moment(response.get("authored", ""), now) if response else _progress(form),
        body=Answers(
            [*_lines(form, now, answered=response is not None)],
            score_of(found, response) if response else None,
            by=_author(response) if response else "",
        ),
        text=why_not if task["status"] not in FINAL else "",
    )


def _progress(form: Form) -> str:
    answered, asked = form.answered()
    if not answered:
        return ngettext("%(count)s question", "%(count)s questions", asked) % {"count": asked}
    return _("%(answered)s of %(asked)s answered") % {"answered": answered, "asked": asked}


def differences(mine: Form, response: dict, now: datetime) -> tuple[Difference, ...]:
    """What stands otherwise in a form than in the answers that are kept."""

    def told(field: Field | None) -> str:
        answers = field.known_answers() if field and field.shown else []
        return ", ".join(filter(None, (value_of(answer, now) for answer in answers)))

    kept = {each.name: each for each in mine.answered_as(response).root.descendants()}
    pairs = ((each, told(kept.get(each.name)), told(each)) for each in mine.root.descendants())
    return tuple(
        Difference(each.label, theirs, yours)
        for each, theirs, yours in pairs
        if each.is_question and theirs != yours
    )


# --- answers --------------------------------------------------------------------------------------


def answers(response: dict, task: dict, actor: Actor, now: datetime) -> Card:
    found = _asked_by(response, actor)
    if found:
        lines = _lines(Form.of(found, value_sets_of(found, actor), response), now, answered=True)
    else:
        lines = _as_told(response.get("item", []), now)
    status = response.get("status", "")
    about = (found or {}).get("title") or (found or {}).get("name") or ""
    return Card(
        "answers",
        "clipboard-list",
        about or _("Answers"),
        status=said(status),
        tone=TONES.get(status, ""),
        aside=moment(response.get("authored", ""), now),
        body=Answers([*lines], score_of(found, response), about, _author(response)),
    )


def _author(response: dict) -> str:
    for element in ("source", "author"):
        if display := (response.get(element) or {}).get("display"):
            return display
    return ""


def _asked_by(response: dict, actor: Actor) -> dict | None:
    """The Questionnaire that it answers, when the actor may read that."""
    named = response.get("questionnaire", "").partition("|")[0]
    if named.startswith("#"):
        inside = (each for each in response.get("contained", []) if f"#{each.get('id')}" == named)
        return next(inside, None)
    if people.split(named)[0] == "Questionnaire":
        return people.documents([named], actor=actor).get(named)
    found = (
        ClinicalResource.objects.readable_by(actor)
        .filter(resource_type="Questionnaire", deleted=False, tokens__contains=[f"url={named}"])
        .order_by("-id")
        .values_list("document", flat=True)
        .first()
        if named
        else None
    )
    return json.loads_stored(found) if found else None


def _lines(form: Form, now: datetime, *, answered: bool) -> Iterator[Line]:
    """What was asked, in the words of the questionnaire, with what was answered."""
    for each in form.root.descendants():
        if not each.shown or each.is_hidden or each.is_in_empty_copy:
            continue
        if each.is_group:
            if (
                not each.copies
                or each.name.endswith("_0")
                or any(below.known_answers() for below in each.descendants())
            ):
                yield Line(each.title, is_heading=True)
        elif each.is_question:
            known = each.known_answers()
            told = ", ".join(filter(None, (value_of(answer, now) for answer in known)))
            yield Line(each.label, told, _points(each, known), is_open=answered and not told)


def _points(each: Field, known: list[dict]) -> str:
    weights = [
        option.weight for option in each.options for answer in known if option.answer == answer
    ]
    told = [weight for weight in weights if weight is not None]
    return number(sum(told), trimmed=True) if told else ""


def _as_told(items: list[dict], now: datetime) -> Iterator[Line]:
    """The answers in their own words, where the questions are not to be had."""
    for item in items:
        question = item.get("text") or item.get("linkId", "")
        below = [*item.get("item", [])]
        for answer in item.get("answer", []):
            below += answer.get("item", [])
        if "answer" in item:
            told = ", ".join(filter(None, (value_of(each, now) for each in item["answer"])))
            weights = [w for w in map(weight_of, item["answer"]) if w is not None]
            points = number(sum(weights), trimmed=True) if weights else ""
            yield Line(question, told, points, is_open=not told)
        elif below:
            yield Line(question, is_heading=True)
        else:
            yield Line(question, is_open=True)
        yield from _as_told(below, now)
