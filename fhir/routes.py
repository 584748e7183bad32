"""The one table of what the API answers: HTTP, Bundle entries, /metadata and OpenAPI read it.

https://hl7.org/fhir/R4/http.html#summary
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.urls.resolvers import RoutePattern

from fhir import batch, interactions, json, parsers
from fhir.answers import Answer, Request
from fhir.capability import capability_statement
from fhir.errors import MethodNotAllowed, NotFound


@dataclass(frozen=True)
class Interaction:
    """`run(request, **segments)` answers; `code` is its name in a CapabilityStatement.

    `body` are the parsers of what it takes, and `may_be_empty` says that it may come without.
    `is_open`: without signing in.
    https://hl7.org/fhir/R4/valueset-system-restful-interaction.html
    """

    code: str
    run: Callable[..., Answer]
    body: tuple[type[parsers.BaseParser], ...] = ()
    may_be_empty: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Route:
    """`path`, in Django's notation, is below the base; `methods` are its interactions."""

    path: str
    methods: dict[str, Interaction]

    @cached_property
    def pattern(self) -> RoutePattern:
        return RoutePattern(self.path, is_endpoint=True)


def capabilities(request: Request) -> Answer:
    """https://hl7.org/fhir/R4/http.html#capabilities"""
    codes = {each.code for route in ROUTES for each in route.methods.values()} | {"batch"}
    return Answer(body=json.dumps(capability_statement(request.base, codes)))


def process_bundle(request: Request) -> Answer:
    """https://hl7.org/fhir/R4/http.html#transaction"""
    return batch.process_bundle(request, perform)


RESOURCE = (parsers.FhirJsonParser, parsers.JsonParser)
BUNDLE = (parsers.BundleParser, parsers.PlainBundleParser)
PATCH = (parsers.JsonPatchParser, parsers.FhirJsonParser)
FORM = (parsers.FormParser,)

SEARCH_ALL = Interaction("search-system", interactions.search_all)
SEARCH = Interaction("search-type", interactions.search_type)
COMPARTMENT = Interaction("search-compartment", interactions.search_compartment)
PATCH_TYPE = Interaction("patch", interactions.conditional_patch, PATCH)


def by_name(run: Callable[..., Answer]) -> dict[str, Interaction]:
    """Operations: which may be asked by GET, each says itself."""
    return {
        "GET": Interaction("operation", run),
        "POST": Interaction("operation", run, RESOURCE, may_be_empty=True),
    }


OPERATION = by_name(interactions.operation)


def by_form(interaction: Interaction) -> dict[str, Interaction]:
    """The same search with its parameters in the body."""
    return {"POST": Interaction(interaction.code, interaction.run, FORM, may_be_empty=True)}


ROUTES = (
    Route(
        "",
        {"GET": SEARCH_ALL, "POST": Interaction("transaction", process_bundle, BUNDLE)},
    ),
    Route(
        "metadata",
        {"GET": Interaction("capabilities", capabilities, is_open=True)},
    ),
    Route("_search", by_form(SEARCH_ALL)),
    Route("_history", {"GET": Interaction("history-system", interactions.history_system)}),
    Route("$<str:name>", by_name(interactions.system_operation)),
    Route(
        "<str:type_name>",
        {
            "GET": SEARCH,
            "POST": Interaction("create", interactions.create, RESOURCE),
            "PUT": Interaction("update", interactions.conditional_update, RESOURCE),
            "PATCH": PATCH_TYPE,
            "DELETE": Interaction("delete", interactions.conditional_delete),
        },
    ),
    Route("<str:type_name>/_search", by_form(SEARCH)),
    Route(
        "<str:type_name>/_history",
        {"GET": Interaction("history-type", interactions.history_type)},
    ),
    Route("<str:type_name>/$<str:name>", OPERATION),
    Route(
        "<str:type_name>/<str:resource_id>",
        {
            "GET": Interaction("read", interactions.read),
            "PUT": Interaction("update", interactions.update, RESOURCE),
            "PATCH": Interaction("patch", interactions.patch, PATCH),
            "DELETE": Interaction("delete", interactions.delete),
        },
    ),
    Route(
        "<str:type_name>/<str:resource_id>/_history",
        {"GET": Interaction("history-instance", interactions.history_instance)},
    ),
    Route(
        "<str:type_name>/<str:resource_id>/_history/<str:version_id>",
        {"GET": Interaction("vread", interactions.vread)},
    ),
    Route("<str:type_name>/<str:resource_id>/$<str:name>", OPERATION),
    Route("<str:type_name>/<str:resource_id>/<str:member>", {"GET": COMPARTMENT}),
    Route("<str:type_name>/<str:resource_id>/<str:member>/_search", by_form(COMPARTMENT)),
)


def perform(request: Request, path: str) -> Answer:
    """Answer a request to a path below the base. Raises NotFound and MethodNotAllowed."""
    method = "GET" if request.method == "HEAD" else request.method
    for route in ROUTES:
        if found := route.pattern.match(path):
            interaction = route.methods.get(method)
            if interaction is None:
                raise MethodNotAllowed(allow=", ".join(route.methods))
            return interaction.run(request, **found[2])
    raise NotFound("There is nothing at this path of the API.")
