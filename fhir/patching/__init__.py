"""The two ways to say what changes in a resource: JSON Patch and FHIRPath Patch.

https://hl7.org/fhir/R4/http.html#patch
"""

from fhir.patching.fhirpath_patch import apply_fhirpath_patch, intended
from fhir.patching.json_patch import PatchFailed, VersionTestFailed, apply_patch

__all__ = [
    "PatchFailed",
    "VersionTestFailed",
    "apply_fhirpath_patch",
    "apply_patch",
    "intended",
]
