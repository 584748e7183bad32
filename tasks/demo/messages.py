"""Threads between patients and the clinic, and the work of answering them (guide C, S95–S124)."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tasks.demo.codes import (
    INFORMATION,
    MESSAGE_RESPONSE,
    NEEDS_RESPONSE,
    OUTPUT_TYPE,
    coding,
    concept,
)
from tasks.demo.documents import Case, instant, reference, resource
from tasks.demo.patients import BY_ID, HOMER, Person
from tasks.demo.staff import BY_USERNAME, Member

PATIENT_PORTAL = concept("Patient portal")


class Talk(NamedTuple):
    """What a patient writes about: `lines` go to and fro, beginning and ending with the patient."""

    key: str
    topic: str
    title: str
    priority: str
    pools: tuple[str, ...]
    lines: tuple[str, ...]
    answer: str


NURSE, DOCTOR, HEART, NP = "registered-nurse", "doctor", "cardiologist", "nurse-practitioner"
COORDINATOR, BILLING = "care-coordinator", "medical-billing-specialist"

TALKS = (
    Talk("dizzy", "New blood pressure tablet", "Dizzy since starting the new blood pressure tablet",
         "asap", (NURSE, DOCTOR), (
             "I get dizzy when I stand up since I started the new tablet on Monday.",
             "Thank you for telling us. Can you send me a blood pressure reading?",
             "It was 94/58 this morning sitting down, 86/52 after standing. I have not taken"
             " today's tablet yet.",
         ), "Please do not take lisinopril today. Drink plenty of water, stand up slowly and check"
            " your blood pressure again at two o'clock."),
    Talk("wound", "Wound after knee surgery", "Wound photo: possible infection", "urgent",
         (NURSE, NP), (
             "The edge of the wound looks red today and it feels warm. I have attached a photo.",
         ), "Thank you for the photo. We would like to see the wound today at 15:30. Please keep it"
            " dry and covered until then."),
    Talk("fever", "Vaccination", "Fever on day 2 after vaccination", "urgent", (NURSE, NP), (
             "38.9 since last night after her vaccines. She drinks well and has wet diapers."
             " How much acetaminophen may I give?",
         ), "That is a common reaction. The dose for her weight is on the leaflet that I attached."
            " Call us if the fever lasts past tomorrow or she stops drinking."),
    Talk("refill-metformin", "Prescription refill", "Refill: metformin 500 mg", "urgent",
         (NURSE, NP), (
             "I have three metformin tablets left and the pharmacy says there is no refill.",
         ), "The refill was sent to your pharmacy this morning. It is for three months."),
    Talk("refill-inhaler", "Prescription refill", "Refill: albuterol inhaler, used daily", "urgent",
         (NURSE, NP), (
             "Could I get another inhaler? I need it every day now since it turned cold.",
             "Are you short of breath now, or at night?",
             "At night mostly, I wake up about twice. Not right now.",
         ), "The inhaler is at your pharmacy. Because you wake at night we also booked a visit for"
            " Thursday at 10:20."),
    Talk("side-effect", "Sertraline", "Cannot sleep since the dose went up", "routine",
         (NURSE, DOCTOR), (
             "Since the dose went up two weeks ago I lie awake until three. Should I stop it?",
         ), "Please do not stop it at once. Take it in the morning instead, and we will talk on"
            " Friday."),
    Talk("palpitations", "Heart monitor", "Palpitations twice since the monitor came off", "asap",
         (HEART, DOCTOR), (
             "It happened again last night, about ten minutes of racing. No pain, I did not faint.",
         ), "Thank you. I have looked at the monitor: there are short runs of atrial fibrillation."
            " Please come in tomorrow at 9:00."),
    Talk("swelling", "Swollen ankles", "Ankles more swollen, weight up 2 kg in three days", "urgent",
         (HEART, NURSE), (
             "My ankles are thicker than last week and the scale says 84.1 instead of 82.",
             "Did you take the water tablet every day?",
             "I skipped two days because we were travelling.",
         ), "Please take furosemide twice a day for three days and send your weight each morning."),
    Talk("result-question", "Test results", "Question about the cholesterol result", "routine",
         (NURSE, NP, DOCTOR), (
             "The portal shows my cholesterol in red. Do I have to do something?",
         ), "It is a little high. Nothing is urgent; Dr. Cardoso will go through it at your visit."),
    Talk("mri-prep", "MRI on Tuesday", "Is the pacemaker safe for the MRI?", "urgent",
         (HEART,), (
             "They asked whether my pacemaker is MRI safe. I do not find the card.",
         ), "Your device is MRI conditional. I have sent the record to the imaging center."),
    Talk("school-form", "School form", "Asthma form for school needs a signature", "routine",
         (COORDINATOR, NP), (
             "The school needs the asthma action plan signed by Friday. The form is attached.",
         ), "The signed form is in your portal under Documents."),
    Talk("ride", "Ride to dialysis", "No ride to dialysis next week", "urgent", (COORDINATOR,), (
             "My daughter cannot drive me next week. Is there a service for Tuesday and Thursday?",
         ), "We booked the county service for both days. They will call you the evening before."),
    Talk("bill", "Bill of October", "Billed twice for the same visit", "routine", (BILLING,), (
             "I got two bills for the visit in October, 140 dollars each. I came once.",
         ), "You are right, the second one was a mistake. It has been cancelled; please pay the"
            " first one only."),
    Talk("interpreter", "Appointment", "Wants an interpreter at the next visit", "routine",
         (COORDINATOR,), (
             "My mother would like a Polish interpreter at her visit on the 3rd. Is that possible?",
         ), "Yes, an interpreter is booked for the visit. There is no cost."),
    Talk("rash", "Rash", "Itchy rash since amoxicillin", "asap", (NURSE, NP), (
             "I have an itchy rash on the belly since this morning, third day of amoxicillin."
             " Breathing is fine.",
         ), "Please stop amoxicillin now. If your lips or tongue swell, call 911. We sent another"
            " antibiotic to your pharmacy."),
)  # fmt: skip
BY_KEY = {talk.key: talk for talk in TALKS}

THANKS = (
    ("Flu shot", "Thank you, the flu shot was quick and the arm is fine."),
    ("Physical therapy", "Just to let you know: the first session was good."),
    ("New address", "We have moved, the new address is in the portal now."),
    ("Thank you", "Thank you for the call on Sunday, I felt well looked after."),
)
"""Messages that need no answer, and so no Task (S104)."""


def _message(
    key: str,
    header: dict,
    patient: Person,
    *,
    sender: dict,
    recipient: list[dict],
    sent: datetime,
    text: str,
    category: dict,
) -> dict:
    return resource(
        "Communication",
        key,
        partOf=[reference(header)],
        status="completed",
        category=[category],
        medium=[PATIENT_PORTAL],
        subject=patient.reference,
        topic=header["topic"],
        recipient=recipient,
        sender=sender,
        sent=instant(sent),
        received=instant(sent + timedelta(minutes=1)),
        payload=[{"contentString": text}],
    )


def _header(
    key: str,
    topic: str,
    patient: Person,
    *,
    sender: dict,
    recipient: list[dict],
    sent: datetime,
    category: dict,
    finished: bool,
) -> dict:
    return resource(
        "Communication",
        key,
        status="completed" if finished else "in-progress",
        category=[category],
        medium=[PATIENT_PORTAL],
        subject=patient.reference,
        topic=concept(topic),
        recipient=recipient or None,
        sender=sender,
        sent=instant(sent),
    )


def case(
    rng: Random,
    key: str,
    talk: Talk,
    patient: Person,
    at: datetime,
    *,
    owner: Member | None,
    answered_at: datetime | None,
) -> Case:
    """A thread whose last message of the patient came at `at`; answered when `answered_at` is set.

    The header's recipient is the Task's owner, as the Task says who has the work (S98).
    """
    colleague = rng.choice([BY_USERNAME["nurse"], BY_USERNAME["nurse2"], BY_USERNAME["priya"]])
    child = patient.id == "yasmin-haddad"
    writer = (
        {"reference": "RelatedPerson/leila-haddad", "display": "Leila Haddad"}
        if child
        else patient.reference
    )
    times = [at]
    for _ in talk.lines[1:]:
        times.append(times[-1] - timedelta(minutes=rng.randint(35, 16 * 60)))
    times.reverse()
    header = _header(
        key,
        talk.topic,
        patient,
        sender=writer,
        recipient=[owner.reference] if owner else [],
        sent=times[0],
        category=NEEDS_RESPONSE,
        finished=answered_at is not None,
    )
    documents = [header]
    for number, (text, sent) in enumerate(zip(talk.lines, times, strict=True)):
        from_patient = number % 2 == 0
        documents.append(
            _message(
                f"{key}-{number + 1}",
                header,
                patient,
                sender=writer if from_patient else colleague.reference,
                recipient=[(owner or colleague).reference] if from_patient else [writer],
                sent=sent,
                text=text,
                category=NEEDS_RESPONSE if from_patient else INFORMATION,
            )
        )
    output = None
    if answered_at is not None:
        answer = _message(
            f"{key}-answer",
            header,
            patient,
            sender=(owner or colleague).reference,
            recipient=[writer],
            sent=answered_at,
            text=talk.answer,
            category=INFORMATION,
        )
        documents.append(answer)
        output = {
            "type": concept("Response", coding(OUTPUT_TYPE, "response", "Response")),
            "valueReference": reference(answer),
        }
    return Case(
        documents,
        {
            "code": MESSAGE_RESPONSE.as_concept(),
            "description": talk.title,
            "focus": reference(header, talk.topic),
            "for": patient.reference,
            "requester": writer,
        },
        output=output,
    )


def threads_without_work(rng: Random, now: datetime) -> list[dict]:
    """Homer's thread, which the guides route, and threads that need no answer."""
    homer, house = BY_ID[HOMER], BY_USERNAME["house"]
    sent = now - timedelta(minutes=52)
    header = _header(
        "thread-homer-simpson",
        "Chest tightness when climbing stairs",
        homer,
        sender=homer.reference,
        recipient=[house.reference],
        sent=sent,
        category=NEEDS_RESPONSE,
        finished=False,
    )
    documents = [
        header,
        _message(
            "thread-homer-simpson-1",
            header,
            homer,
            sender=homer.reference,
            recipient=[house.reference],
            sent=sent,
            text="My chest feels tight when I climb the stairs at work, since about Tuesday."
            " It goes away when I sit down. Should I worry?",
            category=NEEDS_RESPONSE,
        ),
    ]
    people = [person for person in BY_ID.values() if person.birth_date < "2007"]
    for number in range(10):
        topic, text = THANKS[number % len(THANKS)]
        patient = people[(number * 7 + 12) % len(people)]
        nurse = rng.choice([BY_USERNAME["nurse"], BY_USERNAME["nurse2"]])
        sent = now - timedelta(hours=rng.randint(3, 200))
        key = f"thread-thanks-{number + 1:02}"
        header = _header(
            key,
            topic,
            patient,
            sender=patient.reference,
            recipient=[nurse.reference],
            sent=sent,
            category=INFORMATION,
            finished=True,
        )
        documents.append(header)
        documents.append(
            _message(
                f"{key}-1",
                header,
                patient,
                sender=patient.reference,
                recipient=[nurse.reference],
                sent=sent,
                text=text,
                category=INFORMATION,
            )
        )
    return documents
