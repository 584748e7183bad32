"""In which US states a practitioner is licensed, and in which one a patient lives. Pure.

R4 has no element for the state of a licence. Practitioner.qualification says it in one of these
ways; the first that names a state counts, for that qualification:

1. an extension with `whereValid`, as in Da Vinci Plan-Net and the National Directory:
   a coding of USPS (`https://www.usps.com/`), the name of a state, or a Location by its display
   (http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/practitioner-qualification);
   with a `status` other than active the qualification does not count at all
2. an identifier whose system speaks of a licence: `…/licence/il`, or the value `IL-204100`
3. the issuer: "State of IL", "Medical Board of California"; a university is none
4. the code: a coding of USPS or of ISO 3166-2 (`US-IL`), or a text such as "Illinois RN license"

One that has ended, or has not begun, by its `period` does not count.
https://hl7.org/fhir/R4/practitioner-definitions.html#Practitioner.qualification
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir.datatypes import period_range

USPS = "https://www.usps.com/"
ISO_3166_2 = "urn:iso:std:iso:3166:-2"
WHERE_VALID = "whereValid"
UNITED_STATES = frozenset({"us", "usa", "united states", "united states of america"})

US_STATES = dict(
    line.split(" ", 1)
    for line in """\
AL Alabama
AK Alaska
AZ Arizona
AR Arkansas
CA California
CO Colorado
CT Connecticut
DE Delaware
DC District of Columbia
FL Florida
GA Georgia
HI Hawaii
ID Idaho
IL Illinois
IN Indiana
IA Iowa
KS Kansas
KY Kentucky
LA Louisiana
ME Maine
MD Maryland
MA Massachusetts
MI Michigan
MN Minnesota
MS Mississippi
MO Missouri
MT Montana
NE Nebraska
NV Nevada
NH New Hampshire
NJ New Jersey
NM New Mexico
NY New York
NC North Carolina
ND North Dakota
OH Ohio
OK Oklahoma
OR Oregon
PA Pennsylvania
RI Rhode Island
SC South Carolina
SD South Dakota
TN Tennessee
TX Texas
UT Utah
VT Vermont
VA Virginia
WA Washington
WV West Virginia
WI Wisconsin
WY Wyoming
AS American Samoa
GU Guam
MP Northern Mariana Islands
PR Puerto Rico
VI U.S. Virgin Islands""".splitlines()
)
"""USPS code → name: the states, the district, and the territories that license by themselves."""

_CODES = {name.casefold(): code for code, name in US_STATES.items()}
_NAMES = sorted(_CODES, key=len, reverse=True)
"""Long names first: West Virginia is not Virginia."""

LICENSING = frozenset(
    "state commonwealth board department dept division bureau commission office"
    " licensing licensure regulation regulatory".split()
)
SCHOOLS = frozenset("university college school institute academy hospital".split())
"""Who grants degrees: those hold everywhere, and license nowhere."""

LICENCE_TYPES = frozenset({"LN", "MD", "SL"})
"""Identifier types of licences: http://terminology.hl7.org/CodeSystem/v2-0203"""


def state_code(text: str) -> str:
    """The USPS code of a state by its code, its name or its ISO 3166-2 code; "" for other texts."""
    plain = text.strip()
    if plain.upper().startswith("US-"):
        plain = plain[3:]
    code = plain.upper()
    return code if code in US_STATES else _CODES.get(plain.casefold(), "")


def licences(practitioner: dict, *, at: datetime) -> frozenset[str]:
    """The codes of the states in which a Practitioner is licensed at `at`."""
    return frozenset(
        state
        for qualification in practitioner.get("qualification", [])
        if _holds(qualification, at)
        for state in _states_of(qualification)
    )


def home_state(patient: dict, *, at: datetime) -> str:
    """The code of the state of a Patient's home at `at`; "" when none is known, or it is abroad.

    Of the addresses in period: home, then one without a use, then temp and work. Old, billing and
    mailing addresses say nothing of where somebody lives.
    """
    order = {"home": 0, "": 1, "temp": 2, "work": 3}
    lived_in = [
        address
        for address in patient.get("address", [])
        if address.get("use", "") in order
        and address.get("type") != "postal"
        and _in_period(address, at)
    ]
    for address in sorted(lived_in, key=lambda each: order[each.get("use", "")]):
        country = address.get("country", "").strip().casefold()
        if country and country not in UNITED_STATES:
            return ""
        if state := state_code(address.get("state", "")):
            return state
    return ""


def _in_period(element: dict, at: datetime) -> bool:
    period = period_range(element.get("period", {}))
    return period.low <= at < period.high


def _holds(qualification: dict, at: datetime) -> bool:
    statuses = [
        part.get("valueCode") or (part.get("valueCoding") or {}).get("code")
        for part in _parts(qualification)
        if part.get("url") == "status"
    ]
    return _in_period(qualification, at) and all(each == "active" for each in statuses)


def _parts(qualification: dict) -> Iterator[dict]:
    """The parts of the qualification's extensions."""
    for extension in qualification.get("extension", []):
        yield from extension.get("extension", [])


def _states_of(qualification: dict) -> set[str]:
    for source in (_where_valid, _by_identifier, _by_issuer, _by_code):
        if found := set(source(qualification)) - {""}:
            return found
    return set()


def _where_valid(qualification: dict) -> Iterator[str]:
    for part in _parts(qualification):
        if part.get("url") == WHERE_VALID:
            concept = part.get("valueCodeableConcept") or {}
            for coding in concept.get("coding", []):
                yield state_code(coding.get("code", ""))
            yield state_code(concept.get("text", ""))
            yield state_code((part.get("valueReference") or {}).get("display", ""))


def _by_identifier(qualification: dict) -> Iterator[str]:
    for identifier in qualification.get("identifier", []):
        *path, last = _words(identifier.get("system", "").casefold(), "/:#?=.")
        of_licences = any(_names_licence(word) for word in (*path, last))
        types = {coding.get("code") for coding in (identifier.get("type") or {}).get("coding", [])}
        if any(_names_licence(word) for word in path) and last.upper() in US_STATES:
            yield last.upper()
        elif of_licences or types & LICENCE_TYPES:
            first, *rest = _words(identifier.get("value", ""), "- ")
            yield first.upper() if rest and first.upper() in US_STATES else ""
            yield _of_authority((identifier.get("assigner") or {}).get("display", ""))


def _names_licence(word: str) -> bool:
    return "licence" in word or "license" in word or "licensure" in word


def _by_issuer(qualification: dict) -> Iterator[str]:
    yield _of_authority((qualification.get("issuer") or {}).get("display", ""))


def _by_code(qualification: dict) -> Iterator[str]:
    concept = qualification.get("code") or {}
    for coding in concept.get("coding", []):
        if coding.get("system", "") in (USPS, USPS.rstrip("/"), ISO_3166_2):
            yield state_code(coding.get("code", ""))
    for text in (concept.get("text", ""), *_displays(concept)):
        if any(_names_licence(word) for word in _words(text.casefold(), " ,")):
            yield _named_in(text)


def _displays(concept: dict) -> Iterable[str]:
    return (coding.get("display", "") for coding in concept.get("coding", []))


def _of_authority(text: str) -> str:
    """The state of "Illinois", "State of IL" or "Medical Board of California"."""
    if state := state_code(text):
        return state
    words = _words(text.casefold(), " ,.()-")
    if not LICENSING.intersection(words) or SCHOOLS.intersection(words):
        return ""
    for prefix in ("state of ", "commonwealth of "):
        if text.casefold().strip().startswith(prefix):
            return state_code(text.strip()[len(prefix) :])
    return _named_in(text)


def _named_in(text: str) -> str:
    """The state whose name stands in a text as whole words; "" for none."""
    padded = f" {' '.join(_words(text.casefold().replace('.', ''), ',()-'))} "
    if " washington dc " in padded:
        return "DC"
    return next((_CODES[name] for name in _NAMES if f" {name.replace('.', '')} " in padded), "")


def _words(text: str, separators: str) -> list[str]:
    """What stands between the separators; at least one word, which may be empty."""
    for separator in separators:
        text = text.replace(separator, " ")
    return text.split() or [""]
