"""Whether one value of a document matches one value that is searched for, by R4's type of parameter.

https://hl7.org/fhir/R4/search.html#ptypes. Each answer is True, False or OPEN. OPEN says that R4
leaves it to the server: the document may be found or not. Every OPEN has its reason beside it.
"""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

OPEN = None
Verdict = bool | None
Element = dict | str | bool

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
INFINITY = float("inf")


def either(verdicts: Iterable[Verdict]) -> Verdict:
    verdicts = list(verdicts)
    return True if True in verdicts else OPEN if OPEN in verdicts else False


def both(verdicts: Iterable[Verdict]) -> Verdict:
    return opposite(either(opposite(verdict) for verdict in verdicts))


def opposite(verdict: Verdict) -> Verdict:
    return OPEN if verdict is OPEN else not verdict


def split(text: str, separator: str) -> list[str]:
    """Split where the separator is not escaped; what is escaped stays so."""
    parts, escaped = [""], False
    for character in text:
        if character == separator and not escaped:
            parts.append("")
            continue
        parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def unescape(text: str) -> str:
    result, escaped = "", False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
        else:
            result, escaped = result + character, False
    return result


def split_prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


# --- token ----------------------------------------------------------------------------------------


def tokens(value: Element, kind: str) -> list[tuple[str | None, str | None]]:
    """The (system, code) pairs of an element."""
    if kind == "CodeableConcept":
        return [pair for each in value.get("coding", []) for pair in tokens(each, "Coding")]
    if kind == "Coding":
        return [(value.get("system"), value.get("code"))]
    if kind in ("Identifier", "ContactPoint"):
        return [(value.get("system"), value.get("value"))]
    if kind.startswith("code "):
        system = kind.removeprefix("code ")
        # ValueSet task-intent takes this one from another code system than the others.
        own = value == "unknown" and system.endswith("/request-intent")
        return [("http://hl7.org/fhir/task-intent" if own else system, value)]
    return [(None, str(value).lower() if isinstance(value, bool) else value)]  # boolean, id


def token_matches(value: Element, searched: str, kind: str) -> Verdict:
    """`code`, `system|code`, `|code`, `system|`."""
    system, *rest = [unescape(part) for part in split(searched, "|")]
    if not rest:
        return either(code_matches(found, system, kind) for _, found in tokens(value, kind))
    code = rest[0]
    if kind not in ("Coding", "CodeableConcept", "Identifier") and not system:
        return (
            OPEN if token_matches(value, code, kind) else False
        )  # an implicit system: one or none?
    if kind == "ContactPoint":  # "n/a" is all that R4 says about its system
        return (
            OPEN if not code or code_matches(value.get("value"), code, kind) is not False else False
        )
    return either(
        both(
            [
                (found_system or "") == system,
                not code or code_matches(found_code, code, kind),
            ]
        )
        for found_system, found_code in tokens(value, kind)
    )


def code_matches(found: str | None, searched: str, kind: str) -> Verdict:
    if found == searched:
        return True
    if found is None or found.lower() != searched.lower():
        if kind == "ContactPoint" and found and digits(found) and digits(found) == digits(searched):
            return OPEN  # "may use special handling, such as ignoring punctuation"
        return False
    if kind.startswith("code ") or kind in ("boolean", "id"):
        return False  # FHIR's own codes and ids are case-sensitive
    return OPEN  # "When in doubt, servers SHOULD treat tokens in a case-insensitive manner"


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def text_matches(value: Element, searched: str, kind: str) -> Verdict:
    """`:text`: CodeableConcept.text, Coding.display, Identifier.type.text, searched as a string."""
    if kind == "CodeableConcept":
        texts = [value.get("text"), *(each.get("display") for each in value.get("coding", []))]
    elif kind == "Coding":
        texts = [value.get("display")]
    elif kind == "Identifier":
        texts = [value.get("type", {}).get("text")]
    else:
        texts = []
    texts = [text for text in texts if text]
    if any(string_matches(text, searched) for text in texts):
        return True
    later = any(loosely_matches(text, searched) for text in texts)
    return OPEN if later else False  # a text of several words: servers differ on the later ones


def of_type_matches(value: dict, searched: str) -> Verdict:
    """`:of-type`: system|code|value of Identifier.type.coding and Identifier.value."""
    system, code, wanted = [unescape(part) for part in split(searched, "|")]
    return both(
        [
            any(
                (each.get("system"), each.get("code")) == (system, code)
                for each in value.get("type", {}).get("coding", [])
            ),
            code_matches(value.get("value"), wanted, "Identifier"),
        ]
    )


# --- string ---------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """Without case and without combining characters."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(character)
    )


def strings(value: dict | str, kind: str) -> list[str]:
    names = {
        "HumanName": ("text", "family", "given", "prefix", "suffix"),
        "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
    }.get("HumanName" if kind == "phonetic" else kind)
    if names is None:
        return [value]
    found = [value[name] for name in names if name in value]
    return [text for each in found for text in (each if isinstance(each, list) else [each])]


def string_matches(text: str, searched: str, modifier: str = "") -> bool:
    searched = unescape(searched)
    if modifier == "exact":
        return text == searched
    if modifier == "contains":
        return normal(searched) in normal(text)
    return normal(text).startswith(normal(searched))


def words(text: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in normal(text)).split()


def loosely_matches(text: str, searched: str, modifier: str = "") -> bool:
    """As servers do that take names and addresses apart, or leave separators out."""
    text, searched = " ".join(words(text)), " ".join(words(unescape(searched)))
    return (
        searched in text
        if modifier == "contains"
        else f" {text}".find(f" {searched}") >= 0
        or text.replace(" ", "").startswith(searched.replace(" ", ""))
    )


def any_string_matches(value: dict | str, searched: str, modifier: str, kind: str) -> Verdict:
    texts = strings(value, kind)
    if any(string_matches(text, searched, modifier) for text in texts):
        return True
    if kind == "family" and not modifier:
        # "servers SHOULD search the parts of a family name independently"
        if any(string_matches(part, searched) for text in texts for part in text.split(" ")):
            return True
    if kind == "phonetic":
        return OPEN  # "some kind of phonetic matching algorithm"
    # "It's at the discretion of the server whether to pre-process names, addresses, and contact
    # details to remove separator characters"; a string that is neither is one value.
    if kind and modifier != "exact" and any(loosely_matches(t, searched, modifier) for t in texts):
        return OPEN
    return False


# --- date -----------------------------------------------------------------------------------------

Range = tuple[float, float]


def moment(value: datetime) -> int:
    """Microseconds since the year 1."""
    value = value.astimezone(UTC).replace(tzinfo=None)
    return (value - datetime(1, 1, 1)) // timedelta(microseconds=1)


def date_range(text: str) -> Range:
    """From the first to after the last instant of a year, month, day, minute, second or fraction."""
    day, _, time = text.partition("T")
    parts = [int(part) for part in day.split("-")]
    if time:
        start = datetime.fromisoformat(text)
        start = start if start.tzinfo else start.replace(tzinfo=UTC)  # the server's zone
        clock = time.removesuffix("Z").replace("-", "+").partition("+")[0]
        if "." in clock:
            width = timedelta(seconds=10 ** -len(clock.partition(".")[2]))
        else:
            width = timedelta(seconds=60 if clock.count(":") == 1 else 1)
        return moment(start), moment(start + width)
    year, month, number = (*parts, 1, 1)[:3]
    start = date(year, month, number)
    if len(parts) == 1:
        end = date(year + 1, 1, 1)
    elif len(parts) == 2:
        end = date(year + month // 12, month % 12 + 1, 1)
    else:
        end = start + timedelta(days=1)
    first, last = (moment(datetime(d.year, d.month, d.day, tzinfo=UTC)) for d in (start, end))
    return first, last


def value_range(value: str | dict) -> Range:
    """Of a Period: "a missing lower boundary is less than any actual date", likewise the upper."""
    if isinstance(value, str):
        return date_range(value)
    start, end = value.get("start"), value.get("end")
    return (
        date_range(start)[0] if start else -INFINITY,
        date_range(end)[1] if end else INFINITY,
    )


def date_matches(value: str | dict, searched: str, now: datetime) -> Verdict:
    """R4's table of prefixes to the letter: https://hl7.org/fhir/R4/search.html#prefix"""
    prefix, text = split_prefix(unescape(searched))
    low, high = date_range(text)
    start, end = value_range(value)
    contained = low <= start and end <= high
    above, below = end > high, start < low
    if prefix == "ap":
        if start < high and end > low:
            return True
        gap = abs(moment(now) - low) / 4  # 10 % is recommended, "but systems may choose"
        return OPEN if start < high + gap and end > low - gap else False
    return {
        "eq": contained,
        "ne": not contained,
        "gt": above,
        "lt": below,
        "ge": above or contained,
        "le": below or contained,
        "sa": start >= high,
        "eb": end <= low,
    }[prefix]


# --- number, quantity -----------------------------------------------------------------------------


def number_matches(value: float, searched: str) -> Verdict:
    """https://hl7.org/fhir/R4/search.html#number: eq and ne by the digits given, others exactly."""
    prefix, text = split_prefix(searched)
    found, wanted = Decimal(str(value)), Decimal(text)
    half = Decimal(5).scaleb(wanted.as_tuple().exponent - 1)
    equal = wanted - half <= found < wanted + half
    if isinstance(value, int) and wanted == int(wanted) and "e" not in text.lower():
        equal = equal or found == wanted
    if prefix == "ap":
        if equal or abs(found - wanted) <= abs(wanted) / 10:
            return True
        return OPEN if abs(found - wanted) <= abs(wanted) / 4 + half else False
    return {
        "eq": equal,
        "ne": not equal,
        "gt": found > wanted,
        "lt": found < wanted,
        "ge": found >= wanted,
        "le": found <= wanted,
        "sa": found > wanted,
        "eb": found < wanted,
    }[prefix]


def quantity_matches(value: dict, searched: str) -> Verdict:
    """`number`, `number|system|code`, `number||unit`."""
    number, system, code = [*(unescape(part) for part in split(searched, "|")), "", ""][:3]
    units = [
        (value.get("system", ""), value.get("code", "")) == (system, code)
        if system
        else not code or code in (value.get("code"), value.get("unit"))
    ]
    return both([*units, number_matches(value["value"], number)])


# --- uri ------------------------------------------------------------------------------------------


def uri_matches(value: str, searched: str, modifier: str) -> Verdict:
    """Precise, "case, accent, escape sensitive"; `:below` and `:above` go by the path."""
    searched = unescape(searched)
    if not modifier:
        return value == searched
    upper, lower = (searched, value) if modifier == "below" else (value, searched)
    if upper == lower or lower.startswith(upper if upper.endswith("/") else f"{upper}/"):
        return True
    return OPEN if lower.startswith(upper) else False  # "starts with", but within a segment


# --- reference ------------------------------------------------------------------------------------


def local(reference: str, base: str) -> str:
    """A reference to this server as Type/id or Type/id/_history/n; others as they are."""
    return reference.removeprefix(f"{base}/")


def target(reference: str, base: str) -> str:
    """What a reference to this server points at, whatever its version, as Type/id, or ""."""
    parts = local(reference, base).split("/")
    return "/".join(parts[:2]) if len(parts) in (2, 4) and parts[0].isalpha() else ""


def reference_matches(value: str, searched: str, base: str) -> Verdict:
    """`id`, `Type/id`, an absolute URL; "relative … resolving to the same value" is the same."""
    searched = local(unescape(searched), base)
    if ":" in searched:  # elsewhere, or canonical
        if value.partition("|")[0] == searched:
            return True if value == searched else OPEN
        return value == searched
    pointed = target(value, base)
    if "/_history/" in searched:
        if local(value, base) == searched:
            return True
        return OPEN if pointed == target(searched, base) else False  # R4 is silent about it
    if "/" in searched:
        return pointed == searched
    return pointed.partition("/")[2] == searched
