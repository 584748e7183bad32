"""What each primitive datatype takes: a check answers None, or what the value should have been.

https://hl7.org/fhir/R4/datatypes.html#primitive

The answers never quote the value. Regular expressions here match in linear time.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fhir.datatypes import DATE_TIME, ID
from fhir.validation.narrative import narrative_problem

Check = Callable[[Any], str | None]

MAX_STRING_LENGTH = 1024 * 1024
MAX_INTEGER = 2**31 - 1
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
DATE = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?")
OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")

_match_id = ID.fullmatch
_match_date = DATE.fullmatch
_match_date_time = DATE_TIME.fullmatch


def string(value: Any) -> str | None:
    if type(value) is not str:
        return "must be text"
    if not value:
        return "must not be empty"
    if not value.isprintable() and CONTROL.search(value):
        return "must not hold control characters"
    if len(value) > MAX_STRING_LENGTH:
        return "must not be longer than 1 MB"
    return None


def code(value: Any) -> str | None:
    if type(value) is str and value and value.isprintable() and " " not in value:
        return None
    if problem := string(value):
        return problem
    if " ".join(value.split()) != value:
        return "must not begin or end with a space, nor hold two in a row"
    return None


def uri(value: Any) -> str | None:
    if type(value) is str and value and value.isprintable() and " " not in value:
        return None
    if problem := string(value):
        return problem
    if value.split() != [value]:
        return "must not hold spaces"
    return None


def id(value: Any) -> str | None:
    if type(value) is str and _match_id(value):
        return None
    return "must be an id: 1 to 64 letters, digits, '-' and '.'"


def boolean(value: Any) -> str | None:
    return None if value is True or value is False else "must be true or false"


def integer(value: Any) -> str | None:
    if type(value) is int and -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
        return None
    return "must be a whole number of 32 bits"


def unsigned_int(value: Any) -> str | None:
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return None
    return "must be a whole number from 0 to 2147483647"


def positive_int(value: Any) -> str | None:
    if type(value) is int and 1 <= value <= MAX_INTEGER:
        return None
    return "must be a whole number from 1 to 2147483647"


def decimal(value: Any) -> str | None:
    return None if type(value) in (Decimal, int, float) else "must be a number"


def _day_exists(value: str) -> bool:
    """Only called with the right form: YYYY, YYYY-MM or YYYY-MM-DD and whatever follows."""
    year = int(value[:4])
    return year > 0 and (
        value[8:10] <= "28" or int(value[8:10]) <= monthrange(year, int(value[5:7]))[1]
    )


def date(value: Any) -> str | None:
    if type(value) is not str or not _match_date(value):
        return "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"
    return None if _day_exists(value) else "must be a day that the calendar has"


def date_time(value: Any) -> str | None:
    if type(value) is not str or not _match_date_time(value):
        if type(value) is str and _match_date_time(value + "Z"):
            return "must have a time zone: Z, +hh:mm or -hh:mm"
        return (
            "must be a date or a date with time: YYYY, YYYY-MM, YYYY-MM-DD "
            "or YYYY-MM-DDThh:mm:ss+zz:zz"
        )
    return None if _day_exists(value) else "must be a day that the calendar has"


def instant(value: Any) -> str | None:
    if type(value) is not str or "T" not in value or not _match_date_time(value):
        return "must be an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz"
    return None if _day_exists(value) else "must be a day that the calendar has"


def time(value: Any) -> str | None:
    if type(value) is str and TIME.fullmatch(value):
        return None
    return "must be a time of day: hh:mm:ss"


def oid(value: Any) -> str | None:
    return None if type(value) is str and OID.fullmatch(value) else "must be an OID: urn:oid:1.2.3"


def uuid(value: Any) -> str | None:
    if type(value) is str and UUID.fullmatch(value):
        return None
    return "must be a UUID: urn:uuid: and 36 lower-case characters"


def base64_binary(value: Any) -> str | None:
    if type(value) is str and value:
        packed = "".join(value.split())
        if packed and len(packed) % 4 == 0 and BASE64.fullmatch(packed):
            return None
    return "must be base64"


def xhtml(value: Any) -> str | None:
    return string(value) or narrative_problem(value)


CHECKS: dict[str, Check] = {
    "base64Binary": base64_binary,
    "boolean": boolean,
    "canonical": uri,
    "code": code,
    "date": date,
    "dateTime": date_time,
    "decimal": decimal,
    "id": id,
    "instant": instant,
    "integer": integer,
    "markdown": string,
    "oid": oid,
    "positiveInt": positive_int,
    "string": string,
    "time": time,
    "unsignedInt": unsigned_int,
    "uri": uri,
    "url": uri,
    "uuid": uuid,
    "xhtml": xhtml,
}


def bound_code(codes: frozenset[str], code_list: tuple[str, ...]) -> Check:
    """The check of a code with a required binding. Only what looks like a code is quoted."""
    shown = ", ".join(code_list[:16]) + (", …" if len(code_list) > 16 else "")

    def check(value: Any) -> str | None:
        if type(value) is str and value in codes:
            return None
        if problem := string(value):
            return problem
        plain = len(value) <= 40 and value.isascii() and value.replace("-", "").isalnum()
        return f"{repr(value) if plain else 'the code'} is not one of {shown}"

    return check
