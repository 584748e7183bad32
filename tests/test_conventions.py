"""What the code promises about its own shape (CONTRIBUTING.md)."""

import ast
import inspect
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from fhir import definitions
from fhir.management.commands import api_docs
from fhir.models import Resource
from tasks import actions, moves
from tasks.management.commands.workflow_diagram import FILE, diagram
from tasks.transitions import TRANSITIONS, Status
from tests.browser import JOURNEYS

TOP = Path(__file__).resolve().parent.parent
LAYERS = ("config", "tasks", "communications", "accounts", "fhir")
"""Each may import those to its right, and none to its left."""


def sources(*folders: str) -> list[Path]:
    """Our own Python, less what Django writes."""
    return sorted(
        file
        for folder in folders
        for file in (TOP / folder).rglob("*.py")
        if "migrations" not in file.parts
    )


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def imported(module: ast.Module) -> Iterator[str]:
    """The top-level names that are imported anywhere in a module, in functions too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def docstrings(module: ast.Module) -> set[int]:
    """The ids of the nodes of strings that stand alone: docstrings, and comments on names."""
    return {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def strings(module: ast.Module) -> Iterator[str]:
    """Every string literal that the code uses."""
    comments = docstrings(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in comments:
                yield node.value


# Arrows


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_one_way(layer):
    above = LAYERS[: LAYERS.index(layer)]
    wrong = {
        (str(file.relative_to(TOP)), name)
        for file in sources(layer)
        for name in imported(tree(file))
        if name in above
    }
    assert not wrong


def test_the_product_imports_nothing_of_the_tests():
    wrong = {
        str(file.relative_to(TOP))
        for file in sources(*LAYERS)
        if {"tests", "pytest", "hypothesis", "bench"} & {*imported(tree(file))}
    }
    assert not wrong


def test_the_fhir_layer_names_no_type_that_has_a_model_of_its_own():
    """A new resource type changes nothing in fhir/: what it needs to know is registered."""
    own = {
        model.resource_type
        for model in apps.get_models()
        if issubclass(model, Resource) and isinstance(model.resource_type, str)
    }
    assert {"Task", "Patient", "Practitioner", "PractitionerRole", "Communication"} <= own
    # The names of types as a word of a string: "Task", "Task/x", "Task.status".
    named = re.compile(rf"\b({'|'.join(sorted(own))})\b")
    wrong = {
        (str(file.relative_to(TOP)), text)
        for file in sources("fhir")
        if file.name != "make.py"  # reads the official definitions; no part of the product
        for text in strings(tree(file))
        if named.search(text)
    }
    assert not wrong


def test_every_model_of_a_resource_is_of_an_official_type():
    for model in apps.get_models():
        if issubclass(model, Resource) and isinstance(model.resource_type, str):
            assert model.resource_type in definitions.resource_types()


# Signatures


def functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def positional_bools(function: ast.FunctionDef) -> Iterator[str]:
    """Arguments that say `bool` or default to one, and may be given by their place."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(arguments) - len(function.args.defaults)) + function.args.defaults
    for argument, default in zip(arguments, defaults, strict=True):
        said = argument.annotation and ast.unparse(argument.annotation)
        is_bool = said and re.search(r"\bbool\b", said) and "[" not in said
        if is_bool or (isinstance(default, ast.Constant) and isinstance(default.value, bool)):
            yield argument.arg


def test_bools_are_given_by_name():
    wrong = {
        (str(file.relative_to(TOP)), function.name, argument)
        for file in sources(*LAYERS, "tests")
        for function in functions(tree(file))
        for argument in positional_bools(function)
    }
    assert not wrong


@pytest.mark.parametrize("name", ["actor", "if_match", "strict", "reason", "note", "output"])
def test_actions_take_who_and_how_by_name(name):
    from fhir import actions as resource_actions

    for module in (actions, moves, resource_actions):
        for verb, function in verbs(module):
            parameter = inspect.signature(function).parameters.get(name)
            if parameter is not None:
                assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, f"{verb}({name})"


def verbs(module) -> list[tuple[str, object]]:
    """The actions of a module: public functions of its own that take an actor by name."""
    return [
        (name, function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "actor" in inspect.signature(function).parameters
        and inspect.signature(function).parameters["actor"].kind is inspect.Parameter.KEYWORD_ONLY
    ]


@pytest.mark.parametrize("module", [actions, moves])
def test_every_action_has_a_file_of_tests(module):
    names = {name for name, _ in verbs(module)} - {"what_will_happen"}
    assert {"claim", "claim_next", "complete", "release", "add_note"} <= names or module is moves
    assert {"reroute", "assign", "escalate"} <= names or module is actions
    folder = TOP / "tests" / "integration" / "tasks"
    said = module.__name__.rpartition(".")[2]
    for name in names:
        file = folder / f"test_{name.removeprefix('add_')}.py"
        assert f"{said}.{name}(" in file.read_text(), f"{file} tries no {said}.{name}"


def test_there_are_no_drawers_for_everything():
    wrong = {
        str(file.relative_to(TOP))
        for file in sources(*LAYERS, "tests")
        if {"utils", "helpers", "common", "misc"} & {*file.with_suffix("").parts}
    }
    assert not wrong


# Doors

OPEN_PAGES = {
    "accounts:login",
    "/oauth2/token",  # signs a client in
    "/health",
    "/static/",
    "/api/schema",  # no data in them
    "/api/docs",
    "asset",
}
OPEN_API = (".well-known/smart-configuration",)
"""Besides the interactions that fhir.routes marks as open."""


def is_open(path: str, pattern: URLPattern, method: str) -> bool:
    if path.endswith(OPEN_API):
        return True
    route = pattern.callback.view_initkwargs.get("route")
    interaction = route and route.methods.get(method.upper())
    return bool(interaction and interaction.is_open)


def routes(resolver=None, path="/", namespace="") -> Iterator[tuple[str, str, URLPattern]]:
    """(path, name, pattern) of every URL."""
    for each in (resolver or get_resolver()).url_patterns:
        below = path + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            inner = ":".join(part for part in (namespace, each.namespace) if part)
            yield from routes(each, below, inner)
        else:
            name = ":".join(part for part in (namespace, each.name or "") if part)
            yield below, name, each


def filled(path: str) -> str:
    """A path of that route; what is looked up need not exist, as who asks is judged first."""
    path = re.sub(r"<(?:int|uuid):[^>]+>", "1", path)
    path = re.sub(r"<[^>]+>", "x", path)
    path = re.sub(r"\(\?P\(?[^)]*\)", "x", path)
    return path.replace("$", "").replace("^", "").replace("\\Z", "")


def is_api(path: str) -> bool:
    return path.startswith(("/api/fhir", "/fhir/R4"))


def test_there_are_routes_to_check():
    found = {name for _, name, _ in routes()}
    assert {"accounts:login", "tasks:claim", "tasks:task", "tasks:changes"} <= found
    assert any(is_api(path) for path, _, _ in routes())


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_needs_a_sign_in(client, method):
    """Who has not signed in is sent to the sign-in page, or refused, wherever she goes."""
    leaks = {}
    for path, name, _ in routes():
        if is_api(path) or name in OPEN_PAGES or path.rstrip("/") in OPEN_PAGES:
            continue
        if path == "/" or name == "admin:login" or path.startswith("/static/"):
            continue  # a redirect to the worklist; the admin's own sign-in
        answer = getattr(client, method)(filled(path), follow=False)
        sent_away = answer.status_code in (301, 302) and (
            "/accounts/login/" in answer["Location"] or "/admin/login/" in answer["Location"]
        )
        if not sent_away and not (path.startswith("/admin/") and answer.status_code == 404):
            leaks[path] = (name, answer.status_code)
    assert not leaks


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_path_of_the_api_needs_a_token(client, method):
    for path, _, pattern in routes():
        if not is_api(path) or is_open(path, pattern, method):
            continue
        address = filled(path).replace("/x", "/Task", 1) if "/x" in filled(path) else filled(path)
        answer = getattr(client, method)(address)
        assert answer.status_code in (401, 405), (method, address, answer.status_code)
        if answer.status_code == 401:
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert answer["WWW-Authenticate"].startswith("Bearer")


# Documents


def test_the_drawing_of_the_workflow_is_fresh():
    assert FILE.read_text() == diagram(), "run manage.py workflow_diagram"


def test_the_tables_of_the_api_are_fresh():
    text = api_docs.FILE.read_text()
    assert api_docs.fresh(text) == text, "run manage.py api_docs"


def test_every_status_has_its_transitions():
    assert {*TRANSITIONS} == {*Status.values}
    assert {after for following in TRANSITIONS.values() for after in following} < {*Status.values}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    return [TOP / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("test", JOURNEYS.values())
def test_every_journey_is_there_and_asks_the_api(test):
    file, _, name = test.partition("::")
    body = tree(TOP / "tests" / "browser" / file).body
    [found] = [each for each in body if getattr(each, "name", "") == name]
    assert "api" in {each.arg for each in found.args.args}


ONCE = {"all", "bounding_box", "count", "element_handle", "evaluate", "evaluate_all"}
ONCE |= {"get_attribute", "inner_html", "inner_text", "input_value", "text_content"}
ONCE |= {
    f"is_{state}" for state in ("checked", "disabled", "editable", "enabled", "hidden", "visible")
}
"""What Playwright reads of a page at once, while a part of it may be on its way in or out."""


def called(node: ast.AST) -> Iterator[ast.Attribute]:
    """The methods that are called in it."""
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    yield from (each for each in calls if isinstance(each, ast.Attribute))


@pytest.mark.parametrize("file", sources("tests/browser"), ids=lambda file: file.name)
def test_what_a_page_shows_is_asserted_by_what_waits_for_it(file):
    """By `expect`, or by what tests/browser/patience.py has."""
    asserts = [each for each in ast.walk(tree(file)) if isinstance(each, ast.Assert)]
    assert not [ast.unparse(each) for each in asserts if any(f.attr in ONCE for f in called(each))]
    # Of a locator it would find a part first and then ask what may have been swapped meanwhile.
    of_a_part = {"bounding_box", "element_handle", "evaluate"}
    asked = [each for each in called(tree(file)) if each.attr in of_a_part]
    assert not [ast.unparse(each) for each in asked if ast.unparse(each.value) != "page"]


def test_no_file_names_a_package_registry():
    """Where packages come from is for whoever installs: a mirror must be enough."""
    hosts = re.compile(
        "|".join(
            re.escape(host)
            for host in (
                "pypi" + ".org",
                "pythonhosted" + ".org",
                "registry.npmjs" + ".org",
                "cdn.jsdelivr" + ".net",
                "unpkg" + ".com",
                "cdnjs.cloudflare" + ".com",
            )
        ).encode()
        + b"|--(extra-)?index-url"
    )
    own = Path(__file__).resolve()
    named = [
        str(file.relative_to(TOP))
        for file in tracked_files()
        if file.is_file() and file != own and hosts.search(file.read_bytes())
    ]
    assert not named
