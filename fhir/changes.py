"""`$changes`: the change feed for whoever asks for it now and then, instead of being told.

It shows what the actor may read now, deletions too; what she may not is passed over. Whoever reads
everything, by role and token, is given numbers. To others a number would tell how much happens that
they do not see: they have the position in a sealed cursor.
https://hl7.org/fhir/R4/bundle.html#history
"""

from urllib.parse import parse_qsl, quote, urlencode

from fhir import definitions, feed, json
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.conformance import CANONICAL, extension, operation, parameter
from fhir.datatypes import to_instant
from fhir.errors import InvalidSearch
from fhir.feed import FeedChange
from fhir.parameters import string_values
from fhir.renderers import bundle, etag
from fhir.resources import Operation
from fhir.scopes import allows
from fhir.search.pagination import Cursor, seal, unseal
from fhir.search.parse import CURSOR, blamed
from fhir.subscriptions.authors import readable

DEFAULT_COUNT = 100
MAX_COUNT = 1_000
LOOKED_AT = 5_000
"""Changes that one request looks at, of which none may be for the actor: the next one goes on."""
NUMBER = f"{CANONICAL}/StructureDefinition/change-number"
CONTENTS = ("id-only", "full-resource")

DEFINITION = operation(
    "changes",
    "changes",
    on="Resource",
    levels=("system",),
    name="Changes",
    description="What has changed since a position, in order, as far as you may read it now: a"
    " history Bundle, of which the next link always leads on from where it ends. An empty one says"
    " that nothing has changed; ask for the next link later.",
    parameter=[
        parameter("since", "integer", "The number of the last change that you know; 0 for all."),
        parameter("_count", "integer", "Changes a page, at most 1,000."),
        parameter("_type", "code", "Only of these types, with commas between.", max="*"),
        parameter("content", "code", "id-only (unasked) or full-resource."),
        parameter("return", "Bundle", "The changes.", use="out", min=1),
    ],
)
CHANGE_NUMBER = extension(
    "change-number",
    on="Bundle.entry",
    name="ChangeNumber",
    description="The number of a change: without gaps, in the order in which changes became visible.",
    elements=[
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "positiveInt"}]},
    ],
)


def changes(request: Request, resource_id: None = None) -> Answer:
    """Raises InvalidSearch."""
    feed.number_changes()
    asked = _Asked(request)
    page, position = _page(asked, request.actor)
    head = {
        "type": "history",
        "link": [
            {"relation": "self", "url": asked.url(asked.since)},
            {"relation": "next", "url": asked.url(position)},
        ],
    }
    entries = (
        _entry(each, request.base, numbered=asked.numbered, full=asked.full) for each in page
    )
    return Answer(body=bundle(head, entries))


OPERATION = Operation(
    "changes", "system", changes, affects_state=False, definition=DEFINITION["url"]
)


class _Asked:
    """The parameters, of the URL and of the body."""

    def __init__(self, request: Request):
        self.actor, self.base = request.actor, request.base
        self.numbered = _is_told_all(request.actor)
        given = dict(parse_qsl(request.query)) | _of_body(request)
        self.count = min(_whole(given, "_count", DEFAULT_COUNT), MAX_COUNT)
        self.content = given.get("content", CONTENTS[0])
        if self.content not in CONTENTS:
            raise InvalidSearch(
                f"content is one of {', '.join(CONTENTS)}.", expression=blamed("content")
            )
        self.types = _types(given.get("_type", ""))
        self.since = self._position(given)

    def _position(self, given: dict[str, str]) -> int:
        if cursor := given.get(CURSOR):
            return unseal(cursor, self._order, actor=self.actor).values[0]
        if "since" not in given:
            return feed.latest()
        since = _whole(given, "since", 0)
        if since and not self.numbered:
            raise InvalidSearch(
                "since: begin at 0 or without it, and follow the next links.",
                expression=blamed("since"),
            )
        return since

    @property
    def full(self) -> bool:
        return self.content == "full-resource"

    @property
    def _order(self) -> str:
        return f"$changes?{','.join(self.types)}"

    @property
    def readable_types(self) -> list[str] | None:
        """None for all."""
        if self.actor.scopes is None:
            return self.types or None
        names = self.types or sorted(definitions.resource_types())
        return [name for name in names if allows(self.actor, name, "r")]

    def url(self, position: int) -> str:
        """The page after a position."""
        pairs = {"_count": str(self.count)}
        if self.types:
            pairs["_type"] = ",".join(self.types)
        if self.full:
            pairs["content"] = self.content
        if self.numbered:
            pairs = {"since": str(position)} | pairs
        else:
            sealed = seal(Cursor([position], None), self._order, actor=self.actor)
            pairs |= {CURSOR: sealed}
        return f"{self.base}/$changes?{urlencode(pairs, quote_via=quote)}"


def _of_body(request: Request) -> dict[str, str]:
    """The values of a Parameters resource as they would stand in the URL."""
    if request.method != "POST":
        return {}
    string_values(request.body)  # of the right form
    listed = (request.body or {}).get("parameter", ())
    return {
        each["name"]: str(value)
        for each in listed
        if isinstance(each.get("name"), str)
        for key, value in each.items()
        if key.startswith("value") and type(value) in (str, int)
    }


def _is_told_all(actor: Actor) -> bool:
    return actor.reads_everything and (
        actor.scopes is None
        or all(allows(actor, name, "r") for name in definitions.resource_types())
    )


def _whole(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise InvalidSearch(f"{name} must be a whole number, 0 or more.", expression=blamed(name))
    return int(text)


def _types(text: str) -> list[str]:
    names = sorted({each.strip() for each in text.split(",") if each.strip()})
    if not set(names) <= definitions.resource_types():
        raise InvalidSearch("_type names what is no type of R4.", expression=blamed("_type"))
    return names


def _page(asked: _Asked, actor: Actor) -> tuple[list[FeedChange], int]:
    """The changes after a position that the actor may read, and the position after them."""
    found: list[FeedChange] = []
    position, looked_at, end = asked.since, 0, feed.latest()
    while len(found) < asked.count and looked_at < LOOKED_AT:
        limit = min(max(asked.count, 100), LOOKED_AT - looked_at)
        batch = feed.changes(position, limit, types=asked.readable_types)
        if not batch:
            return found, max(position, end)
        rights = readable(actor, [(each.resource_type, each.resource_id) for each in batch])
        for each in batch:
            position = each.number
            if (each.resource_type, each.resource_id) in rights:
                found.append(each)
                if len(found) == asked.count:
                    break
        looked_at += len(batch)
    return found, position


def _entry(change: FeedChange, base: str, *, numbered: bool, full: bool) -> str:
    created, deleted = change.version_id == 1, not change.document
    entry: dict = {"fullUrl": f"{base}/{change.reference}"}
    if numbered:
        entry["extension"] = [{"url": NUMBER, "valuePositiveInt": change.number}]
    entry |= {
        "request": {
            "method": "DELETE" if deleted else "POST" if created else "PUT",
            "url": change.resource_type if created else change.reference,
        },
        "response": {
            "status": "204" if deleted else "201" if created else "200",
            "etag": etag(change.version_id),
            "lastModified": to_instant(change.last_updated),
        },
    }
    text = json.dumps(entry).decode()
    return f'{text[:-1]},"resource":{change.document}}}' if full and not deleted else text
