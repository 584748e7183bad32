"""What a search finds: a `World` of documents is asked with the same URL as the product.

Three steps: `World.search` takes the query apart, `World.matches` says of one document and one
parameter, `values` of one value. https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from tests.oracle.parameters import PARAMETERS, Parameter, parameter
from tests.oracle.values import (
    OPEN,
    Verdict,
    any_string_matches,
    both,
    date_matches,
    either,
    number_matches,
    of_type_matches,
    opposite,
    quantity_matches,
    reference_matches,
    split,
    target,
    text_matches,
    token_matches,
    unescape,
    uri_matches,
)

# They change the answer, not what is found.
RESULT = {
    "_sort",
    "_count",
    "_total",
    "_summary",
    "_elements",
    "_include",
    "_revinclude",
    "_format",
}


def values(document: dict | list | str, path: str) -> list:
    """`values(document, "name.given")`: everything there, from every list on the way."""
    if " | " in path:
        return [value for each in path.split(" | ") for value in values(document, each)]
    name, _, rest = path.partition(".")
    name, _, condition = name.partition("[")
    found = document.get(name, [])
    found = found if isinstance(found, list) else [found]
    if condition:
        wanted, _, value = condition.removesuffix("]").partition("=")
        found = [each for each in found if each.get(wanted) == value]
    return [value for each in found for value in values(each, rest)] if rest else found


class World:
    """Documents, and what a search among them finds."""

    def __init__(self, documents: list[dict], base: str, now: datetime | None = None):
        self.base = base
        self.now = now or datetime.now(UTC)
        self.documents = {f"{each['resourceType']}/{each['id']}": each for each in documents}

    def of_type(self, resource_type: str) -> Iterator[dict]:
        return (each for each in self.documents.values() if each["resourceType"] == resource_type)

    def search(self, url: str) -> tuple[set[str], set[str]]:
        """The ids that must be found, and those that may be found besides."""
        resource_type, _, query = url.partition("?")
        pairs = [
            (unquote_plus(name), unquote_plus(value))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ]
        pairs = [(name, value) for name, value in pairs if name.partition(":")[0] not in RESULT]
        verdicts = {
            document["id"]: both(self.matches(document, name, value) for name, value in pairs)
            for document in self.of_type(resource_type)
        }
        return (
            {id for id, verdict in verdicts.items() if verdict is True},
            {id for id, verdict in verdicts.items() if verdict is OPEN},
        )

    # --- one document, one parameter --------------------------------------------------------------

    def matches(self, document: dict, name: str, value: str) -> Verdict:
        """Whether a document matches `name=value`, comma lists, modifiers and chains included."""
        if name.startswith("_has:"):
            return self.has(document, name, value)
        if name == "_list":
            return self.listed(document, value)
        head, dot, rest = name.partition(".")
        head, _, modifier = head.partition(":")
        looked_up = parameter(document["resourceType"], head)
        if looked_up is None:
            return False
        if dot:
            return self.chained(document, head, modifier, rest, value)
        if looked_up.type == "composite":
            return self.composite(document, looked_up, value)
        if modifier == "missing":
            there = self.has_value(document, looked_up)
            return there if value == "false" else opposite(there)
        wanted = split(value, ",")
        if modifier == "not":
            return opposite(either(self.one(document, looked_up, "", each) for each in wanted))
        return either(self.one(document, looked_up, modifier, each) for each in wanted)

    def one(self, document: dict, looked_up: Parameter, modifier: str, searched: str) -> Verdict:
        """Whether any value of the document matches one value that is searched for."""
        test: dict[str, Callable[..., Verdict]] = {
            "token": self.token,
            "string": lambda found, *rest: any_string_matches(
                found, searched, modifier, looked_up.kind
            ),
            "date": lambda found, *rest: date_matches(found, searched, self.now),
            "number": lambda found, *rest: number_matches(found, searched),
            "quantity": lambda found, *rest: quantity_matches(found, searched),
            "uri": lambda found, *rest: uri_matches(found, searched, modifier),
            "reference": self.reference,
        }
        found = self.found(document, looked_up)
        return either(test[looked_up.type](each, looked_up, modifier, searched) for each in found)

    def found(self, document: dict, looked_up: Parameter) -> list:
        """The values that a parameter has in a document."""
        if looked_up.kind == "deceased":
            # Patient.deceased.exists() and Patient.deceased != false: every patient is or is not.
            return ["deceasedDateTime" in document or document.get("deceasedBoolean", False)]
        found = values(document, looked_up.path)
        if looked_up.type == "reference" and looked_up.targets:
            # where(resolve() is Patient), or targets of the only type that the element may have
            found = [each for each in found if self.may_point_at(each, looked_up.targets)]
        return found

    def may_point_at(self, value: dict, targets: tuple[str, ...]) -> bool:
        """By the type in its URL, ours or foreign. What has no URL may be anything."""
        parts = value.get("reference", "").partition("/_history/")[0].split("/")
        return len(parts) < 2 or parts[-2] in targets

    def has_value(self, document: dict, looked_up: Parameter) -> Verdict:
        found = self.found(document, looked_up)
        if looked_up.type == "reference":
            return either(self.is_reference(each, looked_up) for each in found)
        if looked_up.kind == "CodeableConcept":
            return either(
                bool(each.get("coding")) or OPEN for each in found
            )  # text alone: a value?
        return bool(found)

    def is_reference(self, value: dict | str, looked_up: Parameter) -> Verdict:
        if isinstance(value, str) or not value.get("reference", "#").startswith("#"):
            return True
        # R4 does not say whether a display alone, or a reference to what is contained, is a value.
        return OPEN if "identifier" not in value else self.of_whom(looked_up)

    def of_whom(self, looked_up: Parameter) -> Verdict:
        """Whether an identifier alone counts: `patient` asks for what resolves to a Patient."""
        return OPEN if looked_up.targets == ("Patient",) else True

    def token(self, found, looked_up: Parameter, modifier: str, searched: str) -> Verdict:
        kind = looked_up.kind
        if modifier == "text":
            return text_matches(found, searched, kind)
        if modifier == "of-type":
            return of_type_matches(found, searched)
        return token_matches(found, searched, "boolean" if kind == "deceased" else kind)

    def reference(self, found, looked_up: Parameter, modifier: str, searched: str) -> Verdict:
        if isinstance(found, str):  # canonical
            return reference_matches(found, searched, self.base)
        if modifier == "identifier":
            logical = found.get("identifier")
            if not logical:
                return False
            sure = True if found.get("reference") else self.of_whom(looked_up)
            return both([token_matches(logical, searched, "Identifier"), sure])
        url = found.get("reference", "")
        if modifier:
            searched = f"{modifier}/{searched}"
        return reference_matches(url, searched, self.base) if url else False

    def composite(self, document: dict, looked_up: Parameter, value: str) -> Verdict:
        """`one$other`: a value for each of its parameters."""
        names = looked_up.path.split(" $ ")
        return either(
            both(
                self.matches(document, name, part)
                for name, part in zip(names, split(each, "$"), strict=True)
            )
            for each in split(value, ",")
        )

    # --- joins ------------------------------------------------------------------------------------

    def targets(self, document: dict, name: str) -> list[dict]:
        """The documents at which a reference parameter points."""
        looked_up = parameter(document["resourceType"], name)
        if looked_up is None or looked_up.type != "reference":
            return []
        found = [each for each in self.found(document, looked_up) if isinstance(each, dict)]
        keys = [target(each.get("reference", ""), self.base) for each in found]
        return [self.documents[key] for key in dict.fromkeys(keys) if key in self.documents]

    def chained(self, document: dict, name: str, type_name: str, rest: str, value: str) -> Verdict:
        """`patient.name=x`, `subject:Patient.name=x`: a target matches the rest."""
        return either(
            self.matches(each, rest, value)
            for each in self.targets(document, name)
            if type_name in ("", each["resourceType"])
        )

    def has(self, document: dict, name: str, value: str) -> Verdict:
        """`_has:Task:patient:status=x`: a Task points here and matches the rest."""
        _, resource_type, name, rest = name.split(":", 3)
        return either(
            self.matches(other, rest, value)
            for other in self.of_type(resource_type)
            if document in self.targets(other, name)
        )

    def listed(self, document: dict, id: str) -> bool:
        kept = self.documents.get(f"List/{id}")
        return kept is not None and document in self.targets(kept, "item")

    # --- what comes besides -----------------------------------------------------------------------

    def included(self, url: str, matched: set[str]) -> set[str]:
        """The Type/id of what `_include` and `_revinclude` add to matches, also as Type/id."""
        pairs = [pair.partition("=") for pair in url.partition("?")[2].split("&")]
        asked = [
            (name.partition(":")[0], name.endswith(":iterate"), unescape(unquote_plus(value)))
            for name, _, value in pairs
            if name.partition(":")[0] in ("_include", "_revinclude")
        ]
        added: set[str] = set()
        fresh, first = set(matched), True
        while fresh:
            reached = {
                key
                for direction, iterate, what in asked
                if first or iterate
                for source in fresh
                for key in self.joined(source, direction, what)
            }
            fresh, first = reached - added - matched, False
            added |= fresh
        return added

    def joined(self, key: str, direction: str, what: str) -> set[str]:
        """What one `_include=what` brings for one document."""
        source_type, name, target_type = [*what.split(":"), "", ""][:3]
        if direction == "_include":
            return self.pointed(key, source_type, name, target_type)
        return {
            other
            for other in self.documents
            if key in self.pointed(other, source_type, name, target_type)
        }

    def pointed(self, key: str, source_type: str, name: str, target_type: str) -> set[str]:
        document = self.documents[key]
        if source_type not in ("*", document["resourceType"]):
            return set()
        everything = source_type == "*" or name == "*"
        names = list(PARAMETERS[document["resourceType"]]) if everything else [name]
        found = [each for each_name in names for each in self.targets(document, each_name)]
        return {
            f"{each['resourceType']}/{each['id']}"
            for each in found
            if target_type in ("", each["resourceType"])
        }
