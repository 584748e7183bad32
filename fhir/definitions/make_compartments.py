"""Makes compartments.json beside this file from the official CompartmentDefinitions of FHIR R4.

    python -m fhir.definitions.make_compartments FOLDER

FOLDER holds compartmentdefinition-patient.json, -practitioner, -relatedperson, -encounter and
-device of 4.0.1. HL7 publishes them, under CC0, at https://hl7.org/fhir/R4/compartmentdefinition.html

The result is, per compartment, `Type: [parameters]` of its members: a resource of the type is in the
compartment when one of the parameters leads to the compartment's own resource; `{def}` says that it
is that resource.
"""

import sys
from pathlib import Path

from fhir.definitions.make import FHIR_VERSION, read, write


def compartments_of(folder: Path) -> dict[str, dict[str, list[str]]]:
    content = {}
    for file in sorted(folder.glob("compartmentdefinition-*.json")):
        definition = read(folder, file.name)
        if definition["version"] != FHIR_VERSION:
            raise SystemExit(f"{file.name} is of version {definition['version']}")
        content[definition["code"]] = {
            member["code"]: member["param"]
            for member in definition["resource"]
            if member.get("param")
        }
    return content


if __name__ == "__main__":
    write("compartments.json", compartments_of(Path(sys.argv[1])))
