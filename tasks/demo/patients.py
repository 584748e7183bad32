"""The sixty patients of the demo clinic. All are invented; two have the ids that the guides print."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tasks.demo.codes import MRN, TERMINOLOGY, coding, concept
from tasks.demo.documents import resource
from tasks.demo.staff import ORGANIZATION

HOMER = "homer-simpson"
PRINTED = "65f1234567890abcdef12345"

PEOPLE = """
homer-simpson            Homer      Simpson     male    1956-05-12
65f1234567890abcdef12345 Walter     Greene      male    1961-08-30
amara-okonkwo            Amara      Okonkwo     female  1964-02-14
nils-bergstrom           Nils       Bergström   male    1979-06-02
rosalind-oyelaran        Rosalind   Oyelaran    female  1955-09-03
miguel-castellanos       Miguel     Castellanos male    1958-01-21
yasmin-haddad            Yasmin     Haddad      female  2025-09-09
george-whitcombe         George     Whitcombe   male    1967-03-17
simone-delacroix         Simone     Delacroix   female  1993-04-25
kenji-nakamura           Kenji      Nakamura    male    1971-07-08
chidi-abara              Chidi      Abara       male    1997-10-30
freja-lund               Freja      Lund        female  1985-05-19
agnes-petrova            Agnes      Petrova     female  1948-12-01
tobias-keller            Tobias     Keller      male    1990-02-11
lucia-moretti            Lucía      Moretti     female  1976-11-23
samir-chaudhry           Samir      Chaudhry    male    1983-08-14
evelyn-hart              Evelyn     Hart        female  1939-03-05
marcus-bell              Marcus     Bell        male    1969-09-27
ngozi-eze                Ngozi      Eze         female  2001-01-16
patrick-o-rourke         Patrick    O'Rourke    male    1952-07-31
mei-ling-tan             Mei-Ling   Tan         female  1988-06-12
daniel-fischer           Daniel     Fischer     male    1974-04-09
rosa-delgado             Rosa       Delgado     female  1962-10-18
hamid-rahimi             Hamid      Rahimi      male    1980-12-22
ingrid-solberg           Ingrid     Solberg     female  1957-02-28
terrence-banks           Terrence   Banks       male    1992-05-06
olga-ivanenko            Olga       Ivanenko    female  1966-08-08
jamal-washington         Jamal      Washington  male    1978-11-11
claire-beaumont          Claire     Beaumont    female  1995-03-29
arun-pillai              Arun       Pillai      male    1949-06-24
beatriz-nunes            Beatriz    Nunes       female  1972-01-13
oscar-lindholm           Oscar      Lindholm    male    1986-09-15
fatima-zahra-idrissi     Fatima     Idrissi     female  1999-04-04
leonard-kowalski         Leonard    Kowalski    male    1944-10-07
grace-muthoni            Grace      Muthoni     female  1981-07-20
victor-almeida           Victor     Almeida     male    1960-05-01
hannah-weiss             Hannah     Weiss       female  2004-12-17
dmitri-volkov            Dmitri     Volkov      male    1973-02-19
aisha-bello              Aisha      Bello       female  1990-08-26
thomas-greer             Thomas     Greer       male    1953-11-30
camille-roux             Camille    Roux        female  1968-06-06
raj-malhotra             Raj        Malhotra    male    1984-03-10
edith-lawson             Edith      Lawson      female  1936-09-22
joaquin-herrera          Joaquín    Herrera     male    2012-05-14
sofia-andersson          Sofia      Andersson   female  1977-10-02
kwame-boateng            Kwame      Boateng     male    1963-12-08
nadia-karimi             Nadia      Karimi      female  1991-01-27
peter-novak              Peter      Novák       male    1959-04-16
linh-pham                Linh       Pham        female  1987-07-03
carl-jorgensen           Carl       Jørgensen   male    1946-08-19
maribel-santos           Maribel    Santos      female  1970-02-05
elijah-turner            Elijah     Turner      male    2017-11-09
zofia-wojcik             Zofia      Wójcik      female  1982-05-28
henry-adeyemi            Henry      Adeyemi     male    1956-01-09
paula-greenwood          Paula      Greenwood   female  1965-09-13
stefan-brandl            Stefan     Brandl      male    1994-06-21
yuki-hayashi             Yuki       Hayashi     female  1998-03-02
abdul-karim              Abdul      Karim       male    1951-10-25
teresa-vance             Teresa     Vance       female  1975-12-14
noah-lindgren            Noah       Lindgren    male    2009-02-08
"""

PLACES = (
    ("IL", "Springfield", "62704"),
    ("IL", "Chicago", "60625"),
    ("WI", "Madison", "53703"),
    ("IL", "Peoria", "61602"),
    ("IN", "Lafayette", "47901"),
    ("IA", "Davenport", "52801"),
    ("IL", "Champaign", "61820"),
    ("MO", "St. Louis", "63110"),
    ("MI", "Kalamazoo", "49001"),
    ("IL", "Decatur", "62521"),
    ("TX", "Austin", "78704"),
    ("CA", "Fresno", "93721"),
)
"""State, city, postal code; two in five patients live in Illinois."""
STREETS = (
    "Maple Street",
    "Cedar Lane",
    "Prairie Avenue",
    "Mill Road",
    "Walnut Court",
    "Hill Drive",
)
LANGUAGES = ("en", "en", "en", "es", "en", "pl", "en", "en", "vi")


class Person(NamedTuple):
    id: str
    given: str
    family: str
    gender: str
    birth_date: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def reference(self) -> dict:
        return {"reference": f"Patient/{self.id}", "display": self.name}


PATIENTS = tuple(Person(*line.split()) for line in PEOPLE.strip().splitlines())
BY_ID = {person.id: person for person in PATIENTS}


def patients(rng: Random) -> Iterator[dict]:
    for number, person in enumerate(PATIENTS):
        yield _patient(rng, number, person)
    yield resource(
        "RelatedPerson",
        "leila-haddad",
        active=True,
        patient=BY_ID["yasmin-haddad"].reference,
        relationship=[concept("Mother", coding(f"{TERMINOLOGY}/v3-RoleCode", "MTH", "mother"))],
        name=[{"use": "official", "family": "Haddad", "given": ["Leila"]}],
        telecom=[{"system": "phone", "value": "+1 312 555 0175", "use": "mobile"}],
    )


def _patient(rng: Random, number: int, person: Person) -> dict:
    state, city, postal_code = PLACES[number % len(PLACES)]
    language = LANGUAGES[number % len(LANGUAGES)]
    phone = f"+1 {rng.choice((217, 312, 608, 765))} 555 {100 + number:04}"
    mail = f"{person.id.replace('-', '.')}@mail.example"
    return resource(
        "Patient",
        person.id,
        identifier=[
            {
                "use": "usual",
                "type": concept("MRN", coding(f"{TERMINOLOGY}/v2-0203", "MR")),
                "system": MRN,
                "value": f"{471_800 + number * 719:08}",
                "assigner": {"reference": f"Organization/{ORGANIZATION}"},
            }
        ],
        active=True,
        name=[{"use": "official", "family": person.family, "given": [person.given]}],
        telecom=[
            {"system": "phone", "value": phone, "use": "mobile"},
            {"system": "email", "value": mail, "use": "home"},
        ],
        gender=person.gender,
        birthDate=person.birth_date,
        address=[
            {
                "use": "home",
                "line": [f"{rng.randint(12, 980)} {rng.choice(STREETS)}"],
                "city": city,
                "state": state,
                "postalCode": postal_code,
                "country": "US",
            }
        ],
        communication=[
            {"language": {"coding": [coding("urn:ietf:bcp:47", language)]}, "preferred": True}
        ],
        managingOrganization={"reference": f"Organization/{ORGANIZATION}"},
        generalPractitioner=[{"reference": "Practitioner/ines-cardoso"}],
    )
