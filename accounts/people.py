"""What people are called on the pages: staff, patients and organizations by their reference."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fhir import once, resources, sql, store
from fhir.actor import Actor
from fhir.datatypes import display_of, format_name, parse_reference
from fhir.errors import NotFound

NAMES_OF_USERS = """
select username, reference, trim(first_name || ' ' || last_name)
from accounts_user where (reference <> '' and reference = any(%s)) or username = any(%s)
"""


def documents(references: Iterable[str], *, actor: Actor) -> dict[str, dict]:
    """The documents of those references that exist and that `actor` may read, by `Type/id`."""
    asked, known = {*references}, once.found(documents, actor)
    wanted = defaultdict(set)
    for reference in asked - known.keys():
        known[reference] = None
        type_name, resource_id = split(reference)
        if resource_id:
            wanted[type_name].add(resource_id)
    for type_name, ids in wanted.items():
        try:
            resource_type = resources.get(type_name)
        except NotFound:
            continue
        for stored in store.find_all(resource_type, ids, actor=actor):
            known[stored.reference] = stored.parsed()
    return {reference: found for reference in asked if (found := known.get(reference))}


def split(reference: str) -> tuple[str, str]:
    """("Patient", "x") for a relative reference, ("", "") for anything else."""
    try:
        parsed = parse_reference(reference)
    except ValueError:
        return "", ""
    return (parsed.type or "", parsed.id or "") if parsed.is_relative else ("", "")


def names(references: Iterable[str], *, actor: Actor) -> dict[str, str]:
    """What each reference is called; those without a readable name are left out.

    A user's own name wins over that of the resource; `User/<username>` is a user without one.
    """
    wanted = {reference for reference in references if reference}
    users = _names_of_users(wanted)
    found = {reference: users[reference] for reference in wanted if users.get(reference)}
    rest = documents(wanted - found.keys(), actor=actor)
    return found | {reference: name for reference, each in rest.items() if (name := name_in(each))}


def _names_of_users(wanted: set[str]) -> dict[str, str]:
    known = once.found(_names_of_users)
    if missing := wanted - known.keys():
        known |= dict.fromkeys(missing, "")
        usernames = {each.removeprefix("User/") for each in missing if each.startswith("User/")}
        for username, reference, full_name in sql.rows(
            NAMES_OF_USERS, (sorted(missing), sorted(usernames))
        ):
            known[f"User/{username}"] = full_name or username
            if reference and full_name:
                known[reference] = full_name
    return known


def name_in(document: dict) -> str:
    """The name of a person, an organization or whatever else has one."""
    name = document.get("name")
    if isinstance(name, str):
        return name
    if name:
        return format_name(name)
    code = document.get("code") or {}
    return display_of(code[0] if isinstance(code, list) else code)


def initials(name: str) -> str:
    """ML for "Maya Lindqvist, RN" and for "Dr. Maya Lindqvist"."""
    plain = name.partition(",")[0].replace(".", " ")
    words = [word for word in plain.split() if word[:1].isalpha()]
    words = [
        word for word in words if word.lower() not in ("dr", "mr", "ms", "mrs", "prof")
    ] or words
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the banner shows it. `family` is empty where only one line is known."""

    family: str
    given: str
    birth_date: str = ""
    sex: str = ""
    mrn: str = ""

    @property
    def sex_name(self) -> str:
        names = {
            "Female": _("Female"),
            "Male": _("Male"),
            "Other": _("Other"),
            "Unknown": _("Unknown"),
        }
        return names.get(self.sex, self.sex)

    @property
    def sex_letter(self) -> str:
        return {"Female": "F", "Male": "M"}.get(self.sex, "")

    @property
    def initials(self) -> str:
        return initials(f"{self.given} {self.family}")


def patient(document: dict | None, display: str = "") -> Patient | None:
    """From the Patient, or, when it is not to be had, from what the Task calls it."""
    if not document:
        return Patient("", display) if display else None
    best: dict[str, Any] = _official(document.get("name", []))
    family = best.get("family", "")
    given = " ".join(part for part in best.get("given", ()) if part)
    if not family:
        given = format_name(document.get("name", [])) or display or _("Unnamed patient")
    return Patient(
        family,
        given,
        document.get("birthDate", ""),
        {"unknown": "Unknown"}.get(gender := document.get("gender", ""), gender.capitalize()),
        _mrn(document.get("identifier", [])),
    )


def _official(names: list[dict]) -> dict:
    order = {"official": 0, "usual": 1}
    return min(names, key=lambda name: order.get(name.get("use", "usual"), 2), default={})


def _mrn(identifiers: list[dict]) -> str:
    """The medical record number (type MR), else the first identifier."""

    def is_mrn(identifier: dict) -> bool:
        codes = identifier.get("type", {}).get("coding", [])
        return any(coding.get("code") == "MR" for coding in codes)

    valued = [identifier for identifier in identifiers if identifier.get("value")]
    found = next((each for each in valued if is_mrn(each)), valued[0] if valued else {})
    return found.get("value", "")


def age_line(who: Patient, age: str) -> str:
    """62 F"""
    return " ".join(part for part in (age.removesuffix("y"), who.sex_letter) if part)
