"""What people and places add to R4, as conformance resources."""

from accounts.care_team_roles import CARE_TEAM_ROLES, SNOMED, SOC
from fhir.conformance import operation, parameter, value_set

CARE_TEAM_ROLE = value_set(
    "care-team-role",
    {
        SNOMED: {role.snomed: role.name for role in CARE_TEAM_ROLES},
        # Several roles share a SOC code.
        SOC: {role.soc: role.name for role in reversed(CARE_TEAM_ROLES)},
    },
    name="CareTeamRole",
    title="Care team roles",
    description="The roles that work is routed to: each has a pool, and either code leads to it.",
)

PARAMETERS = [
    parameter("start", "date", "Only care from this day on."),
    parameter("end", "date", "Only care up to this day."),
    parameter("_since", "instant", "Only what has changed since."),
    parameter("_type", "code", "Only these types.", max="*"),
    parameter("_count", "integer", "How many resources of the compartment a page has."),
    parameter("return", "Bundle", "A searchset.", use="out", min=1),
]

PATIENT_EVERYTHING = operation(
    "Patient-everything",
    "everything",
    on="Patient",
    levels=("type", "instance"),
    name="PatientEverything",
    description="What is in the compartment of a patient, or of all patients, and what that points"
    " at, as far as you may see it.",
    base="http://hl7.org/fhir/OperationDefinition/Patient-everything",
    parameter=PARAMETERS,
)

ENCOUNTER_EVERYTHING = operation(
    "Encounter-everything",
    "everything",
    on="Encounter",
    levels=("instance",),
    name="EncounterEverything",
    description="What is in the compartment of an encounter, and what that points at, as far as you"
    " may see it.",
    base="http://hl7.org/fhir/OperationDefinition/Encounter-everything",
    parameter=PARAMETERS,
)

DEFINITIONS = (CARE_TEAM_ROLE, PATIENT_EVERYTHING, ENCOUNTER_EVERYTHING)
