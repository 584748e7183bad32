"""Of which events a rule is about. A rule says what a resource must be now and was not before, so
that it acts when something becomes so, and not at every later change.
"""

from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef

from accounts.licences import home_state, state_code
from accounts.models import Patient
from communications import categories
from communications.document import UNSAID, sender_of, thread_of
from communications.models import Communication
from fhir import json
from fhir.datatypes import codings
from fhir.models import ClinicalResource, ResourceVersion
from fhir.search.matching import matching
from fhir.search.references import local, unversioned
from tasks.models import Rule
from tasks.rules.events import MESSAGE_TYPE, OBSERVATION_TYPE, REPORT_TYPE, RULES, Event

Trigger = Rule.Trigger
ON_EVENTS = frozenset({Trigger.MESSAGE, Trigger.RESOURCE})
ON_TIME = frozenset({Trigger.UNCLAIMED, Trigger.OVERDUE, Trigger.UNANSWERED, Trigger.STALLED})

INTERPRETATIONS = (
    "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    "http://hl7.org/fhir/v2/0078",
)
ABNORMAL = frozenset(
    {"A", "AA", "H", "HH", "HU", "HX", "L", "LL", "LU", "LX", "<", ">"}
    | {"POS", "DET", "RR", "WR", "R"}
)
"""Interpretations that somebody should look at: abnormal, high, low, off scale, positive, reactive,
resistant. https://hl7.org/fhir/R4/valueset-observation-interpretation.html
"""


def types_of(rule: Rule) -> frozenset[str]:
    """The resource types whose versions a rule has to look at."""
    if rule.trigger == Trigger.MESSAGE:
        return frozenset({MESSAGE_TYPE})
    if rule.abnormal:
        return frozenset({REPORT_TYPE, OBSERVATION_TYPE})
    return frozenset({rule.resource_type})


def applying(rule: Rule, events: Sequence[Event]) -> list[Event]:
    """Those of the events that the rule is about, in their order."""
    fit = _fitting(rule, [*_about_reports(rule, events)])
    if not rule.criteria:
        return fit
    type_name = type_searched(rule)
    now = matching(type_name, rule.criteria, [each.document for each in fit], actor=RULES)
    found = [each for each, met in zip(fit, now, strict=True) if met]
    if rule.trigger != Trigger.RESOURCE:
        return found
    # What met it before, with all else that the rule asks, is no news.
    changed = [each for each in found if each.before is not None and _was_so(rule, each)]
    before = [each.before for each in changed]
    met = matching(type_name, rule.criteria, before, actor=RULES)
    old = {each.key for each, was in zip(changed, met, strict=True) if was}
    return [each for each in found if each.key not in old]


def type_searched(rule: Rule) -> str:
    """The type of which `criteria` is a search."""
    if rule.trigger in (Trigger.MESSAGE, Trigger.UNANSWERED):
        return MESSAGE_TYPE
    if rule.trigger == Trigger.RESOURCE:
        return REPORT_TYPE if rule.abnormal else rule.resource_type
    return "Task"


def _fitting(rule: Rule, events: Sequence[Event]) -> list[Event]:
    """By all that is asked besides the criteria."""
    return [each for each in events if _fits(rule, each) and _is_in_states(rule, each)]


def _fits(rule: Rule, event: Event) -> bool:
    if rule.trigger == Trigger.MESSAGE:
        if not (is_message(event.document) and not (event.before and is_message(event.before))):
            return False
        return fits_message(rule, event.document)
    if rule.trigger != Trigger.RESOURCE:
        return True
    if rule.only_new and not event.is_new:
        return False
    if not _is_so(rule, event.document):
        return False
    # Without criteria, that it is there at all is the news.
    return bool(rule.criteria) or not (event.before is not None and _was_so(rule, event))


def _is_so(rule: Rule, document: dict) -> bool:
    return not rule.abnormal or is_abnormal(document)


def _was_so(rule: Rule, event: Event) -> bool:
    """Whether the version before had it; an Observation that turns abnormal is news of its own."""
    if rule.abnormal and event.version.startswith(OBSERVATION_TYPE):
        return False
    return event.before is not None and _is_so(rule, event.before)


# --- messages -------------------------------------------------------------------------------------


def is_message(document: dict) -> bool:
    """Something that somebody has said: no draft, nothing retracted, no notice, no internal note."""
    return (
        bool(document.get("sender"))
        and document.get("status") not in UNSAID
        and not categories.is_notice(document)
        and not categories.is_internal(document)
    )


def fits_message(rule: Rule, document: dict) -> bool:
    if rule.categories:
        had = {f"{system or ''}|{code}" for system, code in codings(document.get("category", []))}
        if not had & {*rule.categories}:
            return False
    if rule.sender_types:
        if unversioned(sender_of(document)).partition("/")[0] not in rule.sender_types:
            return False
    if rule.text:
        has_text = any(
            each.get("contentString", "").strip() for each in document.get("payload", [])
        )
        if has_text != (rule.text == Rule.Text.PRESENT):
            return False
    return not rule.needs_answer or needs_answer(document)


def needs_answer(document: dict) -> bool:
    """Whether a message is marked as one that needs a response, or its thread is (S104).

    One that is only for information needs none, whatever its thread says.
    """
    if categories.has_category(document, categories.NEEDS_RESPONSE):
        return True
    if categories.has_category(document, categories.INFORMATION):
        return False
    header = header_of(document)
    return header is not None and categories.has_category(header, categories.NEEDS_RESPONSE)


def header_of(message: dict) -> dict | None:
    """The header of a message's thread; None for a header and for one that is not here."""
    thread = thread_of(message)
    if not thread:
        return None
    found = Communication.objects.filter(
        resource_id=unversioned(local(thread)).removeprefix("Communication/"), deleted=False
    )
    text = found.values_list("document", flat=True).first()
    return json.loads_stored(text) if text else None


# --- patients and reports -------------------------------------------------------------------------


def patient_of(document: dict) -> dict | None:
    """The Reference to the patient whom a resource is about, by the elements that R4 has for it."""
    for element in ("subject", "patient", "for", "sender"):
        value = document.get(element)
        if isinstance(value, dict) and value.get("reference", "").startswith("Patient/"):
            return value
    if document.get("resourceType") == MESSAGE_TYPE:
        header = header_of(document)
        return patient_of(header) if header else None
    return None


def _is_in_states(rule: Rule, event: Event) -> bool:
    if not rule.states:
        return True
    patient = patient_of(event.document)
    if patient is None:
        return False
    patient_id = unversioned(patient["reference"]).removeprefix("Patient/")
    text = (
        Patient.objects.filter(resource_id=patient_id, deleted=False)
        .values_list("document", flat=True)
        .first()
    )
    wanted = {state_code(each) for each in rule.states}
    return bool(text) and home_state(json.loads_stored(text), at=event.at) in wanted


def is_abnormal(report: dict) -> bool:
    """Whether an Observation of a report, as it is now, has an interpretation that is not normal."""
    references = [each.get("reference", "") for each in report.get("result", [])]
    ids = [
        unversioned(local(each)).removeprefix("Observation/")
        for each in references
        if unversioned(local(each)).startswith("Observation/")
    ]
    found = ClinicalResource.objects.filter(
        resource_type=OBSERVATION_TYPE, resource_id__in=ids, deleted=False
    )
    return any(
        is_flagged(json.loads_stored(text)) for text in found.values_list("document", flat=True)
    )


def is_flagged(observation: dict) -> bool:
    """Whether it, or a part of it, has an interpretation that is not normal."""
    concepts = [*observation.get("interpretation", [])]
    for part in observation.get("component", []):
        concepts += part.get("interpretation", [])
    return any(
        system in (None, *INTERPRETATIONS) and code in ABNORMAL
        for system, code in codings(concepts)
    )


def _about_reports(rule: Rule, events: Sequence[Event]) -> Iterator[Event]:
    """For a rule about abnormal results, an Observation that turns abnormal is news of its reports."""
    for event in events:
        if not rule.abnormal or event.resource_type != OBSERVATION_TYPE:
            yield event
        elif is_flagged(event.document) and not (event.before and is_flagged(event.before)):
            yield from _reports_of(event)


def _reports_of(event: Event) -> Iterator[Event]:
    """The reports with this Observation that were there before: a newer one is news by itself."""
    reports = ClinicalResource.objects.filter(
        resource_type=REPORT_TYPE, tokens__contains=[f"result={event.reference}"], deleted=False
    )
    older = ResourceVersion.objects.filter(
        resource_type=REPORT_TYPE,
        resource_id=OuterRef("resource_id"),
        version_id=1,
        last_updated__lt=event.at,
    )
    found = reports.filter(Exists(older)).order_by("id")
    for report_id, text in found.values_list("resource_id", "document"):
        document = json.loads_stored(text)
        yield Event(
            key=f"{event.key}#{REPORT_TYPE}/{report_id}",
            at=event.at,
            reference=f"{REPORT_TYPE}/{report_id}",
            document=document,
            version=event.version,
            before=document,
            by_rules=event.by_rules,
        )
