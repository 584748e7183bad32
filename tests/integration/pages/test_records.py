"""The cards of every other record that a task is about: files, doses, facts, and what is not there."""

import re
from base64 import b64encode

import pytest

from tests import factories
from tests.factories import owned_task, put
from tests.faults import statements
from tests.integration.pages.test_pages import text

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.7\n"
HTML = b"<!doctype html><script>alert(1)</script>"


def encoded(content: bytes) -> str:
    return b64encode(content).decode()


def about(owner, document: dict, **elements) -> str:
    """The address of the page of a task about this record."""
    put(document)
    focus = {"reference": f"{document['resourceType']}/{document['id']}"}
    return f"/worklist/t/{owned_task(owner, focus=focus, **elements)['id']}"


def document(*attachments: dict, **elements) -> dict:
    return {
        "resourceType": "DocumentReference",
        "id": "photo",
        "status": "current",
        "description": "Photo of the wound",
        "content": [{"attachment": each} for each in attachments],
        **elements,
    }


# --- files ----------------------------------------------------------------------------------------


def test_a_picture_is_shown_and_can_run_nothing(cast, page):
    here = about(
        cast["nurse"],
        document({"contentType": "image/png", "title": "left shin.png", "data": encoded(PNG)}),
    )
    client = page("nurse")
    body = client.get(here).content.decode()
    assert f'<img src="{here}/file/0" alt="left shin.png"' in body
    answer = client.get(f"{here}/file/0")
    assert answer.status_code == 200 and answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"] == "inline; filename*=UTF-8''left_shin.png"
    kept = client.get(f"{here}/file/0?download")
    assert kept["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("declared", ["image/png", "text/html", "image/svg+xml"])
def test_what_calls_itself_a_picture_is_judged_by_its_bytes(cast, page, declared):
    here = about(cast["nurse"], document({"contentType": declared, "data": encoded(HTML)}))
    answer = page("nurse").get(f"{here}/file/0")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")


def test_a_pdf_is_for_download_and_a_report_has_files_too(cast, page):
    form = {"contentType": "application/pdf", "title": "../letter", "data": encoded(PDF)}
    report = {"resourceType": "DiagnosticReport", "id": "r", "status": "final",
              "code": {"text": "Scan"}, "presentedForm": [form]}  # fmt: skip
    here = about(cast["nurse"], report)
    client = page("nurse")
    assert f'href="{here}/file/0?download"' in client.get(here).content.decode()
    answer = client.get(f"{here}/file/0")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''letter.pdf"


def binary(**elements) -> dict:
    return put({"resourceType": "Binary", "id": "b", "contentType": "image/png",
                "data": encoded(PNG), **elements})  # fmt: skip


def test_a_binary_is_for_those_who_may_read_it_or_its_context(cast, page):
    here = about(cast["nurse"], document({"contentType": "image/png", "url": "Binary/b"}))
    binary()
    assert page("nurse").get(f"{here}/file/0").status_code == 404
    assert page("admin").get(f"{here}/file/0").status_code == 200
    binary(securityContext={"reference": "DocumentReference/photo"})
    assert page("nurse").get(f"{here}/file/0").content == PNG
    binary(securityContext={"reference": "DocumentReference/another"})
    assert page("nurse").get(f"{here}/file/0").status_code == 404


def test_a_file_is_not_found_by_those_who_do_not_see_the_task(cast, page):
    here = about(cast["physician"], document({"contentType": "image/png", "data": encoded(PNG)}))
    assert page("nurse").get(f"{here}/file/0").status_code == 404
    assert page("physician").get(f"{here}/file/7").status_code == 404


def test_what_cannot_be_shown_says_why(cast, page):
    here = about(
        cast["nurse"],
        document(
            {"contentType": "image/jpeg", "title": "soon.jpg"}, {"url": "https://x.example/y"}
        ),
    )
    body = page("nurse").get(here).content.decode()
    assert "It has no content yet." in body and "It is kept elsewhere" in body
    assert "<img" not in body and "x.example" not in body
    assert page("nurse").get(f"{here}/file/1").status_code == 404


def test_queries_do_not_grow_with_files(cast, page):
    def asked(count: int) -> int:
        here = about(
            cast["nurse"], document(*[{"contentType": "image/png", "url": f"Binary/{n}"} for n in range(count)])
        )  # fmt: skip
        client = page("nurse")
        client.get(here)
        with statements() as told:
            client.get(here)
        return told.sent

    assert asked(3) == asked(30)


# --- doses and facts ------------------------------------------------------------------------------


def prescription(*doses: dict, **elements) -> dict:
    return {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/okonkwo"},
        "medicationCodeableConcept": {"text": "Levothyroxine"},
        "dosageInstruction": list(doses),
        **elements,
    }


@pytest.mark.parametrize(
    ("dose", "said"),
    [
        ({"text": "One tablet each morning"}, "One tablet each morning"),
        ({"doseAndRate": [{"doseQuantity": {"value": "5.0", "unit": "mg"}}],
          "timing": {"code": {"coding": [{"code": "BID"}]}}, "route": {"text": "By mouth"}},
         "5 mg, twice a day, By mouth"),
        ({"doseAndRate": [{"doseQuantity": {"value": "0.50", "unit": "mg"}}], "asNeededBoolean": True},
         "0.5 mg, as needed"),
        ({"doseAndRate": [{"doseQuantity": {"value": "100", "code": "ug", "system": "http://unitsofmeasure.org"}}],
          "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}},
         "100 micrograms, every day"),
        ({"doseAndRate": [{"doseQuantity": {"value": "10", "unit": "U"}}],
          "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}},
         "10 units, 3 times every day"),
        ({"doseAndRate": [{"doseRange": {"low": {"value": "1.0", "unit": "mg"}, "high": {"value": "2.0", "unit": "mg"}}}],
          "asNeededCodeableConcept": {"text": "pain"}}, "1–2 mg, as needed for pain"),
        ({"doseAndRate": [{"doseQuantity": {"value": "20", "unit": "mg"}}],
          "timing": {"repeat": {"period": 8, "periodUnit": "h"}}}, "20 mg, every 8 hours"),
    ],
)  # fmt: skip
def test_a_dose_is_said_in_full(cast, page, dose, said):
    from fhir import json

    # As it is sent: 5.0 and 0.50 keep their digits on the way.
    sent = re.sub(r'"value":"([0-9.]+)"', r'"value":\1', json.dumps(prescription(dose)).decode())
    shown = text(page("nurse").get(about(cast["nurse"], json.loads(sent)))).replace("\xa0", " ")
    assert f"Dose {said} " in shown


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (prescription({"text": "One in the evening"}, dispenseRequest={"quantity": {"value": 30, "unit": "tablets"}, "numberOfRepeatsAllowed": 2}),
         ["Levothyroxine", "Prescription", "Active", "Supply 30 tablets", "Repeats 2"]),
        ({"resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": "stat",
          "code": {"text": "MRI of the knee"}, "subject": {"reference": "Patient/okonkwo"},
          "reasonCode": [{"text": "Locked knee"}], "requester": {"display": "Ines Cardoso"}},
         ["MRI of the knee", "Priority STAT", "Reason Locked knee", "Requested by Ines Cardoso"]),
        ({"resourceType": "ClinicalImpression", "status": "in-progress", "summary": "Stable, no oedema.",
          "subject": {"reference": "Patient/okonkwo"},
          "finding": [{"itemCodeableConcept": {"text": "Heart failure"}, "basis": "NT-proBNP"}]},
         ["Clinical note", "In progress", "Stable, no oedema.", "Finding Heart failure · NT-proBNP"]),
        ({"resourceType": "Condition", "code": {"text": "Asthma"}, "subject": {"reference": "Patient/okonkwo"},
          "clinicalStatus": {"coding": [{"code": "active", "display": "Active",
                             "system": "http://terminology.hl7.org/CodeSystem/condition-clinical"}]},
          "onsetDateTime": "2019"}, ["Asthma", "State Active", "Began 2019"]),
        ({"resourceType": "Observation", "status": "final", "code": {"text": "Weight"},
          "valueQuantity": {"value": 71.5, "unit": "kg"}}, ["Weight", "Value 71.5 kg"]),
        ({"resourceType": "Appointment", "status": "booked", "start": "2026-03-01T15:00:00Z", "end": "2026-03-01T15:30:00Z",
          "participant": [{"actor": {"display": "Carl Ostrow"}, "status": "accepted"}]},
         ["Appointment", "Booked", "With Carl Ostrow", "Begins"]),
        ({"resourceType": "Encounter", "status": "finished",
          "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "Ambulatory"},
          "period": {"start": "2026-03-01"}}, ["Visit", "Finished", "Kind Ambulatory", "since"]),
    ],
    ids=lambda each: each["resourceType"] if isinstance(each, dict) else "",
)  # fmt: skip
def test_key_facts_are_told(cast, page, record, said):
    shown = text(page("nurse").get(about(cast["nurse"], record | {"id": "x"}))).replace("\xa0", " ")
    for each in said:
        assert each in shown


def test_a_narrative_is_made_harmless(cast, page):
    told = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p style="color:red" class="x">Weak <b>pulse</b></p>'
        '<a href="http://x.example/">link</a><img src="http://x.example/i.png" alt="i"/></div>'
    )
    record = {"resourceType": "Basic", "id": "x", "code": {"text": "Finding"},
              "text": {"status": "additional", "div": told}}  # fmt: skip
    body = page("nurse").get(about(cast["nurse"], record)).content.decode()
    assert "<p>Weak <b>pulse</b></p>" in body
    assert "x.example" not in body and "color:red" not in body


# --- what is not to be had ------------------------------------------------------------------------


def shown_of(people, page, **focus) -> str:
    task = owned_task(people["nurse"], focus=focus)["id"]
    return page("nurse").get(f"/worklist/t/{task}").content.decode()


def test_a_record_that_was_deleted_or_never_was_is_told(cast, page):
    here = about(cast["nurse"], {"resourceType": "Basic", "id": "x", "code": {"text": "Canary"}})
    factories.actions.delete("Basic", "x", actor=factories.SYSTEM)
    told = text(page("nurse").get(here))
    assert "This record was deleted" in told and "Canary" not in told
    assert "is not here, or you may not see it" in shown_of(cast, page, reference="Basic/none")
    named = shown_of(cast, page, display="Paper chart")
    assert "Paper chart" in named and "does not say where it is" in named


def test_a_record_of_another_server_is_named_and_linked_only_where_allowed(cast, page, settings):
    settings.RECORD_HOSTS = frozenset({"chart.example"})
    there = shown_of(cast, page, reference="https://chart.example/fhir/Basic/1", display="Chart")
    assert "kept on another server, chart.example" in there
    assert 'href="https://chart.example/fhir/Basic/1" rel="noopener noreferrer' in there
    for address in ("http://chart.example/fhir/Basic/1", "https://evil.example/fhir/Basic/1"):
        elsewhere = shown_of(cast, page, reference=address)
        assert "kept on another server" in elsewhere and f'href="{address}' not in elsewhere


def test_a_record_inside_the_task_is_shown(cast, page):
    task = owned_task(
        cast["nurse"],
        contained=[{"resourceType": "Basic", "id": "x", "code": {"text": "Inside"}}],
        focus={"reference": "#x"},
    )["id"]
    assert "Inside" in text(page("nurse").get(f"/worklist/t/{task}"))
