"""Compartments: what belongs to one patient, practitioner, related person, encounter or device.

A resource is in a compartment when one of the parameters that the official definition lists for its
type leads to the compartment's own resource. Whether that resource exists, or may be read, is never
looked at: an answer holds what may be read, and tells nothing of the rest (requirements.md T5).
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import msgspec
from django.db.models import Q

from fhir.datatypes import ID
from fhir.definitions.elements import FOLDER
from fhir.errors import NotFound
from fhir.search.filters import Scope, any_of

OWN = "{def}"
"""Stands for a parameter where the compartment's own resource is a member."""


@cache
def definitions() -> dict[str, dict[str, list[str]]]:
    """Compartment type → member type → parameters."""
    return msgspec.json.decode((FOLDER / "compartments.json").read_bytes())


def add_member(compartment_type: str, member_type: str, parameters: Sequence[str]) -> None:
    """Let a compartment have members that the official definition does not name."""
    definitions()[compartment_type][member_type] = list(parameters)


@dataclass(frozen=True, slots=True)
class Compartment:
    """The compartment of one resource."""

    type_name: str
    id: str

    @property
    def path(self) -> str:
        return f"{self.type_name}/{self.id}"

    @property
    def types(self) -> frozenset[str]:
        """The types that may be in it."""
        return frozenset(definitions()[self.type_name])

    def condition(self, resource_type, scope: Scope) -> Q:
        """What a row of the type must be. Raises NotFound for a type that never is in it."""
        parameters = definitions()[self.type_name].get(resource_type.name)
        if parameters is None:
            raise NotFound(
                f"A {resource_type.name} is never in the compartment of a {self.type_name}."
            )
        search_set = resource_type.search()
        # A reference that was written with this server's address is the same as a relative one.
        forms = [self.path, f"{scope.base}/{self.path}"]
        found = [search_set.reference(name).is_any(forms) for name in parameters if name != OWN]
        if resource_type.name == self.type_name:
            found.append(Q(resource_id=self.id))
        return any_of(found)


def get(type_name: str, id: str) -> Compartment:
    """Raises NotFound for a type that has no compartments, and for what cannot be an id."""
    if type_name not in definitions() or not ID.fullmatch(id):
        raise NotFound(f"There are compartments of {', '.join(sorted(definitions()))} only.")
    return Compartment(type_name, id)
