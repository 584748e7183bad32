"""`manage.py load_fhir`: everything that can be loaded is, and what cannot is named with its reason."""

import io
import json
import tracemalloc
import types

import pytest
from django.core.management import CommandError, call_command

from fhir import loading
from fhir.management.commands import load_fhir
from fhir.models import ClinicalResource, ResourceVersion

pytestmark = pytest.mark.django_db


def versions():
    """Of what the files hold: the server keeps resources of its own besides."""
    return ResourceVersion.objects.filter(resource_type__in=("Organization", "Location"))


def organization(number, **elements):
    return {
        "resourceType": "Organization",
        "id": f"org-{number}",
        "name": f"Practice {number}",
    } | elements


def bundle(kind, *resources, **elements):
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries} | elements


@pytest.fixture
def file(tmp_path):
    def write(name, *values):
        lines = [value if isinstance(value, str) else json.dumps(value) for value in values]
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


class Run(types.SimpleNamespace):
    """exit code, out, err."""


def run(*paths):
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command("load_fhir", *map(str, paths), stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return Run(code=code, out=out.getvalue(), err=err.getvalue())


def stored_ids(resource_type="Organization"):
    rows = ClinicalResource.objects.filter(resource_type=resource_type)
    return sorted(rows.values_list("resource_id", flat=True))


def test_ndjson_is_loaded(file):
    done = run(file("some.ndjson", *(organization(number) for number in range(250))))
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("250 resources loaded from 1 file in ")
    assert len(stored_ids()) == 250


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection", "searchset", "history"])
def test_a_bundle_of_any_type_is_loaded(file, kind):
    assert run(file("some.json", bundle(kind, organization(1), organization(2)))).code == 0
    assert stored_ids() == ["org-1", "org-2"]


def test_a_single_resource_in_many_lines_is_loaded(file):
    assert run(file("one.json", json.dumps(organization(1), indent=2))).code == 0
    assert stored_ids() == ["org-1"]


def test_ndjson_is_known_by_its_lines_too(file):
    assert run(file("some.json", organization(1), organization(2))).code == 0
    assert stored_ids() == ["org-1", "org-2"]


def test_a_folder_is_loaded_file_by_file(file, tmp_path):
    file("folder/b.ndjson", organization(2))
    file("folder/a.json", bundle("collection", organization(1)))
    file("folder/readme.txt", "not for loading")
    done = run(tmp_path / "folder")
    assert done.out.startswith("2 resources loaded from 2 files")


def test_stdin_is_loaded(monkeypatch):
    text = "\n".join(json.dumps(organization(number)) for number in (1, 2)).encode()
    stdin = types.SimpleNamespace(buffer=io.BytesIO(text))
    monkeypatch.setattr(load_fhir.sys, "stdin", stdin)
    assert run("-").code == 0
    assert stored_ids() == ["org-1", "org-2"]


def test_what_is_refused_is_named_and_the_rest_loaded(file):
    path = file(
        "some.ndjson",
        organization(1),
        organization(2, active="SECRET"),
        "{not json",
        {"resourceType": "Nonsense", "id": "x"},
        {"id": "y"},
        organization("bad id"),
        "[1]",
        organization(3),
    )
    done = run(path)
    assert done.code == 1
    assert stored_ids() == ["org-1", "org-3"]
    lines = done.err.splitlines()
    assert lines[-1] == "6 resources refused, named above."
    named = {line.split(": ")[0].removeprefix(f"{path}, ") for line in lines[:-1]}
    assert named == {
        "line 2, Organization/org-2",
        "line 3",
        "line 4, Nonsense/x",
        "line 5, /y",
        "line 6, Organization",
        "line 7",
    }
    assert "Organization.active " in done.err
    assert "SECRET" not in done.err


def test_entries_that_are_refused_are_named(file):
    wrong = bundle("collection", organization(1), organization(2, active=3))
    wrong["entry"].append({"fullUrl": "urn:uuid:1"})
    done = run(file("some.json", wrong))
    assert done.code == 1
    assert "entry 1, Organization/org-2: Organization.active " in done.err
    assert "entry 2: There is no resource in it." in done.err
    assert stored_ids() == ["org-1"]


def test_loading_again_makes_no_new_version(file):
    nameless = {"resourceType": "Organization", "name": "Practice without an id"}
    path = file("some.ndjson", organization(1), nameless)
    assert run(path).code == 0
    assert run(path).code == 0
    assert len(stored_ids()) == 2
    assert versions().count() == 2


def test_a_change_in_the_file_makes_one_new_version(file):
    run(file("some.ndjson", organization(1), organization(2)))
    run(file("some.ndjson", organization(1), organization(2, name="Another name")))
    made = versions().order_by("resource_id", "version_id")
    assert list(made.values_list("resource_id", "version_id")) == [
        ("org-1", 1),
        ("org-2", 1),
        ("org-2", 2),
    ]


def test_references_between_entries_lead_to_what_was_made_of_them(file):
    content = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111",
                "resource": {
                    "resourceType": "Location",
                    "managingOrganization": {
                        "reference": "urn:uuid:22222222-2222-4222-8222-222222222222"
                    },
                },
                "request": {"method": "POST", "url": "Location"},
            },
            {
                "fullUrl": "urn:uuid:22222222-2222-4222-8222-222222222222",
                "resource": {"resourceType": "Organization", "name": "Somewhere"},
                "request": {"method": "POST", "url": "Organization"},
            },
        ],
    }
    path = file("some.json", content)
    assert run(path).code == 0
    location = json.loads(ClinicalResource.objects.get(resource_type="Location").document)
    assert location["managingOrganization"]["reference"] == f"Organization/{stored_ids()[0]}"
    assert run(path).code == 0
    assert versions().count() == 2


def large_bundle(tmp_path, count=3000):
    """Some 3 MB, in one line."""
    resources = [organization(number, alias=["x" * 1000]) for number in range(count)]
    resources[1]["active"] = "yes"
    path = tmp_path / "large.json"
    path.write_text(json.dumps(bundle("collection", *resources)))
    return path


def test_a_large_bundle_is_read_entry_by_entry(tmp_path):
    path = large_bundle(tmp_path)
    with path.open("rb") as stream:
        items = list(loading.read(stream))
    assert len(items) == 3000
    assert items[2].document["id"] == "org-2"
    assert [outcome.loaded for outcome in loading.load(items[:200])] == [99, 100]


def test_a_large_file_that_breaks_off_is_named(tmp_path):
    path = large_bundle(tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    with path.open("rb") as stream:
        *_, last = loading.read(stream)
    assert last.refusal.startswith("It is not JSON after entry 29")


def test_a_large_file_that_is_neither_ndjson_nor_a_bundle_is_named(tmp_path):
    path = tmp_path / "large.json"
    path.write_text(json.dumps(organization(1, name="x" * 2_200_000)))
    with path.open("rb") as stream:
        (item,) = loading.read(stream)
    assert item.refusal == "It is larger than 2 MB, and neither NDJSON nor a Bundle."


def test_a_large_bundle_from_a_pipe_is_refused(tmp_path):
    stream = io.BytesIO(large_bundle(tmp_path).read_bytes())
    stream.seekable = lambda: False
    (item,) = loading.read(stream)
    assert "not from a pipe" in item.refusal


def test_a_number_that_is_too_large_is_refused_alone(tmp_path):
    padding = [organization(number, alias=["x" * 1000]) for number in range(2500)]
    padding[7]["alias"] = ["PLACE"]
    text = json.dumps(bundle("collection", *padding)).replace('"PLACE"', "1e9999")
    (tmp_path / "large.json").write_text(text)
    with (tmp_path / "large.json").open("rb") as stream:
        refused = [item for item in loading.read(stream) if item.refusal]
    assert [item.name for item in refused] == ["entry 7"]


def test_numbers_keep_their_digits_in_a_large_bundle(tmp_path):
    padding = [organization(number, alias=["x" * 1000]) for number in range(2500)]
    text = json.dumps(bundle("collection", *padding))
    exact = '{"resource":{"resourceType":"Observation","valueQuantity":{"value":1.00}}}'
    path = tmp_path / "large.json"
    path.write_text(text.removesuffix("]}") + "," + exact + "]}")
    with path.open("rb") as stream:
        *_, last = loading.read(stream)
    assert str(last.document["valueQuantity"]["value"]) == "1.00"


def test_memory_does_not_grow_with_the_file():
    line = json.dumps(organization(1, alias=["x" * 100_000])).encode() + b"\n"

    class Endless(io.RawIOBase):
        """40 MB of lines, none of which is kept."""

        left = 400

        def readable(self):
            return True

        def readinto(self, buffer):
            if not self.left:
                return 0
            self.left -= 1
            buffer[: len(line)] = line
            return len(line)

    stream = io.BufferedReader(Endless(), buffer_size=len(line))
    tracemalloc.start()
    try:
        assert sum(1 for _ in loading.read(stream, suffix=".ndjson")) == 400
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_line_that_is_too_long_is_named_and_the_next_loaded(file):
    path = file("some.ndjson", organization(1, name="x" * 2_200_000), organization(2))
    done = run(path)
    assert "line 1: The line is longer than 2 MB." in done.err
    assert stored_ids() == ["org-2"]


def test_a_path_that_is_not_there_is_an_error_before_anything_is_loaded(file, tmp_path):
    done = run(file("some.ndjson", organization(1)), tmp_path / "nowhere.json")
    assert done.code == 1
    assert done.err == f"There is no file or folder {tmp_path / 'nowhere.json'}."
    assert stored_ids() == []


def test_an_empty_folder_is_an_error(tmp_path):
    assert "holds no .ndjson, .jsonl, .json file." in run(tmp_path).err


def test_an_empty_file_is_nothing(file):
    assert run(file("empty.json", "")).out.startswith("0 resources loaded")
