"""What FHIR R4 says about its resource types, as data: elements, codes and search parameters.

`make.py` makes the three JSON files beside this one from HL7's official files; nothing here is
written by hand. They are read once, at first use.

- elements.json: per type its base, its kind and its own elements, each as
  `min..max datatype|datatype value-set`, with Σ after the cardinality of what a summary keeps; a
  Reference names its allowed targets in brackets and a nested element has a type of its own, named
  by its path.
- codes.json: the codes of each value set with a required binding that can be listed.
- search.json: per type `name: [type, paths, targets]`; `unsupported` says what was left out, why.
"""

from fhir.definitions.elements import (
    Element,
    contains_elements,
    elements,
    is_repeating,
    reference_targets,
    resource_types,
)
from fhir.definitions.search import (
    Path,
    SearchParameter,
    evaluate,
    search_parameters,
    unsupported_search_parameters,
)

__all__ = [
    "Element",
    "Path",
    "SearchParameter",
    "contains_elements",
    "elements",
    "evaluate",
    "is_repeating",
    "reference_targets",
    "resource_types",
    "search_parameters",
    "unsupported_search_parameters",
]
