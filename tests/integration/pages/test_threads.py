"""Patient threads as a browser without scripts gets them, and as htmx does."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from communications import actions as messages
from communications.models import Communication, Snippet
from communications.notices import notify
from tasks.models import Task
from tests.factories import create, owned_task, pool_task, put
from tests.integration.pages.test_pages import htmx, text

FAMILY = "Canary"


def ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")


def say(thread: str, sender: str, words: str, minutes: int, **elements) -> str:
    """One message of a thread; returns its id."""
    return create(
        {
            "resourceType": "Communication",
            "status": "completed",
            "partOf": [{"reference": f"Communication/{thread}"}],
            "subject": {"reference": f"Patient/{thread}"},
            "sender": {"reference": sender},
            "sent": ago(minutes),
            "payload": [{"contentString": words}],
        }
        | elements
    )["id"]


def talk(name: str, *, minutes: int = 30, status: str = "in-progress", **elements) -> str:
    """A thread of the patient of the same id, with one question; returns its id."""
    put({"resourceType": "Patient", "id": name, "name": [{"family": FAMILY, "given": [name]}]})
    put(
        {
            "resourceType": "Communication",
            "id": name,
            "status": status,
            "subject": {"reference": f"Patient/{name}"},
            "sender": {"reference": f"Patient/{name}"},
            "topic": {"text": f"About {name}"},
        }
        | elements
    )
    say(name, f"Patient/{name}", f"Question of {name}", minutes)
    return name


def about(name: str) -> dict:
    return {
        "focus": {"reference": f"Communication/{name}"},
        "for": {"reference": f"Patient/{name}"},
    }


def rows(response) -> list[str]:
    return re.findall(r'id="row-([^"]+)"', response.content.decode())


def seen(response) -> str:
    return re.search(r'name="seen" value="([^"]*)"', response.content.decode())[1]


@pytest.fixture
def threads(cast):
    """Five threads: waiting for the nurse, in her pool, answered, thanked for, and not hers."""
    owned_task(cast["nurse"], priority="asap", **about(talk("mine", minutes=20)))
    pool_task(**about(talk("pooled", minutes=90)))
    owned_task(cast["nurse"], **about(talk("answered", minutes=200)))
    say("answered", "Practitioner/maya", "How is it today?", 60)
    owned_task(cast["nurse"], **about(talk("closed", minutes=300, status="completed")))
    say("closed", "Practitioner/tomas", "All is well", 250)
    owned_task(cast["physician"], **about(talk("unseen", minutes=5)))


# --- the inbox ------------------------------------------------------------------------------------


def test_each_tab_holds_whose_turn_it_is(threads, page):
    nurse = page("nurse")
    assert rows(nurse.get("/worklist/threads")) == ["pooled", "mine"], "who waits longest is first"
    assert rows(nurse.get("/worklist/threads?tab=patient")) == ["answered"]
    every = nurse.get("/worklist/threads?tab=all")
    assert rows(every) == ["mine", "answered", "pooled", "closed"], "what was said last is first"
    said = text(every)
    assert "Our turn 2" in said and "Waiting on patient 1" in said
    assert "Canary, mine" in said and "Question of mine" in said
    assert "You: How is it today?" in said and "Tomás Rivera: All is well" in said
    assert "Your turn" in said and "Unclaimed" in said
    assert "unseen" not in every.content.decode()


def test_all_of_them_are_those_whose_header_may_be_read(threads, cast, page):
    """The list collects them from the side of the Tasks; the rule is that of every read."""
    for name in ("nurse", "nurse2", "physician", "cardiologist", "coordinator", "auditor"):
        readable = Communication.objects.readable_by(cast[name].actor).filter(thread="")
        told = rows(page(name).get("/worklist/threads?tab=all"))
        assert sorted(told) == sorted(readable.values_list("resource_id", flat=True)), name


def test_it_is_narrowed_to_a_pool_and_goes_on_where_it_ended(threads, page, monkeypatch):
    nurse = page("nurse")
    found = nurse.get("/worklist/threads?tab=all&pool=registered-nurse")
    assert rows(found) == ["pooled"]
    assert nurse.get("/worklist/threads?pool=cardiologist").status_code == 404
    assert nurse.get("/worklist/threads?tab=unheard").status_code == 404
    assert nurse.get("/worklist/threads?after=nowhere").status_code == 400
    monkeypatch.setattr("tasks.threads.page.__kwdefaults__", {"after": None, "limit": 3})
    first = nurse.get("/worklist/threads?tab=all")
    more = re.search(r'href="([^"]*after=[^"]*)"', first.content.decode())[1].replace("&amp;", "&")
    assert rows(first) + rows(nurse.get(more)) == ["mine", "answered", "pooled", "closed"]
    assert rows(htmx(nurse, "get", more)) == ["closed"]


def test_a_thread_without_work_offers_to_make_it(cast, page, threads):
    name = talk("loose", recipient=[{"reference": "Practitioner/maya"}])
    nurse = page("nurse")
    assert "No task" in text(nurse.get("/worklist/threads"))
    shown = nurse.get(f"/worklist/th/{name}")
    assert "Create task" in text(shown)
    answer = nurse.post(f"/worklist/th/{name}/task", {"list": "threads:ours"})
    assert answer.status_code == 303
    made = Task.objects.get(tokens__contains=[f"focus=Communication/{name}"])
    assert made.pool.slug == "registered-nurse"
    assert nurse.post(f"/worklist/th/{name}/task").status_code == 422, "not twice"
    assert Task.objects.filter(tokens__contains=[f"focus=Communication/{name}"]).count() == 1


def test_notices_lead_to_what_the_reader_may_see(cast, page):
    seen_task, hidden = pool_task(description="Refill"), owned_task(cast["physician"])
    notify(
        ["Practitioner/maya"],
        about=[f"Task/{seen_task['id']}", f"Task/{hidden['id']}", "Patient/x"],
        text="Nobody is there to serve the pool.",
        actor=cast["coordinator"].actor,
    )
    shown = page("nurse").get("/worklist/threads?tab=notices")
    assert "Nobody is there to serve the pool." in text(shown)
    body = shown.content.decode()
    assert f"/worklist/t/{seen_task['id']}" in body and hidden["id"] not in body
    assert "No notices for you" in text(page("nurse2").get("/worklist/threads?tab=notices"))


def test_the_navigation_counts_what_waits_for_us(threads, page):
    assert text(page("nurse").get("/worklist/threads/count")).split() == "2 waiting for us".split()


# --- a thread -------------------------------------------------------------------------------------


def test_a_hidden_a_deleted_and_an_unknown_thread_are_the_same_404(threads, cast, page):
    message = Communication.objects.get(thread="Communication/mine").resource_id
    answers = {
        (answer.status_code, text(answer))
        for each in ("unseen", "never", message)
        for answer in [page("nurse").get(f"/worklist/th/{each}")]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_a_thread_is_shown_with_its_task_and_whatever_was_said(threads, cast, page):
    coding = {"system": messages.categories.SYSTEM, "code": "internal-note"}
    say(
        "mine", "Practitioner/ines", "Hold lisinopril", 10,
        category=[{"coding": [coding]}], meta={"security": [messages.categories.NOT_FOR_PATIENTS]},
    )  # fmt: skip
    wrong = say("mine", "Practitioner/maya", "Wrong person", 8)
    messages.retract(wrong, actor=cast["nurse"].actor)
    say("mine", "Practitioner/tomas", "Half a sentence", 0, status="preparation")
    shown = page("nurse").get("/worklist/th/mine")
    said = text(shown)
    assert "internal note, patient cannot see this" in said and "Hold lisinopril" in said
    assert "This message was retracted." in said and "Wrong person" not in said
    assert "Half a sentence" not in said and "Tomás Rivera is writing in this thread" in said
    assert "Send and complete" in said and "gets your answer" in said
    assert FAMILY not in re.search(r"<title>.*?</title>", shown.content.decode(), re.S)[0]


@pytest.mark.parametrize(
    ("attachment", "link"),
    [
        ({"url": "https://x.example/a.jpg"}, "https://x.example/a.jpg"),
        ({"url": "Binary/photo"}, "/worklist/th/mine/file/{message}/0"),
        (
            {"contentType": "image/png", "data": "iVBORw0KGgo="},
            "/worklist/th/mine/file/{message}/0",
        ),
        ({"url": "http://x.example/a.jpg"}, None),
        ({"url": "javascript:alert(1)"}, None),
        ({"url": "//x.example/a.jpg"}, None),
        ({"url": "data:text/html,x"}, None),
        ({}, None),
    ],
)
def test_an_attachment_is_a_link_only_where_it_may_lead(cast, page, attachment, link):
    owned_task(cast["nurse"], **about(talk("mine")))
    payload = [{"contentAttachment": {"title": "Photo"} | attachment}]
    message = say("mine", "Patient/mine", "", 1, payload=payload)
    link = link and link.format(message=message)
    body = page("nurse").get("/worklist/th/mine").content.decode()
    assert "Photo" in body
    assert re.findall(r'<a class="link" href="([^"]*)" target', body) == ([link] if link else [])


# --- writing --------------------------------------------------------------------------------------


def post(client, name, what="reply", **data):
    return client.post(f"/worklist/th/{name}/{what}", {"list": "threads:ours", **data})


def last(name) -> Communication:
    return Communication.objects.filter(thread=f"Communication/{name}").order_by("-id").first()


def task_of(name) -> Task:
    return Task.objects.get(tokens__contains=[f"focus=Communication/{name}"])


def test_send_and_complete(threads, page):
    nurse = page("nurse")
    newest = seen(nurse.get("/worklist/th/mine"))
    answer = post(nurse, "mine", text="Rest, please.", seen=newest, do="complete")
    assert answer.status_code == 303
    assert "Sent and completed." in text(nurse.get(answer["Location"]))
    assert task_of("mine").status == "completed"
    assert last("mine").recipients == ["Patient/mine"]
    assert rows(nurse.get("/worklist/threads")) == ["pooled"]


def test_completing_without_a_reply_asks_why(threads, page):
    nurse, task = page("nurse"), task_of("mine").resource_id
    assert "Complete without replying…" in text(nurse.get(f"/worklist/t/{task}"))
    asked = text(nurse.get(f"/worklist/t/{task}?list=my&ask=close"))
    assert "Answered by phone or in person" in asked
    assert nurse.post(f"/worklist/t/{task}/close", {"reason": ""}).status_code == 422
    done = nurse.post(f"/worklist/t/{task}/close", {"reason": "answered-otherwise"})
    assert done.status_code == 303
    assert task_of("mine").status == "completed"
    assert '"answered-otherwise"' in task_of("mine").document


def test_send_and_keep_open(threads, page):
    nurse = page("nurse")
    newest = seen(nurse.get("/worklist/th/mine"))
    assert post(nurse, "mine", text="And today?", seen=newest, do="send").status_code == 303
    assert task_of("mine").status == "requested"
    assert rows(nurse.get("/worklist/threads?tab=patient")) == ["answered", "mine"]


def test_a_thread_without_a_task_is_answered_too(threads, page):
    name, nurse = talk("loose", recipient=[{"reference": "Practitioner/maya"}]), page("nurse")
    newest = seen(nurse.get(f"/worklist/th/{name}"))
    assert post(nurse, name, text="Come in today.", seen=newest, do="send").status_code == 303
    assert "Come in today." in text(nurse.get(f"/worklist/th/{name}"))


def test_what_came_meanwhile_is_shown_and_nothing_is_lost(threads, cast, page):
    nurse = page("nurse")
    newest = seen(nurse.get("/worklist/th/mine"))
    say("mine", "Patient/mine", "It got worse", 0)
    for client in (nurse.post, lambda *given: htmx(nurse, "post", *given)):
        data = {"text": "Rest, please.", "seen": newest, "do": "complete", "list": "threads:ours"}
        answer = client("/worklist/th/mine/reply", data)
        assert answer.status_code == 409
        said = text(answer)
        assert "The patient wrote in this thread while you were writing" in said
        assert "It got worse" in said and "Send anyway and complete" in said
        assert "Rest, please.</textarea>" in answer.content.decode()
    assert task_of("mine").status == "requested"
    kept = messages.draft_of("Communication/mine", cast["nurse"].actor)
    assert kept.parsed()["payload"] == [{"contentString": "Rest, please."}]
    again = post(nurse, "mine", text="Come in today.", seen=seen(answer), do="complete")
    assert again.status_code == 303
    assert messages.draft_of("Communication/mine", cast["nurse"].actor) is None


def test_an_internal_note_goes_to_no_patient_and_completes_nothing(threads, page):
    nurse = page("nurse")
    assert post(nurse, "mine", text="Hold it", internal="on", do="complete").status_code == 303
    note = last("mine")
    assert (note.internal, note.recipients, note.voice) == (True, [], "")
    assert task_of("mine").status == "requested"
    assert "pooled" in rows(nurse.get("/worklist/threads"))


def test_who_has_not_claimed_it_writes_to_colleagues_only(threads, page):
    nurse = page("nurse")
    shown = nurse.get("/worklist/th/pooled")
    assert "Claim this task first." in text(shown)
    refused = post(nurse, "pooled", text="Rest", seen=seen(shown), do="send")
    assert refused.status_code == 422
    assert "Rest</textarea>" in refused.content.decode()
    assert post(nurse, "pooled", text="Mine in a minute", internal="on").status_code == 303


def test_an_empty_reply_and_a_field_that_is_left_are_refused(threads, page):
    Snippet.objects.get_or_create(name="Dose", defaults={"text": "Take [dose]."})
    nurse = page("nurse")
    newest = seen(nurse.get("/worklist/th/mine"))
    for words, said in ((" ", "Write something first."), ("Take [dose]", "Fill in [dose]")):
        refused = post(nurse, "mine", text=words, seen=newest, do="send")
        assert refused.status_code == 422
        assert said in text(refused)


def test_a_draft_is_kept_begun_with_a_template_and_thrown_away(threads, page):
    snippet = Snippet.objects.get_or_create(name="Dose", defaults={"text": "Take [dose]."})[0]
    nurse = page("nurse")
    saved = htmx(nurse, "post", "/worklist/th/mine/draft", {"text": "Hello"})
    assert re.search(r"Saved \d\d:\d\d", text(saved))
    assert "Hello</textarea>" in nurse.get("/worklist/th/mine").content.decode()
    for client in (nurse.post, lambda *given: htmx(nurse, "post", *given)):
        answer = client("/worklist/th/mine/draft", {"text": "Hello", "snippet": snippet.pk})
        assert answer.status_code in (200, 303)
    assert f"Hello\n\n{snippet.text}</textarea>" in answer.content.decode()
    assert post(nurse, "mine", "discard").status_code == 303
    assert "></textarea>" in nurse.get("/worklist/th/mine").content.decode()


def test_a_message_is_retracted_by_who_sent_it(threads, page, cast):
    nurse = page("nurse")
    own = last("answered").resource_id
    patients = Communication.objects.get(thread="Communication/mine").resource_id
    assert post(nurse, "mine", "retract", message=own).status_code == 404, "of another thread"
    assert post(nurse, "mine", "retract", message=patients).status_code == 403
    assert post(nurse, "answered", "retract", message=own).status_code == 303
    assert "answered" in rows(nurse.get("/worklist/threads")), (
        "the patient's question is open again"
    )


@pytest.mark.parametrize("what", ["reply", "draft", "discard", "retract", "task"])
def test_nobody_writes_in_a_thread_out_of_sight(threads, page, what):
    assert post(page("nurse"), "unseen", what, text="x").status_code == 404
    back = page("nurse").get(f"/worklist/th/mine/{what}")
    assert back["Location"] == "/worklist/th/mine", "where forms alone are sent to is no dead end"


def test_an_auditor_reads_and_writes_nothing(threads, page):
    shown = page("auditor").get("/worklist/th/mine")
    assert "Question of mine" in text(shown) and "reply-text" not in shown.content.decode()
    assert post(page("auditor"), "mine", text="x", do="send").status_code in (403, 422)
    assert Communication.objects.filter(thread="Communication/mine").count() == 1


# --- live -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)  # the feed tells what is committed
def test_a_list_of_threads_learns_of_messages_and_of_work(threads, page, cast):
    nurse = page("nurse")
    listed = nurse.get("/worklist/threads?tab=patient").content.decode()
    position = re.search(r'data-position="([^"]+)"', listed)[1]
    shown = task_of("answered").resource_id
    poll = f"/worklist/changes?list=threads:patient&since={position}&shown={shown}"
    assert nurse.get(poll).status_code == 204
    say("mine", "Practitioner/maya", "And now?", 0)
    say("answered", "Patient/answered", "Better", 0)
    say("unseen", "Practitioner/ines", "Unseen", 0)
    told = nurse.get(poll).json()
    assert told == {"rows": [shown], "new": ["mine"]}
    part = htmx(nurse, "get", f"/worklist/rows?list=threads:patient&ids={shown}&open={shown}")
    assert rows(part) == ["answered"] and "Better" in text(part)


def test_a_thread_in_which_nothing_was_said_is_told_of_too(cast, page):
    put({"resourceType": "Communication", "id": "empty", "status": "in-progress"})
    task = owned_task(cast["nurse"], focus={"reference": "Communication/empty"})["id"]
    answer = htmx(page("nurse"), "post", f"/worklist/t/{task}/start", {"list": "threads:all"})
    assert rows(answer) == ["empty"]
    assert "no messages yet" in text(page("nurse").get("/worklist/th/empty"))


def test_a_button_beside_the_list_of_threads_answers_with_the_thread(threads, page, cast):
    task = task_of("pooled").resource_id
    answer = htmx(page("nurse"), "post", f"/worklist/t/{task}/claim", {"list": "threads:ours"})
    assert answer.status_code == 200
    assert rows(answer) == ["pooled"] and "Your turn" in text(answer)
    shown = page("nurse").get(f"/worklist/t/{task}?list=threads:ours")
    assert rows(shown) == ["pooled", "mine"]
