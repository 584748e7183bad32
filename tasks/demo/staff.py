"""The people of Northgate Family Health, and where they work."""

from collections.abc import Iterator
from typing import NamedTuple

from tasks.demo.codes import NPI, TERMINOLOGY, coding, concept, role_concept
from tasks.demo.documents import reference, resource

ORGANIZATION = "northgate-family-health"
MAIN_CLINIC = "northgate-main"
CARE_TEAM = "northgate-primary-care-team"
TRIAGE_LINE = "northgate-nurse-triage"


class Member(NamedTuple):
    """Someone who works here: `username` signs in, `pools` are the roles."""

    id: str
    username: str
    given: str
    family: str
    prefix: str
    suffix: str
    gender: str
    pools: tuple[str, ...]
    licences: tuple[str, ...]
    """US states."""
    lapsed: tuple[str, ...] = ()
    """US states where the licence has ended."""

    @property
    def display(self) -> str:
        """As staff see the name: "Dr. Ines Cardoso", "Maya Lindqvist, RN"."""
        return " ".join(self.user_names)

    @property
    def user_names(self) -> tuple[str, str]:
        """First and last name of the user, which together are `display`."""
        last = f"{self.family}, {self.suffix}" if self.suffix and not self.prefix else self.family
        return " ".join(part for part in (self.prefix, self.given) if part), last

    @property
    def reference(self) -> dict:
        return {"reference": f"Practitioner/{self.id}", "display": self.display}


MIDWEST = ("IL", "WI", "IN", "IA", "MO", "MI")

STAFF = (
    Member("maya-lindqvist", "nurse", "Maya", "Lindqvist", "", "RN", "female",
           ("registered-nurse",), MIDWEST),
    Member("tomas-rivera", "nurse2", "Tomás", "Rivera", "", "RN", "male",
           ("registered-nurse",), ("IL", "WI", "IN"), ("MI",)),
    Member("priya-nair", "priya", "Priya", "Nair", "", "RN", "female",
           ("registered-nurse",), ("IL", "MO")),
    Member("ines-cardoso", "physician", "Ines", "Cardoso", "Dr.", "MD", "female",
           ("doctor",), MIDWEST),
    Member("doctor-alice-smith", "alice", "Alice", "Smith", "Dr.", "MD", "female",
           ("doctor",), ("IL", "TX")),
    Member("doctor-gregory-house", "house", "Gregory", "House", "Dr.", "MD", "male",
           ("doctor", "registered-nurse"), ("IL", "CA")),
    Member("dr-cardio", "cardiologist", "", "Cardio", "Dr.", "MD", "female",
           ("cardiologist",), MIDWEST),
    Member("hana-sato", "hana", "Hana", "Sato", "Dr.", "MD", "female",
           ("cardiologist",), ("IL", "IN")),
    Member("65f9876543210abcdef98765", "omni", "Jordan", "Whitfield", "", "NP", "male",
           ("nurse-practitioner",), ("IL", "WI")),
    Member("denise-abernathy", "denise", "Denise", "Abernathy", "", "", "female",
           ("care-coordinator",), ()),
    Member("ruth-okafor", "coordinator", "Ruth", "Okafor", "", "", "female",
           ("care-coordinator",), ()),
    Member("luis-ortega", "luis", "Luis", "Ortega", "", "CPC", "male",
           ("medical-billing-specialist",), ()),
)  # fmt: skip
"""Those who do the work. The ids that are no names are those that the guides print."""

OFFICE = (
    Member("samuel-brandt", "admin", "Samuel", "Brandt", "", "", "male", (), ()),
    Member("helen-marsh", "auditor", "Helen", "Marsh", "", "", "female", (), ()),
)
"""Those who run and audit the system; they are in no pool."""

BY_USERNAME = {member.username: member for member in (*STAFF, *OFFICE)}
DEGREES = {"RN": "Registered Nurse", "MD": "Doctor of Medicine", "NP": "Nurse Practitioner"}


def members_of(pool: str) -> list[Member]:
    return [member for member in STAFF if pool in member.pools]


def staff() -> Iterator[dict]:
    """Organization, Locations, HealthcareService, Practitioners, their roles, and the CareTeam."""
    organization = resource(
        "Organization",
        ORGANIZATION,
        active=True,
        type=[concept("Primary care", coding(f"{TERMINOLOGY}/organization-type", "prov"))],
        name="Northgate Family Health",
        telecom=[{"system": "phone", "value": "+1 217 555 0142", "use": "work"}],
        address=[_address("410 North Gate Avenue", "Springfield", "IL", "62702")],
    )
    yield organization
    main = _location(MAIN_CLINIC, "Northgate Main Clinic", "410 North Gate Avenue", "62702")
    yield main
    yield _location("northgate-lakeside", "Northgate Lakeside Clinic", "77 Lake Road", "62703")
    yield _location("northgate-heart", "Northgate Heart Center", "12 Bell Street", "62701")
    yield resource(
        "HealthcareService",
        TRIAGE_LINE,
        active=True,
        providedBy=reference(organization, "Northgate Family Health"),
        name="Nurse triage line",
        location=[reference(main)],
        telecom=[{"system": "phone", "value": "+1 217 555 0199", "use": "work"}],
    )
    for number, member in enumerate((*STAFF, *OFFICE)):
        yield _practitioner(number, member)
    for member in STAFF:
        for pool in member.pools:
            yield _role(member, pool)
    yield resource(
        "CareTeam",
        CARE_TEAM,
        status="active",
        name="Northgate primary care team",
        managingOrganization=[reference(organization)],
        participant=[
            {"role": [role_concept(member.pools[0])], "member": member.reference}
            for member in STAFF
        ],
    )


def _address(line: str, city: str, state: str, postal_code: str) -> dict:
    return {
        "line": [line],
        "city": city,
        "state": state,
        "postalCode": postal_code,
        "country": "US",
    }


def _location(resource_id: str, name: str, line: str, postal_code: str) -> dict:
    return resource(
        "Location",
        resource_id,
        status="active",
        name=name,
        address=_address(line, "Springfield", "IL", postal_code),
        managingOrganization={"reference": f"Organization/{ORGANIZATION}"},
    )


def _practitioner(number: int, member: Member) -> dict:
    name = {"use": "official", "text": member.display, "family": member.family}
    if member.given:
        name["given"] = [member.given]
    if member.prefix:
        name["prefix"] = [member.prefix]
    if member.suffix:
        name["suffix"] = [member.suffix]
    identifier = None
    if member.suffix in DEGREES:
        identifier = [{"use": "official", "system": NPI, "value": f"19902234{number:02}"}]
    mail = f"{member.username}@northgate.example"
    qualification = [
        {
            "identifier": [
                {
                    "system": f"http://northgate.example/identifiers/licence/{state.lower()}",
                    "value": f"{state}-{204100 + number}",
                }
            ],
            "code": concept(
                DEGREES[member.suffix],
                coding(f"{TERMINOLOGY}/v2-0360", member.suffix, DEGREES[member.suffix]),
            ),
            **({"period": {"end": "2025-06-30"}} if state in member.lapsed else {}),
            "issuer": {"display": f"State of {state}"},
        }
        for state in (*member.licences, *member.lapsed)
    ]
    return resource(
        "Practitioner",
        member.id,
        identifier=identifier,
        active=True,
        name=[name],
        telecom=[{"system": "email", "value": mail, "use": "work"}],
        gender=member.gender,
        qualification=qualification or None,
    )


def _role(member: Member, pool: str) -> dict:
    heart = pool == "cardiologist"
    return resource(
        "PractitionerRole",
        f"{member.id}-{pool}",
        active=True,
        practitioner=member.reference,
        organization={
            "reference": f"Organization/{ORGANIZATION}",
            "display": "Northgate Family Health",
        },
        code=[role_concept(pool)],
        location=[{"reference": f"Location/{'northgate-heart' if heart else MAIN_CLINIC}"}],
        availableTime=[
            {
                "daysOfWeek": ["mon", "tue", "wed", "thu", "fri"],
                "availableStartTime": "07:00:00",
                "availableEndTime": "19:00:00",
            }
        ],
    )
