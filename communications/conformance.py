"""What messages add to R4, as conformance resources."""

from communications.categories import DISPLAYS, SYSTEM
from fhir.conformance import canonical, code_system, value_set

MESSAGE_CATEGORY = code_system(
    "message-category",
    DISPLAYS,
    url=SYSTEM,
    name="MessageCategory",
    title="Categories of messages",
    description="What a message is for: whether it waits for an answer, or is a note among staff.",
    valueSet=canonical("ValueSet", "message-category"),
)

MESSAGE_CATEGORIES = value_set(
    "message-category",
    {SYSTEM: DISPLAYS},
    name="MessageCategories",
    description="What a message is for: codes of Communication.category.",
)

DEFINITIONS = (MESSAGE_CATEGORY, MESSAGE_CATEGORIES)
