"""What FHIR R4 says about its resource types, as data: elements, codes, invariants, searches.

`make.py` makes the four JSON files beside this one from HL7's official files; nothing here is
written by hand. They are read once, at first use.

- elements.json: per type its base, its kind and its own elements, each as
  `min..max datatype|datatype value-set`, with Σ after the cardinality of what a summary keeps; a
  Reference names its allowed targets in brackets and a nested element has a type of its own, named
  by its path.
- codes.json: the codes of each value set with a required binding that can be listed.
- invariants.json: per type `[key, sentence, FHIRPath]` of what is no other check's already.
- search.json: per type `name: [type, paths, targets]`; `unsupported` says what was left out, why.
"""

from fhir.definitions.elements import (
    Element,
    all_choices,
    codes_by_system,
    contains_elements,
    element_at,
    elements,
    is_repeating,
    reference_targets,
    resource_types,
)
from fhir.definitions.invariants import Invariant, invariants, types_with_invariants
from fhir.definitions.search import (
    Path,
    SearchParameter,
    add_search_parameters,
    evaluate,
    own_search_parameters,
    search_parameters,
    unsupported_search_parameters,
)

__all__ = [
    "Element",
    "Invariant",
    "Path",
    "SearchParameter",
    "all_choices",
    "add_search_parameters",
    "codes_by_system",
    "contains_elements",
    "element_at",
    "elements",
    "evaluate",
    "invariants",
    "is_repeating",
    "own_search_parameters",
    "reference_targets",
    "resource_types",
    "search_parameters",
    "types_with_invariants",
    "unsupported_search_parameters",
]
