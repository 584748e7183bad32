"""manage.py api_docs: write the tables of docs/api.md from the tables that the API is made of."""

from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from fhir import batch, conformance, definitions, errors, idempotency, json, parsers, resources
from fhir.models import ClinicalResource
from fhir.openapi.document import REFUSALS
from fhir.openapi.parameters import HEADERS, HEADERS_OF
from fhir.patching import json_patch
from fhir.resources import ResourceType
from fhir.routes import ROUTES
from fhir.search import includes, parse, words
from fhir.validation import walk

FILE = settings.TOP / "docs" / "api.md"


def fresh(text: str) -> str:
    """docs/api.md with its tables as they should be; each stands between two marks."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->\n"
        before, mark, rest = text.partition(start)
        _, end_mark, after = rest.partition(end)
        if not (mark and end_mark):
            raise CommandError(f"docs/api.md has no place for {name}.")
        text = f"{before}{start}\n{table()}\n{end}{after}"
    return text


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`"


# --- the tables -----------------------------------------------------------------------------------


def interactions() -> str:
    """Each interaction of R4, with its requests and the headers that count."""
    requests: dict[str, list[str]] = {}
    for route in ROUTES:
        path = "/" + route.path.replace("<str:type_name>", "Type").replace("<str:", "{")
        path = path.replace(">", "}").replace("{resource_id}", "id").replace("{version_id}", "2")
        for method, interaction in route.methods.items():
            requests.setdefault(interaction.code, []).append(_code(f"{method} {path}"))
    return _table(
        ("interaction", "requests below the base", "headers"),
        (
            (code, ", ".join(dict.fromkeys(listed)), ", ".join(HEADERS_OF.get(code, ())))
            for code, listed in requests.items()
        ),
    )


def headers() -> str:
    return _table(
        ("header", "meaning"),
        (
            (name, " ".join([said, *map(_code, schema.get("enum", ()))]))
            for name, (schema, said) in HEADERS.items()
        ),
    )


def operations() -> str:
    """Each operation and named query, with what its definition says."""
    described = {
        each["url"]: each["description"]
        for each in conformance.documents()
        if each["resourceType"] == "OperationDefinition"
    }
    return _table(("operation", "what it does"), _operations(described))


def _operations(described: dict[str, str]) -> Iterator[tuple[str, str]]:
    of_types: dict[tuple[str, str], tuple[list[str], set[str]]] = {}
    for resource_type in resources.all_types():
        for each in resource_type.all_operations():
            path = f"id/${each.name}" if each.level == "instance" else f"${each.name}"
            methods = ("POST",) if each.affects_state else ("GET", "POST")
            asked, names = of_types.setdefault((each.name, each.definition), ([], set()))
            names.add(resource_type.name)
            asked += [f"{method} Type/{path}" for method in methods]
    for each in resources.system_operations():
        methods = ("POST",) if each.affects_state else ("GET", "POST")
        yield (
            ", ".join(_code(f"{method} /${each.name}") for method in methods),
            described[each.definition],
        )
    for (_, url), (asked, names) in of_types.items():
        type_name = min(names) if len(names) == 1 else "Type"
        requests = [_code(each.replace("Type", type_name, 1)) for each in dict.fromkeys(asked)]
        yield ", ".join(requests), described[url]
    for resource_type in resources.all_types():
        queries = getattr(resource_type.search(), "named_queries", {})
        for name, query in queries.items():
            yield _code(f"GET {resource_type.name}?_query={name}"), described[query.definition]


def parameters() -> str:
    """Our own search parameters."""
    return _table(
        ("parameter", "type", "meaning"),
        (
            (
                ", ".join(_code(f"{base}?{each['code']}=") for base in each["base"]),
                each["type"],
                each["description"],
            )
            for each in definitions.own_search_parameters()
        ),
    )


def search() -> str:
    """The parameters of each type that has a table of its own; then those of every type."""
    own = [each for each in resources.all_types() if each.model is not ClinicalResource]
    common = set.intersection(*({name for name, *_ in each.search().parameters()} for each in own))
    common = {name for name in common if name.startswith("_")}
    parts = ["Of every type:\n\n" + _parameters(own[0], common.__contains__)]
    parts += [
        f"\n{each.name}:\n\n" + _parameters(each, lambda name: name not in common) for each in own
    ]
    return "".join(parts)


def _parameters(resource_type: ResourceType, wanted: Callable[[str], bool]) -> str:
    filters = resource_type.search().base_filters
    own = f"{resource_type.name}."
    return _table(
        ("parameter", "type", "modifiers", "looks at"),
        (
            (
                _code(name),
                kind,
                " ".join(_modifiers(filters[name].modifiers)),
                ", ".join(each.removeprefix(own) for each in elements.split(", ")),
            )
            for name, kind, elements in sorted(resource_type.search().parameters())
            if wanted(name)
        ),
    )


def _modifiers(names: frozenset[str]) -> list[str]:
    types = names & definitions.resource_types()
    return [_code(f":{name}") for name in sorted(names - types - {""})] + [_code(":Type")] * bool(
        types
    )


def limits() -> str:
    return _table(
        ("what", "at most"),
        (
            ("a resource", f"{json.MAX_RESOURCE_BYTES // 1024**2} MB"),
            ("a text in it", f"{json.MAX_STRING_BYTES // 1024**2} MB"),
            ("levels of JSON", str(walk.MAX_DEPTH)),
            ("a Bundle to carry out", f"{parsers.MAX_BUNDLE_BYTES // 1024**2} MB"),
            ("its entries", f"{batch.MAX_ENTRIES:,}"),
            ("operations of a JSON Patch", str(json_patch.MAX_OPERATIONS)),
            ("issues that are told of a document", str(walk.MAX_ISSUES)),
            ("matches a page, `_count`", f"{parse.MAX_COUNT:,}; {parse.DEFAULT_COUNT} unasked"),
            ("included resources a page", f"{includes.MAX_INCLUDED:,}"),
            ("conditions of a search", str(parse.MAX_CLAUSES)),
            ("values between commas", f"{parse.MAX_VALUES:,}"),
            ("parameters of a chain or nested `_has`", str(parse.MAX_CHAIN)),
            ("`_include` and `_revinclude`", str(parse.MAX_INCLUDES)),
            ("keys of `_sort`", str(parse.MAX_SORT_KEYS)),
            ("`_offset`", f"{parse.MAX_OFFSET:,}"),
            ("a search by POST", f"{parsers.MAX_FORM_BYTES // 1024} KB"),
            ("documents that `_text` and `_content` read", f"{words.MAX_ROWS:,}"),
            ("an Idempotency-Key is known", f"{idempotency.KEPT.days} day"),
        ),
    )


def statuses() -> str:
    return _table(
        ("status", "issue code", "meaning"),
        (
            (str(status), each.code, each.__doc__ or "")
            for status, each in sorted((REFUSALS | {405: errors.MethodNotAllowed}).items())
        ),
    )


def extensions() -> str:
    return _table(
        ("extension", "on", "meaning"),
        (
            (
                _code(each["url"]),
                ", ".join(context["expression"] for context in each["context"]),
                each["description"],
            )
            for each in conformance.documents()
            if each["resourceType"] == "StructureDefinition"
        ),
    )


TABLES: dict[str, Callable[[], str]] = {
    "interactions": interactions,
    "headers": headers,
    "operations": operations,
    "our parameters": parameters,
    "extensions": extensions,
    "search": search,
    "limits": limits,
    "statuses": statuses,
}


class Command(BaseCommand):
    help = "Write the tables of docs/api.md."

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="Only say whether they are fresh.")

    def handle(self, *args, check, **options):
        text = FILE.read_text()
        if not check:
            FILE.write_text(fresh(text))
        elif text != fresh(text):
            raise CommandError("docs/api.md is out of date: run manage.py api_docs.")
