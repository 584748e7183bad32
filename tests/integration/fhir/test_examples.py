"""Documents of every shape through the API: what goes in comes out."""

import pytest

from fhir import json
from tests.examples import EXAMPLES
from tests.factories import list_endpoint


def element_text(body: bytes) -> dict[str, bytes]:
    """Each top-level element as JSON text, so that digits and order are compared, not values."""
    return {
        name: json.dumps(value)
        for name, value in json.loads(body).items()
        if name not in ("id", "meta")
    }


@pytest.mark.parametrize(("name", "body"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_a_document_comes_back_to_the_digit(api, name, body):
    list_endpoint()
    admin = api("admin")
    type_name = json.loads(body)["resourceType"]
    created = admin.post(type_name, body)
    assert created.status_code == 201, created.content
    stored = admin.get(f"{type_name}/{created.json()['id']}").content
    assert element_text(stored) == element_text(body)
    patched = admin.patch(
        f"{type_name}/{created.json()['id']}",
        [{"op": "add", "path": "/meta/tag", "value": [{"code": "patched"}]}],
    )
    assert patched.status_code == 200, patched.content
    known = element_text(patched.content)
    known.pop("lastModified", None)
    assert known == {k: v for k, v in element_text(body).items() if k != "lastModified"}


def test_there_are_158_of_them():
    assert len(EXAMPLES) == len(dict(EXAMPLES)) == 158
