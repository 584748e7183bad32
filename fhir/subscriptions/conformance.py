"""What Subscriptions add to R4, as conformance resources."""

from fhir.conformance import extension, operation, parameter
from fhir.subscriptions.document import TYPE

IG = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition"
NUMBERS = [
    parameter("eventsSinceNumber", "string", "Events from this number on."),
    parameter("eventsUntilNumber", "string", "Events up to this number."),
]
BUNDLE = parameter("return", "Bundle", "A notification.", use="out", min=1)

STATUS = operation(
    f"{TYPE}-status",
    "status",
    on=TYPE,
    levels=("type", "instance"),
    name="SubscriptionStatus",
    description="How Subscriptions are: whether they work, and how many events they had.",
    base=f"{IG}/backport-subscription-status",
    parameter=[
        parameter("id", "id", "Only these; at the level of the type.", max="*"),
        parameter("status", "code", "Only with these statuses; at the level of the type.", max="*"),
        BUNDLE,
    ],
)
EVENTS = operation(
    f"{TYPE}-events",
    "events",
    on=TYPE,
    levels=("instance",),
    name="SubscriptionEvents",
    description="Events that a Subscription had, by their numbers, as far as you may see what they"
    " are about: 1,000 at most, or 100 with their resources.",
    base=f"{IG}/backport-subscription-events",
    parameter=[
        *NUMBERS,
        parameter("content", "code", "empty, id-only (unasked) or full-resource."),
        BUNDLE,
    ],
)
RESEND = operation(
    f"{TYPE}-resend",
    "resend",
    on=TYPE,
    levels=("instance",),
    name="SubscriptionResend",
    description="Send events to the endpoint again, in order, before those that still wait.",
    base=f"{IG}/backport-subscription-resend",
    affectsState=True,
    parameter=[
        *NUMBERS,
        parameter("return", "OperationOutcome", "How many there are.", use="out", min=1),
    ],
)

SECRET = extension(
    "subscription-secret",
    on=f"{TYPE}.channel",
    name="SubscriptionSecret",
    description="The key that notifications are signed with, whsec_ and base64 of 24 to 64 bytes. It"
    " is only ever written: read, it is ****; written back so, it stays as it is.",
    elements=[
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "string"}]},
    ],
)

DEFINITIONS = (STATUS, EVENTS, RESEND, SECRET)
