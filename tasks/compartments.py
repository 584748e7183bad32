"""Tasks in compartments: R4's definitions leave them out, and everybody looks for them there.

A patient's are those of R5's definition; the others follow what R4 says of ServiceRequest.
https://hl7.org/fhir/R5/compartmentdefinition-patient.html
"""

from fhir.search.compartments import add_member

PARAMETERS = {
    "Device": ("owner", "requester"),
    "Encounter": ("encounter",),
    "Patient": ("patient", "focus"),
    "Practitioner": ("owner", "requester"),
    "RelatedPerson": ("owner", "requester"),
}


def register() -> None:
    for compartment_type, parameters in PARAMETERS.items():
        add_member(compartment_type, "Task", parameters)
