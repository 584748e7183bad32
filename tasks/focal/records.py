"""Every other record: its key facts, in the order in which they are asked for, and its narrative.

https://hl7.org/fhir/R4/narrative.html
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fhir.actor import Actor
from fhir.datatypes import display_of, format_name
from tasks.focal.cards import Card, Fact
from tasks.focal.doses import dosage
from tasks.focal.values import TONES, moment, period, quantity, reference, said, span, value_of


class Element(NamedTuple):
    """An element that is shown, what it is called, and whether it is a code of FHIR's own."""

    name: str
    label: Any
    is_code: bool = False


CODE, WHAT = Element("code", gettext_lazy("What")), Element("category", gettext_lazy("Category"))
REASON = Element("reasonCode", gettext_lazy("Reason"))
REASON_FOR = Element("reasonReference", gettext_lazy("Reason"))
PRIORITY = Element("priority", gettext_lazy("Priority"), is_code=True)
INTENT = Element("intent", gettext_lazy("Intent"), is_code=True)
WRITTEN = Element("authoredOn", gettext_lazy("Written"))
REQUESTER = Element("requester", gettext_lazy("Requested by"))
DATE, WHEN = Element("date", gettext_lazy("Date")), Element("period", gettext_lazy("When"))
DESCRIPTION = Element("description", gettext_lazy("Description"))

ELEMENTS = {
    "MedicationRequest": (
        Element("medicationCodeableConcept", gettext_lazy("Medicine")),
        Element("medicationReference", gettext_lazy("Medicine")),
        Element("doNotPerform", gettext_lazy("Do not give")),
        PRIORITY, INTENT, WRITTEN, REQUESTER, REASON, REASON_FOR,
    ),
    "ServiceRequest": (
        CODE, Element("orderDetail", gettext_lazy("Details")),
        Element("doNotPerform", gettext_lazy("Do not do")), PRIORITY, INTENT,
        Element("occurrenceDateTime", pgettext_lazy("of a request", "For")),
        Element("occurrencePeriod", pgettext_lazy("of a request", "For")), WRITTEN, REQUESTER,
        Element("performerType", gettext_lazy("To be done by")),
        Element("performer", gettext_lazy("To be done by")), REASON, REASON_FOR,
        Element("bodySite", gettext_lazy("Body site")),
        Element("patientInstruction", gettext_lazy("For the patient")),
    ),
    "ClinicalImpression": (
        CODE, DESCRIPTION, Element("summary", gettext_lazy("Summary")),
        Element("assessor", gettext_lazy("Assessed by")), DATE,
        Element("effectiveDateTime", gettext_lazy("When")),
        Element("effectivePeriod", gettext_lazy("When")),
        Element("problem", gettext_lazy("Problems")),
        Element("prognosisCodeableConcept", gettext_lazy("Prognosis")),
    ),
    "Condition": (
        CODE, Element("clinicalStatus", gettext_lazy("State")),
        Element("verificationStatus", gettext_lazy("Certainty")),
        Element("severity", gettext_lazy("Severity")), WHAT,
        Element("bodySite", gettext_lazy("Body site")),
        Element("onsetDateTime", gettext_lazy("Began")),
        Element("onsetString", gettext_lazy("Began")),
        Element("abatementDateTime", gettext_lazy("Ended")),
        Element("recordedDate", gettext_lazy("Recorded")),
    ),
    "Observation": (
        WHAT, Element("effectiveDateTime", gettext_lazy("Measured")),
        Element("effectivePeriod", gettext_lazy("Measured")),
        Element("performer", gettext_lazy("Measured by")),
        Element("interpretation", gettext_lazy("Interpretation")),
        Element("method", gettext_lazy("Method")), Element("bodySite", gettext_lazy("Body site")),
    ),
    "Appointment": (
        DESCRIPTION, Element("serviceType", gettext_lazy("Service")),
        Element("appointmentType", gettext_lazy("Type")),
        Element("start", gettext_lazy("Begins")), Element("end", gettext_lazy("Ends")), REASON,
        Element("participant", gettext_lazy("With")),
        Element("comment", gettext_lazy("Comment")),
        Element("patientInstruction", gettext_lazy("For the patient")),
    ),
    "Encounter": (
        Element("class", gettext_lazy("Kind")), Element("type", gettext_lazy("Type")),
        WHEN, REASON, Element("participant", gettext_lazy("With")),
        Element("location", gettext_lazy("Where")),
        Element("serviceProvider", gettext_lazy("Provided by")),
    ),
}  # fmt: skip
"""Type of record → the elements of it that its card shows."""
ANY = (
    CODE, Element("type", gettext_lazy("Type")),
    Element("medicationCodeableConcept", gettext_lazy("Medicine")), WHAT, DESCRIPTION,
    Element("summary", gettext_lazy("Summary")), INTENT, PRIORITY, WRITTEN, DATE, WHEN, REQUESTER,
    Element("performer", gettext_lazy("Performer")), REASON,
    Element("participant", gettext_lazy("Members")),
)  # fmt: skip
NAMES = {
    "MedicationRequest": gettext_lazy("Prescription"),
    "ServiceRequest": gettext_lazy("Request"),
    "ClinicalImpression": gettext_lazy("Clinical note"),
    "Condition": gettext_lazy("Condition"),
    "Observation": gettext_lazy("Observation"),
    "Appointment": gettext_lazy("Appointment"),
    "Encounter": gettext_lazy("Visit"),
}
ICONS = {"MedicationRequest": "pill", "Condition": "stethoscope", "Encounter": "stethoscope",
         "ClinicalImpression": "stethoscope", "Appointment": "calendar-clock"}  # fmt: skip
SHOWN = 8
"""Of a list; of more it is said how many."""


def record(found: dict, task: dict, actor: Actor, now: datetime) -> Card:
    kind = found["resourceType"]
    status = found.get("status", "") if isinstance(found.get("status"), str) else ""
    facts = [
        Fact(str(each.label), text)
        for each in ELEMENTS.get(kind, ANY)
        if (text := _said_of(found, each, now))
    ]
    facts += _more(found, now)
    return Card(
        "record",
        ICONS.get(kind, "file-text"),
        _title(found),
        status=said(status) if status else "",
        tone=TONES.get(status, ""),
        aside=str(NAMES.get(kind, "")),
        facts=facts,
        body=narrative(found),
    )


def _title(found: dict) -> str:
    """What the record calls itself, else what kind of record it is."""
    for name in ("title", "name", "code", "medicationCodeableConcept", "vaccineCode"):
        value = found.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and (text := display_of(value)):
            return text
        if name == "name" and isinstance(value, list) and (text := format_name(value)):
            return text
    medicine = reference(found.get("medicationReference") or {})
    return medicine or str(NAMES.get(found["resourceType"]) or _spaced(found["resourceType"]))


def _spaced(type_name: str) -> str:
    """Care plan, for CarePlan."""
    return (
        "".join(f" {each}" if each.isupper() else each for each in type_name).strip().capitalize()
    )


def _said_of(found: dict, element: Element, now: datetime) -> str:
    value = found.get(element.name)
    if element.is_code and isinstance(value, str):
        return said(value)
    return _say(value, now)


def _say(value: Any, now: datetime) -> str:
    """A value of an element in words; "" when there is nothing short to say of it."""
    match value:
        case bool():
            return _("Yes") if value else ""
        case str():
            return moment(value, now) or value
        case int() | Decimal():
            return str(value)
        case list():
            shown = [text for each in value if (text := _say(each, now))]
            more = len(shown) - SHOWN
            if more > 0:
                shown[SHOWN:] = [_("and %(count)s more") % {"count": more}]
            return ", ".join(shown)
        case {"actor": who} | {"individual": who} | {"member": who} | {"location": who}:
            return _say(who, now)
        case {"reference": _to}:
            return value.get("display", "")
        case {"start": _at} | {"end": _at}:
            return period(value, now)
        case {"low": _end} | {"high": _end}:
            return span(value)
        case {"value": _amount} if "system" not in value or "unit" in value:
            return quantity(value)
        case {"code": str(code)}:
            return value.get("display") or code
        case dict():
            return display_of(value) or value.get("display", "")
    return ""


def _more(found: dict, now: datetime) -> list[Fact]:
    """What is told of the doses of a medicine, of the value of an Observation, of findings, and of
    what people noted."""
    facts = []
    doses = [text for each in found.get("dosageInstruction", []) if (text := dosage(each))]
    facts += [Fact(_("Dose"), each) for each in doses]
    supply = found.get("dispenseRequest") or {}
    if "quantity" in supply:
        facts.append(Fact(_("Supply"), quantity(supply["quantity"], trimmed=True)))
    if "numberOfRepeatsAllowed" in supply:
        facts.append(Fact(_("Repeats"), str(supply["numberOfRepeatsAllowed"])))
    if found["resourceType"] == "Observation":
        facts.insert(0, Fact(_("Value"), value_of(found, now)))
        facts += [
            Fact(display_of(each.get("code")) or _("Part"), value_of(each, now))
            for each in found.get("component", [])
        ]
    if found["resourceType"] == "ClinicalImpression":
        for each in found.get("finding", []):
            text = display_of(each.get("itemCodeableConcept")) or reference(
                each.get("itemReference") or {}
            )
            facts.append(
                Fact(_("Finding"), " · ".join(filter(None, (text, each.get("basis", "")))))
            )
    facts += [Fact(_("Note"), each["text"]) for each in found.get("note", []) if "text" in each]
    return [each for each in facts if each.value]


TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
"""What of a narrative is kept. Links lose where they lead, and pictures go: nothing is fetched."""


def narrative(found: dict) -> SafeString | None:
    """The text that its author wrote of the record, made harmless; None for none."""
    told = found.get("text") or {}
    if told.get("status") == "empty" or not told.get("div"):
        return None
    clean = nh3.clean(told["div"], tags=TAGS - {"a"}, attributes={"td": {"colspan", "rowspan"}})
    return mark_safe(clean) if clean.strip() else None  # noqa: S308 - sanitised just above
