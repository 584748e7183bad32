"""fhir.patching.fhirpath_patch: the five operations of R4, what paths lead to, errors and limits.

The cases that the specification itself is tested with are here in words of our own.
https://hl7.org/fhir/R4/fhirpatch.html
"""

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir import json
from fhir.errors import FhirError, MalformedRequest, TooCostly, TooLarge
from fhir.patching import PatchFailed, apply_fhirpath_patch, intended
from fhir.patching.fhirpath import (
    MAX_LENGTH,
    MAX_NESTING,
    MAX_STEPS,
    InvalidPath,
    Node,
    Walker,
    parse_path,
)
from fhir.patching.nodes import fold, unfold

OFFICIAL = "identifier.where(use = 'official')"


def part(name, value=None, **more):
    """A part; what `value` is called follows from the name."""
    forms = {"type": "valueCode", "index": "valueInteger", "source": "valueInteger"}
    forms |= {"destination": "valueInteger"}
    return {"name": name} | ({forms.get(name, "valueString"): value} if value is not None else more)


def op(type_name, path, **parts):
    """`value` is the member of the part: value={"valueDate": …}, or a list of nested parts."""
    given = [part("type", type_name), part("path", path)]
    for name, value in parts.items():
        if name == "value":
            given.append({"name": "value"} | ({"part": value} if type(value) is list else value))
        else:
            given.append(part(name, value))
    return {"name": "operation", "part": given}


def parameters(*operations):
    return {"resourceType": "Parameters"} | ({"parameter": [*operations]} if operations else {})


def patched(document, *operations):
    sent = parameters(*operations)
    before, before_sent = deepcopy(document), deepcopy(sent)
    try:
        return apply_fhirpath_patch(document, sent, resource_type=document["resourceType"])
    finally:
        assert document == before
        assert sent == before_sent


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def identifiers(*values):
    return [{"system": "http://clinic.example", "value": value} for value in values]


def identifier(value):
    return {"valueIdentifier": identifiers(value)[0]}


BORN = patient(birthDate="1920-01-01")
CONTACT = patient(contact=[{"name": {"text": "a name"}, "gender": "male"}])
NAMED = patient(contact=[{"name": {"text": "a name"}}])
MARRIED = patient(maritalStatus={"id": "1", "text": "married"})
FOUR = patient(identifier=identifiers("1", "2", "3", "4"))

AS_SPECIFIED = {
    "no difference": (BORN, [], BORN),
    "replace a primitive": (
        BORN,
        [op("replace", "Patient.birthDate", value={"valueDate": "1930-01-01"})],
        patient(birthDate="1930-01-01"),
    ),
    "delete a primitive": (BORN, [op("delete", "Patient.birthDate")], patient()),
    "add a primitive": (
        patient(),
        [op("add", "Patient", name="birthDate", value={"valueDate": "1920-01-01"})],
        BORN,
    ),
    "replace a nested primitive": (
        CONTACT,
        [op("replace", "Patient.contact[0].gender", value={"valueCode": "female"})],
        patient(contact=[{"name": {"text": "a name"}, "gender": "female"}]),
    ),
    "replace one nested deeper": (
        CONTACT,
        [op("replace", "Patient.contact[0].name.text", value={"valueString": "the name"})],
        patient(contact=[{"name": {"text": "the name"}, "gender": "male"}]),
    ),
    "delete a nested primitive": (CONTACT, [op("delete", "Patient.contact[0].gender")], NAMED),
    "delete the last of an element": (
        CONTACT,
        [op("delete", "Patient.contact[0].name.text")],
        patient(contact=[{"gender": "male"}]),
    ),
    "add a nested primitive": (
        NAMED,
        [op("add", "Patient.contact[0]", name="gender", value={"valueCode": "male"})],
        CONTACT,
    ),
    "add a complex element": (
        patient(),
        [
            op(
                "add",
                "Patient",
                name="maritalStatus",
                value={"valueCodeableConcept": {"id": "1", "text": "married"}},
            )
        ],
        MARRIED,
    ),
    "replace a complex element with its id": (
        MARRIED,
        [
            op(
                "replace",
                "Patient.maritalStatus",
                value={"valueCodeableConcept": {"id": "2", "text": "not married"}},
            )
        ],
        patient(maritalStatus={"id": "2", "text": "not married"}),
    ),
    "delete a complex element": (MARRIED, [op("delete", "Patient.maritalStatus")], patient()),
    "add an anonymous type": (
        patient(),
        [
            op(
                "add",
                "Patient",
                name="contact",
                value=[{"name": "name", "valueHumanName": {"text": "a name"}}],
            )
        ],
        NAMED,
    ),
    "delete an anonymous type": (NAMED, [op("delete", "Patient.contact[0]")], patient()),
    "a list is unchanged": (FOUR, [], FOUR),
    "the contents of a list change": (
        patient(identifier=[{"id": "a", "value": "1"}, {"id": "b", "value": "2"}]),
        [
            op("replace", "Patient.identifier[0].value", value={"valueString": "2"}),
            op("replace", "Patient.identifier[1].value", value={"valueString": "1"}),
        ],
        patient(identifier=[{"id": "a", "value": "2"}, {"id": "b", "value": "1"}]),
    ),
    "insert at the end": (
        patient(identifier=identifiers("1", "2")),
        [op("insert", "Patient.identifier", index=2, value=identifier("3"))],
        patient(identifier=identifiers("1", "2", "3")),
    ),
    "insert between": (
        patient(identifier=identifiers("1", "2")),
        [op("insert", "Patient.identifier", index=1, value=identifier("3"))],
        patient(identifier=identifiers("1", "3", "2")),
    ),
    "insert at the beginning": (
        patient(identifier=identifiers("1", "2")),
        [op("insert", "Patient.identifier", index=0, value=identifier("3"))],
        patient(identifier=identifiers("3", "1", "2")),
    ),
    "delete the first": (
        FOUR,
        [op("delete", "Patient.identifier[0]")],
        patient(identifier=identifiers("2", "3", "4")),
    ),
    "delete one between": (
        FOUR,
        [op("delete", "Patient.identifier[1]")],
        patient(identifier=identifiers("1", "3", "4")),
    ),
    "delete the last": (
        FOUR,
        [op("delete", "Patient.identifier[3]")],
        patient(identifier=identifiers("1", "2", "3")),
    ),
    "move up": (
        FOUR,
        [op("move", "Patient.identifier", source=3, destination=1)],
        patient(identifier=identifiers("1", "4", "2", "3")),
    ),
    "move to the beginning": (
        FOUR,
        [op("move", "Patient.identifier", source=3, destination=0)],
        patient(identifier=identifiers("4", "1", "2", "3")),
    ),
    "move by one": (
        FOUR,
        [op("move", "Patient.identifier", source=3, destination=2)],
        patient(identifier=identifiers("1", "2", "4", "3")),
    ),
    "move to the end": (
        FOUR,
        [op("move", "Patient.identifier", source=0, destination=3)],
        patient(identifier=identifiers("2", "3", "4", "1")),
    ),
    "move twice": (
        FOUR,
        [
            op("move", "Patient.identifier", source=1, destination=0),
            op("move", "Patient.identifier", source=2, destination=1),
        ],
        patient(identifier=identifiers("2", "3", "1", "4")),
    ),
    "turn a list round": (
        FOUR,
        [op("move", "Patient.identifier", source=3, destination=each) for each in range(3)],
        patient(identifier=identifiers("4", "3", "2", "1")),
    ),
    "add to a list that is not there": (
        patient(),
        [op("add", "Patient", name="identifier", value=identifier("1"))],
        patient(identifier=identifiers("1")),
    ),
    "replace a narrative by a string": (
        patient(text={"status": "generated", "div": "<div>a</div>"}, name=[{"family": "C"}]),
        [
            op("replace", "Patient.text.div", value={"valueString": "<div>b</div>"}),
            op("replace", "Patient.name[0].family", value={"valueString": "C1"}),
        ],
        patient(text={"status": "generated", "div": "<div>b</div>"}, name=[{"family": "C1"}]),
    ),
}


@pytest.mark.parametrize("case", AS_SPECIFIED)
def test_the_cases_of_the_specification(case):
    document, operations, expected = AS_SPECIFIED[case]
    assert patched(document, *operations) == expected


def test_adding_below_a_missing_element_fails():
    document = patient(identifier=[{"use": "official", "value": "123"}])
    operation = op("add", f"Patient.{OFFICIAL}.period", name="end", value={"valueDate": "2021"})
    with pytest.raises(PatchFailed) as refused:
        patched(document, operation)
    assert refused.value.issues[0].expression == "Parameters.parameter[0]"


# Paths

PEOPLE = patient(
    active=True,
    name=[
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "usual", "given": ["Jim"]},
        {"family": "O'Neil", "period": {"end": "2002"}},
    ],
    extension=[
        {"url": "http://a.example/x", "valueString": "one"},
        {"url": "http://a.example/y", "valueQuantity": {"value": Decimal("1.50")}},
    ],
    contained=[{"resourceType": "Organization", "id": "o", "name": "Here"}],
    multipleBirthInteger=2,
    birthDate="1974-12-25",
    _birthDate={"extension": [{"url": "http://a.example/time", "valueTime": "14:35:00"}]},
)


def values_at(path, document=PEOPLE):
    """The values of the primitives that a path leads to."""
    walker = Walker(Node(fold(document), document["resourceType"]))
    return [node.value.value for node in walker.select(parse_path(path, "Patient")).nodes]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Patient.name[0].given[1]", ["James"]),
        ("name[0].given[1]", ["James"]),
        ("$this.name[0].given[1]", ["James"]),
        ("Patient . name [ 0 ] . given [ 1 ]", ["James"]),
        ("Resource.id", []),
        ("Patient.name.given", ["Peter", "James", "Jim"]),
        ("Patient.name.given[2]", ["Jim"]),
        ("Patient.name.given[3]", []),
        ("Patient.name.given.last()", ["Jim"]),
        ("Patient.name.given.first()", ["Peter"]),
        ("Patient.name[1].given.single()", ["Jim"]),
        ("Patient.name.where(use = 'usual').given", ["Jim"]),
        ("Patient.name.where(use = 'nickname').given", []),
        ("Patient.name.where(use='official' and family='Chalmers').given[0]", ["Peter"]),
        ("Patient.name.where(use='usual' and family='Chalmers').given", []),
        ("Patient.name.where(use='old' or use='usual').given", ["Jim"]),
        ("Patient.name.where(use='usual' or use='x' and use='y').given", ["Jim"]),
        ("Patient.name.where((use='usual' or use='x') and use='y').given", []),
        ("Patient.name.where(use.empty()).family", ["O'Neil"]),
        ("Patient.name.where(use.exists().not()).family", ["O'Neil"]),
        ("Patient.name.where(use.exists() = false).family", ["O'Neil"]),
        ("Patient.name.where(period.exists()).family", ["O'Neil"]),
        ("Patient.name.where(period.end = @2002).family", ["O'Neil"]),
        ("Patient.name.where(given.exists($this = 'Jim')).given", ["Jim"]),
        ("Patient.name.where(given = 'Jim').given", ["Jim"]),
        ("Patient.name.where(given = 'Peter').given", []),  # two given names are not equal to one
        ("Patient.name.where(use != 'official').given", ["Jim"]),
        ("Patient.name.where(family = 'O\\'Neil').family", ["O'Neil"]),
        ("Patient.name.where(family = '\\u0043halmers').given[0]", ["Peter"]),
        ("Patient.name.given.where($this = 'James')", ["James"]),
        ("Patient.`name`[0].`given`[1]", ["James"]),
        ("Patient.extension('http://a.example/x').value", ["one"]),
        ("Patient.extension.where(value.value = 1.5).url", ["http://a.example/y"]),
        ("Patient.extension.where(value = '1.5').url", []),
        ("Patient.extension.value.ofType(string)", ["one"]),
        ("Patient.extension.value.as(Quantity).value", [Decimal("1.50")]),
        ("Patient.extension.value.ofType(FHIR.Quantity).value", [Decimal("1.50")]),
        ("Patient.contained.where(id='o').name", ["Here"]),
        ("Patient.contained.ofType(Organization).name", ["Here"]),
        ("Patient.contained.status", []),
        ("Patient.multipleBirth", [2]),
        ("Patient.where(active = true).multipleBirth", [2]),
        ("Patient.where(active).multipleBirth", [2]),
        ("Patient.where(active.not()).multipleBirth", []),
        ("Patient.where(multipleBirth = 2).multipleBirth", [2]),
        ("Patient.where(multipleBirth = '2').multipleBirth", []),
        ("Patient.where(active = 1).multipleBirth", []),
        ("Patient.birthDate.extension('http://a.example/time').value", ["14:35:00"]),
        ("Patient.birthDate.extension.url", ["http://a.example/time"]),
    ],
)
def test_what_a_path_leads_to(path, found):
    assert values_at(path) == found


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "Patient.",
        "Patient..name",
        "Patient.name[",
        "Patient.name[0",
        "Patient.name[-1]",
        "Patient.name[0.5]",
        "Patient.name[1e3]",
        "Patient.name[9999999999]",
        "Patient.name[x]",
        "Patient.name.where(",
        "Patient.name.where()",
        "Patient.name.where(use = )",
        "Patient.name.where(use = 'official)",
        "Patient.name.where(use = 'off\\icial')",
        "Patient.name.where(use = '\\u00')",
        "Patient.name.where(use = '\\u00zz')",
        "Patient.name.where(use = 'official'",
        "Patient.name.where(use = 'official'))",
        "Patient.name.where(= 'official')",
        "Patient.name.where(use = other)",
        "Patient.name.where(use = 1.2.3)",
        "Patient.name.where('official' = use)",
        "Patient.name.extension()",
        "Patient.name.extension(url)",
        "Patient name",
        "Patient/name",
        "/name/0",
        "Patient.name.given | Patient.name.family",
        "Patient.name as HumanName",
        "Patient.name.where(use ~ 'official')",
        "Patient.name.where(use implies given)",
        "Patient.name.children()",
        "Patient.descendants()",
        "Patient.name.repeat(given)",
        "Patient.managingOrganization.resolve().name",
        "Patient.name.given.matches('(a+)+$')",
        "Patient.name.given.trace('x')",
        "%resource.name",
        "Patient.name.exists()",
        "Patient.name.empty()",
        "Patient.active.not()",
        "Patient.frobnicate",
        "Patient.contact.frobnicate",
        "Patient.name.where(frobnicate = 'x')",
        "Patient.multipleBirthInteger",
        "Patient.birthDate.value",
        "Patient.resourceType",
        "Observation.code",
        "Patient.name.single()",
        "Patient.naïve",
        "Patient" + ".extension" * (MAX_STEPS + 1),
        "Patient.name.where(use = '" + "x" * MAX_LENGTH + "')",
        "Patient.name"
        + ".where(period" * MAX_NESTING
        + ".exists()"
        + ")" * MAX_NESTING
        + ".where((use))",
        "Patient.name.where(" + "(" * 900 + "use" + ")" * 900 + ")",
    ],
)
def test_what_is_no_path_of_a_patch(path):
    with pytest.raises(InvalidPath) as refused:
        values_at(path)
    assert len(path) < 2 or path not in str(refused.value)


@given(st.text(max_size=60) | st.text("Patient.name[0]()where='x and or!@1", max_size=40))
def test_any_text_is_followed_or_refused(text):
    try:
        walker = Walker(Node(fold(PEOPLE), "Patient"))
        walker.select(parse_path(text, "Patient"))
    except InvalidPath:
        pass


# Primitives with extensions

TIME = {"extension": [{"url": "http://a.example/time", "valueTime": "14:35:00"}]}
GIVEN = patient(
    name=[{"given": ["A", None, "C"], "_given": [None, {"extension": TIME["extension"]}, None]}]
)


@pytest.mark.parametrize(
    "document",
    [
        PEOPLE,
        GIVEN,
        patient(_birthDate=TIME),
        patient(name=[{"_given": [TIME, None]}]),
        patient(name=[{"given": [None], "_given": [TIME]}]),
        patient(birthDate="1974", _birthDate={"id": "a"}),
    ],
)
def test_folding_loses_nothing(document):
    assert unfold(fold(document)) == document


def test_an_element_goes_and_comes_with_its_extensions():
    assert (
        patched(PEOPLE, op("delete", "Patient.birthDate"))
        .keys()
        .isdisjoint({"birthDate", "_birthDate"})
    )
    replaced = patched(PEOPLE, op("replace", "Patient.birthDate", value={"valueDate": "1975"}))
    assert (replaced["birthDate"], replaced.get("_birthDate")) == ("1975", None)
    moved = patched(GIVEN, op("move", "Patient.name[0].given", source=1, destination=2))
    assert moved["name"][0] == {"given": ["A", "C", None], "_given": [None, None, TIME]}
    inserted = patched(
        GIVEN, op("insert", "Patient.name[0].given", index=0, value={"valueString": "Z"})
    )
    assert inserted["name"][0]["given"] == ["Z", "A", None, "C"]
    assert inserted["name"][0]["_given"] == [None, None, TIME, None]


def test_a_value_may_be_nothing_but_an_extension():
    added = patched(patient(), op("add", "Patient", name="birthDate", value={"_valueDate": TIME}))
    assert added == patient(_birthDate=TIME)


def test_extensions_of_a_primitive_can_be_added_and_deleted():
    extension = [{"name": "url", "valueUri": "http://a.example/time"}]
    extension.append({"name": "value", "valueTime": "14:35:00"})
    added = patched(BORN, op("add", "Patient.birthDate", name="extension", value=extension))
    assert added == patient(birthDate="1920-01-01", _birthDate=TIME)
    assert patched(added, op("delete", "Patient.birthDate.extension[0]")) == BORN
    assert patched(patient(_birthDate=TIME), op("delete", "Patient.birthDate.extension")) == (
        patient()
    )


# Values


def test_a_choice_is_named_without_its_type():
    dead = op("add", "Patient", name="deceased", value={"valueBoolean": True})
    assert patched(patient(), dead) == patient(deceasedBoolean=True)
    when = op("replace", "Patient.deceased", value={"valueDateTime": "2020"})
    assert patched(patient(deceasedBoolean=True), when) == patient(deceasedDateTime="2020")
    with pytest.raises(PatchFailed):
        patched(patient(deceasedDateTime="2020"), dead)


def test_decimals_keep_their_digits():
    value = {"valueQuantity": {"value": Decimal("2.500")}}
    operation = op("replace", "Patient.extension[1].value", value=value)
    text = json.dumps(patched(PEOPLE, operation))
    assert b'"value":2.500' in text
    untouched = patched(PEOPLE, op("delete", "Patient.active"))
    assert b'"value":1.50' in json.dumps(untouched)


def test_nested_parts_repeat_for_a_list_and_nest_again():
    value = [
        {"name": "relationship", "valueCodeableConcept": {"text": "partner"}},
        {"name": "relationship", "valueCodeableConcept": {"text": "friend"}},
        {
            "name": "name",
            "part": [
                {"name": "family", "valueString": "Chalmers"},
                {"name": "given", "valueString": "A"},
                {"name": "given", "valueString": "B"},
            ],
        },
    ]
    assert patched(patient(), op("add", "Patient", name="contact", value=value)) == patient(
        contact=[
            {
                "relationship": [{"text": "partner"}, {"text": "friend"}],
                "name": {"family": "Chalmers", "given": ["A", "B"]},
            }
        ]
    )


def test_a_contained_resource_is_given_as_a_resource():
    resource = {"resourceType": "Organization", "id": "o", "name": "Here"}
    added = patched(patient(), op("add", "Patient", name="contained", value={"resource": resource}))
    assert added == patient(contained=[resource])
    renamed = op("replace", "Patient.contained[0].name", value={"valueString": "There"})
    assert patched(added, renamed)["contained"][0]["name"] == "There"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gender", {"valueString": "male"}),  # FHIRPath has one type of text
        ("birthDate", {"valueDateTime": "1974"}),
        ("multipleBirth", {"valueInteger": 2}),
    ],
)
def test_a_value_of_the_same_kind_fits(name, value):
    (given,) = value.values()
    assert given in patched(patient(), op("add", "Patient", name=name, value=value)).values()


# What is refused

IMPOSSIBLE = {
    "add to several": op("add", "Patient.name", name="use", value={"valueCode": "old"}),
    "add what is there": op("add", "Patient", name="birthDate", value={"valueDate": "1974"}),
    "add a choice of another type": op(
        "add", "Patient", name="multipleBirth", value={"valueBoolean": True}
    ),
    "add an unknown element": op("add", "Patient", name="color", value={"valueString": "x"}),
    "add the JSON name of a choice": op(
        "add", "Patient", name="deceasedBoolean", value={"valueBoolean": True}
    ),
    "add to a primitive": op(
        "add", "Patient.name[0].family", name="given", value={"valueString": "x"}
    ),
    "add another type": op("add", "Patient", name="birthDate", value={"valueString": "1974"}),
    "add a number for text": op("add", "Patient", name="language", value={"valueInteger": 1}),
    "add a complex for a primitive": op(
        "add", "Patient", name="language", value={"valueCoding": {"code": "en"}}
    ),
    "add a primitive for a complex": op(
        "add", "Patient", name="maritalStatus", value={"valueString": "M"}
    ),
    "add another complex": op(
        "add", "Patient", name="maritalStatus", value={"valueCoding": {"code": "M"}}
    ),
    "add a type that a choice does not take": op(
        "add", "Patient", name="deceased", value={"valueString": "yes"}
    ),
    "add parts to a choice": op(
        "add", "Patient", name="deceased", value=[{"name": "x", "valueString": "x"}]
    ),
    "add parts that are no elements": op(
        "add", "Patient", name="contact", value=[{"name": "color", "valueString": "x"}]
    ),
    "add a part twice that does not repeat": op(
        "add",
        "Patient",
        name="contact",
        value=[{"name": "gender", "valueCode": "male"}, {"name": "gender", "valueCode": "other"}],
    ),
    "add a resource where none goes": op(
        "add", "Patient", name="name", value={"resource": {"resourceType": "Parameters"}}
    ),
    "add a value where a resource goes": op(
        "add", "Patient", name="contained", value={"valueString": "x"}
    ),
    "insert past the end": op(
        "insert", "Patient.name", index=4, value={"valueHumanName": {"text": "x"}}
    ),
    "insert before the beginning": op(
        "insert", "Patient.name", index=-1, value={"valueHumanName": {"text": "x"}}
    ),
    "insert where nothing repeats": op(
        "insert", "Patient.language", index=0, value={"valueCode": "en"}
    ),
    "insert into lists of several": op(
        "insert", "Patient.name.given", index=0, value={"valueString": "x"}
    ),
    "insert below what is missing": op(
        "insert",
        "Patient.contact.telecom",
        index=0,
        value={"valueContactPoint": {"system": "phone"}},
    ),
    "insert into an item": op(
        "insert", "Patient.name[0]", index=0, value={"valueHumanName": {"text": "x"}}
    ),
    "insert into the resource": op(
        "insert", "Patient", index=0, value={"valueHumanName": {"text": "x"}}
    ),
    "delete several": op("delete", "Patient.name"),
    "delete the resource": op("delete", "Patient"),
    "delete the id": op("delete", "Patient.id"),
    "replace several": op("replace", "Patient.name", value={"valueHumanName": {"text": "x"}}),
    "replace nothing": op("replace", "Patient.gender", value={"valueCode": "male"}),
    "replace the resource": op(
        "replace", "Patient", value={"resource": {"resourceType": "Parameters"}}
    ),
    "replace the id": op("replace", "Patient.id", value={"valueId": "other"}),
    "replace by another type": op(
        "replace", "Patient.name[0].family", value={"valueBoolean": True}
    ),
    "move from past the end": op("move", "Patient.name", source=3, destination=0),
    "move to past the end": op("move", "Patient.name", source=0, destination=3),
    "move backwards": op("move", "Patient.name", source=-1, destination=0),
    "move in an empty list": op("move", "Patient.contact", source=0, destination=0),
    "a function that is not understood": op("delete", "Patient.name.descendants()"),
    "another resource": op("delete", "Observation.code"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_does_not_fit_is_refused(case):
    fine = op("delete", "Patient.active")
    with pytest.raises(PatchFailed) as refused:
        patched(PEOPLE | {"id": "p1"}, fine, IMPOSSIBLE[case])
    [issue] = refused.value.issues
    assert refused.value.status == 422
    assert issue.expression in ("Parameters.parameter[1]", "Patient.id")
    assert "Chalmers" not in issue.diagnostics


def test_deleting_nothing_is_fine():
    assert patched(BORN, op("delete", "Patient.gender")) == BORN
    assert patched(BORN, op("delete", "Patient.name.where(use = 'old').given")) == BORN


DELETE = op("delete", "Patient.active")
MALFORMED = {
    "nothing": None,
    "a list": [],
    "a JSON Patch": [{"op": "remove", "path": "/active"}],
    "another resource": {"resourceType": "Patient"},
    "no resource": {"parameter": [DELETE]},
    "a parameter that is no list": {"resourceType": "Parameters", "parameter": DELETE},
    "another parameter": parameters({"name": "patch", "part": DELETE["part"]}),
    "no parts": parameters({"name": "operation"}),
    "an operation with a value": parameters({"name": "operation", "valueString": "x"}),
    "no type": parameters({"name": "operation", "part": [part("path", "Patient.active")]}),
    "no path": parameters({"name": "operation", "part": [part("type", "delete")]}),
    "an unknown type": parameters(op("remove", "Patient.active")),
    "a type that is text": parameters(
        {"name": "operation", "part": [part("type", valueString="delete"), DELETE["part"][1]]}
    ),
    "a path that is a number": parameters(
        {"name": "operation", "part": [DELETE["part"][0], part("path", valueInteger=1)]}
    ),
    "a part twice": parameters({"name": "operation", "part": [*DELETE["part"], DELETE["part"][1]]}),
    "a part too many": parameters(op("delete", "Patient.active", index=1)),
    "a part of its own": parameters(op("delete", "Patient.active", reason="x")),
    "no name": parameters(op("add", "Patient", value={"valueBoolean": True})),
    "no value": parameters(op("add", "Patient", name="active")),
    "an empty value": parameters(op("replace", "Patient.active", value={})),
    "two values": parameters(
        op("replace", "Patient.active", value={"valueBoolean": True, "valueString": "x"})
    ),
    "a value of no datatype": parameters(op("replace", "Patient.active", value={"valueFoo": 1})),
    "an index that is text": parameters(
        {
            "name": "operation",
            "part": [
                part("type", "insert"),
                part("path", "Patient.name"),
                part("index", valueString="0"),
                part("value", valueHumanName={"text": "x"}),
            ],
        }
    ),
    "an empty path": parameters(op("delete", "")),
    "a path that is none": parameters(op("delete", "Patient.name[")),
    "a pointer": parameters(op("delete", "/active")),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_fhirpath_patch_is_malformed(case):
    with pytest.raises(MalformedRequest) as refused:
        apply_fhirpath_patch(PEOPLE, MALFORMED[case], resource_type="Patient")
    assert refused.value.status == 400


def test_what_is_intended_is_known_without_the_document():
    house = {"reference": "Practitioner/house"}
    patch = parameters(
        op("add", "Task", name="owner", value={"valueReference": house}),
        op("replace", "Task.owner", value={"valueReference": house}),
        op("replace", "Task.status", value={"valueCode": "accepted"}),
        op("add", "Task", name="note", value=[{"name": "text", "valueString": "x"}]),
        op("delete", "Task.owner"),
        op("delete", "Task.owner ["),
    )
    assert intended(patch, "Task") == [
        {"path": "/owner", "value": house},
        {"path": "/owner", "value": house},
        {"path": "/status", "value": "accepted"},
        {"path": "/note", "value": None},
        {"path": "/owner", "value": None},
    ]
    with pytest.raises(MalformedRequest):
        intended({"resourceType": "Parameters", "owner": "x"}, "Task")


# Limits


def test_there_is_a_limit_of_operations():
    with pytest.raises(TooLarge):
        patched(BORN, *[op("delete", "Patient.gender")] * 501)
    assert patched(BORN, *[op("delete", "Patient.gender")] * 500) == BORN


def test_the_result_has_the_limits_of_any_resource():
    value = {"valueHumanName": {"text": "x" * 700_000}}
    with pytest.raises(TooLarge):
        patched(patient(), *[op("add", "Patient", name="name", value=value)] * 3)
    nested = {"valueString": "x"}
    for _ in range(15):
        nested = {"part": [{"name": "url", "valueUri": "u"}, {"name": "extension"} | nested]}
    path, operations = "Patient", []
    for _ in range(5):
        operations.append(op("add", path, name="extension", value=nested["part"]))
        path += ".extension.last()" * 15
    with pytest.raises(FhirError):
        patched(patient(), *operations)


def test_paths_that_lead_to_too_much_are_stopped():
    many = patient(identifier=identifiers(*(str(number) for number in range(3_000))))
    operation = op("delete", "Patient.identifier.where(value = 'x' or system = 'y')")
    with pytest.raises(TooCostly):
        patched(many, *[operation] * 500)
    assert patched(many, operation) == many


def test_values_are_not_shared_between_operations():
    value = {"valueHumanName": {"text": "x"}}
    both = patched(
        patient(),
        *[op("add", "Patient", name="name", value=value)] * 2,
        op("replace", "Patient.name[0].text", value={"valueString": "y"}),
    )
    assert both["name"] == [{"text": "y"}, {"text": "x"}]


parts = st.dictionaries(
    st.sampled_from(["name", "valueString", "valueCode", "valueInteger", "part"]),
    st.sampled_from(["type", "path", "value", "add", "Patient", "active", 0, True]),
)


@given(st.lists(st.fixed_dictionaries({"name": st.just("operation"), "part": st.lists(parts)})))
def test_any_parameters_are_applied_or_refused(operations):
    try:
        patched(PEOPLE, *operations)
    except FhirError:
        pass
