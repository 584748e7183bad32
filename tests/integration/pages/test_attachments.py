"""Files that go with a reply: kept with the message, for those who may read it, or refused beside
the text, which is kept."""

import re
from base64 import b64decode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from communications import actions as messages
from communications.models import Communication
from fhir import json
from fhir.models import ClinicalResource
from tasks.attachments import LARGEST, MOST
from tasks.models import Task
from tests.factories import owned_task
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text
from tests.integration.pages.test_records import HTML, PDF, PNG
from tests.integration.pages.test_threads import about, last, post, say, seen, talk

REPLY = "Your leaflet is with this."


@pytest.fixture
def nurse(cast, page):
    owned_task(cast["nurse"], **about(talk("mine")))
    owned_task(cast["physician"], **about(talk("unseen")))
    return page("nurse")


def file(name="leaflet.pdf", content=PDF, kind="application/pdf"):
    return SimpleUploadedFile(name, content, kind)


def send(client, *files, thread="mine", words=REPLY, **data):
    newest = seen(client.get(f"/worklist/th/{thread}"))
    return post(client, thread, text=words, seen=newest, do="send", files=list(files), **data)


def binaries() -> list[dict]:
    found = ClinicalResource.objects.filter(resource_type="Binary")
    return [json.loads_stored(each) for each in found.values_list("document", flat=True)]


def sent_files(thread="mine") -> list[dict]:
    payload = json.loads_stored(last(thread).document)["payload"]
    return [each["contentAttachment"] for each in payload if "contentAttachment" in each]


def test_a_file_goes_with_the_reply_and_is_had_from_the_thread(nurse):
    answer = send(nurse, file(), file("shin.png", PNG, "image/png"))
    assert answer.status_code == 303
    leaflet, photo = sent_files()
    assert leaflet == {
        "contentType": "application/pdf",
        "url": leaflet["url"],
        "size": len(PDF),
        "title": "leaflet.pdf",
    }
    assert photo["contentType"] == "image/png"
    kept = {f"Binary/{each['id']}": each for each in binaries()}[leaflet["url"]]
    message = last("mine").resource_id
    assert kept["securityContext"] == {"reference": f"Communication/{message}"}
    assert b64decode(kept["data"]) == PDF
    said = text(nurse.get("/worklist/th/mine"))
    assert REPLY in said and "leaflet.pdf PDF, 1 kB" in said
    here = f"/worklist/th/mine/file/{message}"
    got = nurse.get(f"{here}/0")
    assert got.content == PDF
    assert got["Content-Disposition"] == "attachment; filename*=UTF-8''leaflet.pdf"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Cache-Control"] == "no-store"
    assert nurse.get(f"{here}/1")["Content-Disposition"].startswith("inline")
    assert nurse.get(f"{here}/2").status_code == 404


def test_it_completes_the_task_too_and_goes_with_notes(nurse):
    assert send(nurse, file(), words="For us alone", internal="on").status_code == 303
    assert last("mine").internal and len(sent_files()) == 1
    form = nurse.get("/worklist/th/mine").content.decode()
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    newest = seen(nurse.get("/worklist/th/mine"))
    answer = post(
        nurse, "mine", text=REPLY, seen=newest, do="complete", version=version, files=[file()]
    )
    assert answer.status_code == 303
    task = Task.objects.get(tokens__contains=["focus=Communication/mine"])
    assert task.status == "completed" and len(sent_files()) == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([file("big.pdf", PDF + b"x" * LARGEST)], "“big.pdf” is too large: a file has 750 kB"),
        ([file("page.pdf", HTML)], "“page.pdf” is neither a PDF nor a picture"),
        ([file("icon.png", b"<svg onload=alert(1)>", "image/png")], "neither a PDF nor a picture"),
        ([file("empty.pdf", b"")], "neither a PDF nor a picture"),
        ([file()] * (MOST + 1), f"A message takes {MOST} files at most."),
    ],
    ids=["too large", "a page", "a drawing", "empty", "too many"],
)
def test_what_cannot_be_sent_is_said_beside_it_and_the_text_is_kept(nurse, files, said):
    before = Communication.objects.filter(draft=False).count()
    for each in files:
        each.seek(0)
    answer = send(nurse, *files)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert said in text(answer) and "your text is kept" in text(answer)
    assert 'aria-describedby="files-help files-refused" aria-invalid="true"' in body
    assert REPLY in body and "hx-preserve" not in body
    assert Communication.objects.filter(draft=False).count() == before
    assert messages.LONGEST and not binaries()
    assert REPLY in nurse.get("/worklist/th/mine").content.decode(), "it is a draft now"


def test_one_byte_less_is_sent(nurse):
    largest = PDF + b"x" * (LARGEST - len(PDF))
    assert send(nurse, file(content=largest)).status_code == 303
    assert sent_files()[0]["size"] == LARGEST


def test_a_form_that_is_much_too_large_is_not_read(nurse):
    answer = send(nurse, file(content=PDF + b"x" * 11_000_000))
    assert answer.status_code == 400
    assert "Nothing was changed" in text(answer)


def test_a_file_that_was_right_stays_chosen_when_the_text_is_refused(nurse):
    assert "your browser does not keep them" in text(send(nurse, file(), words="Take [dose]"))
    before = seen(nurse.get("/worklist/th/mine"))
    say("mine", "Patient/mine", "One more thing", 0)
    sent = {"text": REPLY, "seen": before, "do": "send", "files": [file()]}
    answer = htmx(nurse, "post", "/worklist/th/mine/reply", sent)
    assert answer.status_code == 409
    assert "hx-preserve" in answer.content.decode()
    assert "does not keep them" not in text(answer)
    assert not binaries()


def test_a_template_without_scripts_says_that_the_files_are_gone(nurse):
    post(nurse, "mine", "draft", text=REPLY, files=[file()])
    said = text(nurse.get("/worklist/th/mine"))
    assert "Choose the files again" in said and REPLY in said
    assert "Choose the files again" not in text(nurse.get("/worklist/th/mine"))


def test_who_may_not_read_the_message_gets_no_file(nurse, page, cast, api):
    send(nurse, file())
    message = last("mine").resource_id
    here = f"/worklist/th/mine/file/{message}/0"
    assert page("physician").get(here).status_code == 404
    assert page("auditor").get(here).status_code == 200
    # Nor by the way of another thread, nor once it was taken back.
    assert page("physician").get(f"/worklist/th/unseen/file/{message}/0").status_code == 404
    assert api("physician").get(sent_files()[0]["url"]).status_code == 404
    messages.retract(message, actor=cast["nurse"].actor)
    assert nurse.get(here).status_code == 404


def test_a_file_that_the_patient_sent_is_had_in_the_same_way(nurse):
    from tests.integration.pages.test_records import encoded

    data = {"contentType": "image/png", "title": "wound.png", "data": encoded(PNG)}
    message = say("mine", "Patient/mine", "", 1, payload=[{"contentAttachment": data}])
    got = nurse.get(f"/worklist/th/mine/file/{message}/0")
    assert got.content == PNG and got["Content-Type"] == "image/png"


def test_reading_a_thread_reads_no_files(nurse):
    send(nurse, file())
    nurse.get("/worklist/th/mine")
    with statements() as few:
        nurse.get("/worklist/th/mine")
    send(nurse, *[file() for _ in range(4)])
    with statements() as many:
        nurse.get("/worklist/th/mine")
    assert many.sent == few.sent
