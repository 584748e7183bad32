"""The card of a lab report: what is abnormal first, what is normal, and how it was before."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from tests.factories import owned_task, put
from tests.faults import statements
from tests.integration.pages.test_pages import text

NOW = datetime.now(UTC)
LOINC = "http://loinc.org"
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def at(days: float = 0) -> str:
    return (NOW - timedelta(days=days, hours=2)).isoformat(timespec="seconds")


def observation(identifier, code, name, *, days=0.0, flag="", limits=None, **elements) -> dict:
    document = {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": name, "coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/okonkwo"},
        "effectiveDateTime": at(days),
        **elements,
    }
    if limits:
        document["referenceRange"] = [limits]
    if flag:
        document["interpretation"] = [{"coding": [{"system": FLAGS, "code": flag}]}]
    return put(document)


def quantity(value, unit="mmol/L") -> dict:
    return {"valueQuantity": {"value": value, "unit": unit}}


def report(*results: str, **elements) -> dict:
    return put(
        {
            "resourceType": "DiagnosticReport",
            "id": "panel",
            "status": "final",
            "code": {"text": "Basic metabolic panel"},
            "subject": {"reference": "Patient/okonkwo"},
            "effectiveDateTime": at(),
            **(
                {"result": [{"reference": f"Observation/{each}"} for each in results]}
                if results
                else {}
            ),
            **elements,
        }
    )


def task_about(owner, focus="DiagnosticReport/panel", *shown: str, **elements) -> str:
    """A Task that reveals what it points at (T19)."""
    inputs = [
        {"type": {"text": "Result"}, "valueReference": {"reference": f"Observation/{each}"}}
        for each in shown
    ]
    return owned_task(
        owner, focus={"reference": focus}, **({"input": inputs} if inputs else {}), **elements
    )["id"]


def rows(response) -> list[str]:
    """The lines of the table of results, as text."""
    body = response.content.decode()
    table = re.search(r'<table class="tb results">.*?</table>', body, re.S).group()
    told = re.findall(r"<tr.*?</tr>", table.split("</thead>")[1], re.S)
    return [unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", each))).strip() for each in told]


def test_what_is_abnormal_comes_first_with_its_word_and_its_range(cast, page):
    observation(
        "na",
        "2951-2",
        "Sodium",
        limits={"low": {"value": 136}, "high": {"value": 145}},
        **quantity(138),
    )
    observation(
        "egfr", "98979-8", "eGFR", flag="L", limits={"low": {"value": 60}}, **quantity(34, "mL/min")
    )
    observation(
        "k",
        "2823-3",
        "Potassium",
        flag="HH",
        limits={"low": {"value": 3.5}, "high": {"value": 5.1}},
        **quantity(6.1),
    )
    observation(
        "tni", "89579-7", "Troponin", limits={"high": {"value": 16}}, **quantity(62, "ng/L")
    )
    report("na", "egfr", "k", "tni", conclusion="Repeat the potassium.")
    task = task_about(cast["nurse"], "DiagnosticReport/panel", "na", "egfr", "k", "tni")
    shown = page("nurse").get(f"/worklist/t/{task}")
    assert rows(shown) == [
        "Potassium 6.1 mmol/L Critically high 3.5–5.1",
        "eGFR 34 mL/min Low ≥ 60",
        "Troponin 62 ng/L Above the range ≤ 16",
        "Sodium 138 mmol/L 136–145",
    ]
    assert "Repeat the potassium." in text(shown) and "Collected" in text(shown)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"valueString": "No growth"}, "No growth"),
        ({"valueBoolean": True}, "Yes"),
        ({"valueInteger": 3}, "3"),
        ({"valueCodeableConcept": {"text": "A Rh positive"}}, "A Rh positive"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 4, "unit": "cells"}}}, "1–4 cells"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 : 128"),
        ({"valueTime": "09:30:00"}, "09:30"),
        ({"valueDateTime": "2019-05"}, "May 2019"),
        ({"valuePeriod": {"start": "2019-05-02", "end": "2020"}}, "2 May 2019 – 2020"),
        ({"valueSampledData": {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2 3"}}, "3 measured points"),
        ({"valueQuantity": {"value": 100, "comparator": ">", "unit": "mg/L"}}, "> 100 mg/L"),
        ({"dataAbsentReason": {"text": "Clotted"}}, "No value: Clotted"),
        ({"status": "entered-in-error", "valueString": "Canary"}, "Entered in error"),
    ],
)  # fmt: skip
def test_every_kind_of_value_is_said(cast, page, value, said):
    observation("one", "1-1", "Test", **value)
    report("one")
    task = task_about(cast["nurse"], "DiagnosticReport/panel", "one")
    assert rows(page("nurse").get(f"/worklist/t/{task}")) == [f"Test {said}".replace("\xa0", " ")]


def test_groups_and_components_stay_together(cast, page):
    observation("wbc", "6690-2", "Leukocytes", **quantity(6.8))
    observation("hb", "718-7", "Hemoglobin", flag="L", **quantity(8.9, "g/dL"))
    observation(
        "cbc",
        "58410-2",
        "Blood count",
        hasMember=[{"reference": f"Observation/{each}"} for each in ("wbc", "hb")],
    )
    parts = [
        {"code": {"text": name}, "valueQuantity": {"value": value, "unit": "mmHg"}}
        for name, value in (("Systolic", 120), ("Diastolic", 80))
    ]
    observation("bp", "85354-9", "Blood pressure", component=parts)
    report("bp", "cbc")
    task = task_about(cast["nurse"], "DiagnosticReport/panel", "wbc", "hb", "cbc", "bp")
    assert rows(page("nurse").get(f"/worklist/t/{task}")) == [
        "Blood count", "Hemoglobin 8.9 g/dL Low", "Leukocytes 6.8 mmol/L",
        "Blood pressure", "Systolic 120 mmHg", "Diastolic 80 mmHg",
    ]  # fmt: skip


def test_the_trend_is_drawn_and_read_out(cast, page):
    limits = {"low": {"value": 3.5}, "high": {"value": 5.1}}
    for number, (days, value) in enumerate(((300, 4.1), (90, 4.8), (600, 3.9))):
        observation(f"old-{number}", "2823-3", "Potassium", days=days, **quantity(value))
    observation("other-unit", "2823-3", "Potassium", days=30, **quantity(18, "mg/dL"))
    observation("k", "2823-3", "Potassium", flag="HH", limits=limits, **quantity(6.1))
    report("k")
    task = task_about(
        cast["nurse"], "DiagnosticReport/panel", "k", "old-0", "old-1", "old-2", "other-unit"
    )
    body = page("nurse").get(f"/worklist/t/{task}").content.decode()
    label = re.search(r'class="trend"[^>]*aria-label="([^"]+)"', body).group(1)
    assert label.startswith("Potassium, 3 values in the last 12 months, oldest first: 4.1 (")
    assert "now 6.1\xa0mmol/L. Normal is 3.5–5.1." in label
    assert len(re.search(r'<polyline points="([^"]+)"', body).group(1).split()) == 3
    assert re.search(r'class="r pv">4\.8 <small>', body)


def test_values_that_she_may_not_read_are_in_no_trend(cast, page):
    observation("old", "2823-3", "Potassium", days=90, **quantity(4.77))
    observation("k", "2823-3", "Potassium", **quantity(6.1))
    report("k")
    hers = task_about(cast["nurse"], "DiagnosticReport/panel", "k")
    assert "4.77" not in page("nurse").get(f"/worklist/t/{hers}").content.decode()
    assert "4.77" in page("admin").get(f"/worklist/t/{hers}?list=all").content.decode()


def test_a_result_that_is_not_there_is_said_to_be_missing(cast, page):
    report("nowhere")
    task = task_about(cast["nurse"])
    assert "This value is not here, or you may not see it." in text(
        page("nurse").get(f"/worklist/t/{task}")
    )


def test_a_report_that_was_amended_says_when(cast, page):
    report(conclusion="First reading.")
    task = task_about(cast["nurse"], authoredOn=at(1))
    assert "Amended" not in text(page("nurse").get(f"/worklist/t/{task}"))
    report(status="amended", conclusion="Second reading.")
    shown = text(page("nurse").get(f"/worklist/t/{task}"))
    assert re.search(r"Amended \d\d:\d\d", shown) and "after this task was made" in shown


def test_queries_do_not_grow_with_results(cast, page):
    def asked(count: int) -> int:
        names = [f"r{count}-{each}" for each in range(count)]
        for each in names:
            observation(each, f"c-{each}", each, **quantity(1.5))
            observation(f"{each}-old", f"c-{each}", each, days=40, **quantity(1.2))
        report(*names)
        task = task_about(cast["nurse"], "DiagnosticReport/panel", *names)
        client = page("nurse")
        client.get(f"/worklist/t/{task}")
        with statements() as told:
            client.get(f"/worklist/t/{task}")
        return told.sent

    assert asked(3) == asked(30)


def test_the_card_of_a_report_without_anything(cast, page):
    report()
    task = task_about(cast["nurse"])
    assert "This report has no results in it yet." in text(page("nurse").get(f"/worklist/t/{task}"))
