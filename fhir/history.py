"""The versions of one resource, of a type, or of everything, newest first.

A history shows the versions of resources that the actor may read now, and of no others (T4). Its
pages are of one moment: what is written while they are read stands in none of them.
https://hl7.org/fhir/R4/http.html#history
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode

from fhir import access, json, resources, sql, store
from fhir.access import columns_of
from fhir.actor import Actor
from fhir.datatypes import DateRange, parse_date, to_instant
from fhir.errors import InvalidSearch, NotFound
from fhir.models import ClinicalResource, ResourceVersion
from fhir.renderers import bundle, etag
from fhir.resources import ResourceType
from fhir.scopes import allows, check_scope
from fhir.search.pagination import Cursor, seal, unseal
from fhir.search.parse import CURSOR, TOTALS, blamed, offset_of

DEFAULT_COUNT = 100
MAX_COUNT = 1_000
MAX_PARAMETERS = 100
COUNTED = 1_000
"""With a first page that is full, versions of several resources are counted up to this; beyond it
the total is left out, unless `_total=accurate` or `_count=0` asks for it."""
ACTOR_EXTENSION = "http://taskward.example/fhir/StructureDefinition/history-actor"
"""Who made a version: R4's history has no element of its own for it."""


def instance_history(
    resource_type: ResourceType,
    resource_id: str,
    query: str | Mapping[str, str],
    *,
    actor: Actor,
    base: str,
) -> str:
    """The history Bundle of one resource, deleted or not, as JSON text.

    `query` is a raw query string or its parameters. Raises NotFound for what the actor may not see
    now, and InvalidSearch.
    """
    check_scope(actor, resource_type.name, "r")
    if store.find(resource_type, resource_id, actor=actor) is None:
        raise NotFound
    # Whoever sees the resource sees its versions.
    rows = _Rows("v.resource_type = %s and v.resource_id = %s", (resource_type.name, resource_id))
    path = f"{resource_type.name}/{resource_id}"
    return _History([rows], path, _read(query), base, actor=actor, counts_all=True).bundle()


def type_history(
    resource_type: ResourceType, query: str | Mapping[str, str], *, actor: Actor, base: str
) -> str:
    """The history Bundle of all resources of a type. Raises InvalidSearch."""
    check_scope(actor, resource_type.name, "s")
    return _History(
        [_rows_of(resource_type, actor)], resource_type.name, _read(query), base, actor=actor
    ).bundle()


def system_history(query: str | Mapping[str, str], *, actor: Actor, base: str) -> str:
    """The history Bundle of all types that the token's scopes allow. Raises InvalidSearch."""
    types = [name for name in store.stored_types(ResourceVersion) if allows(actor, name, "s")]
    rows = [_rows_of(resources.get(name), actor) for name in types]
    return _History(rows, "", _read(query), base, actor=actor).bundle()


# --- what is asked --------------------------------------------------------------------------------


@dataclass
class _Asked:
    """The parameters of a history; `pairs` are those that are used, as they came."""

    count: int = DEFAULT_COUNT
    offset: int = 0
    since: datetime | None = None
    at: DateRange | None = None
    oldest_first: bool = False
    total: str = ""
    cursor: str = ""
    pairs: dict[str, str] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """What a cursor holds for: only the length of its pages may change."""
        return urlencode({name: self.pairs.get(name, "") for name in ("_since", "_at", "_sort")})


def _read(query: str | Mapping[str, str]) -> _Asked:
    """Raises InvalidSearch for a value of the wrong form; what is not known is left out."""
    asked = _Asked()
    for name, value in _pairs(query):
        if not value.strip():
            continue
        match name:
            case "_count":
                asked.count = min(_whole(value, name), MAX_COUNT)
                value = str(asked.count)
            case "_offset":
                asked.offset = offset_of(value, name)
            case "_since":
                asked.since = _dates(value, name).low
            case "_at":
                asked.at = _dates(value, name)
            case "_sort":
                if value not in ("_lastUpdated", "-_lastUpdated"):
                    raise InvalidSearch(
                        "_sort: a history is sorted by _lastUpdated or -_lastUpdated.",
                        expression=blamed(name),
                    )
                asked.oldest_first = value == "_lastUpdated"
            case "_total":
                if value not in TOTALS:
                    raise InvalidSearch(
                        f"_total must be one of {', '.join(TOTALS)}.", expression=blamed(name)
                    )
                asked.total = value
            case "_format" | "_pretty":
                pass
            case _ if name == CURSOR:
                asked.cursor = value
                continue
            case _:
                continue
        asked.pairs[name] = value
    return asked


def _pairs(query: str | Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not isinstance(query, str):
        return query.items()
    if query.count("&") > MAX_PARAMETERS:
        raise InvalidSearch(f"More than {MAX_PARAMETERS} parameters.")
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidSearch("A parameter is not UTF-8.") from error


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidSearch(f"{name} must be a whole number, 0 or more.", expression=blamed(name))
    return int(text)


def _dates(text: str, name: str) -> DateRange:
    try:
        # A "+" that is not encoded arrives as a space.
        return parse_date(text.replace(" ", "+"))
    except ValueError as error:
        raise InvalidSearch(
            f"{name} must be a date or an instant.", expression=blamed(name)
        ) from error


# --- the versions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """Versions of one type: a condition on the alias v that an index serves, and who may see them."""

    where: str
    params: tuple
    visible: str = ""
    visible_params: tuple = ()


def _rows_of(resource_type: ResourceType, actor: Actor) -> _Rows:
    where, params = "v.resource_type = %s", (resource_type.name,)
    if not allows(actor, resource_type.name, "r"):
        return _Rows(where, params, "false")
    model = resource_type.model
    condition = model.readable_condition(actor)
    if condition is access.EVERYTHING:
        return _Rows(where, params)
    table = model._meta.db_table
    readable, readable_params = condition.for_table(table, columns_of(model))
    of_type = f" and {table}.resource_type = v.resource_type" if model is ClinicalResource else ""
    return _Rows(
        where,
        params,
        f"(select 1 from {table} where {table}.resource_id = v.resource_id{of_type}"
        f" and {readable} limit 1) is not null",
        readable_params,
    )


COLUMNS = (
    "v.resource_type, v.resource_id, v.version_id, v.last_updated, v.document, v.interaction,"
    " v.actor, v.id"
)


class _History:
    """One history under way. `path` is that of the resource or type below the base."""

    def __init__(
        self,
        rows: list[_Rows],
        path: str,
        asked: _Asked,
        base: str,
        *,
        actor: Actor,
        counts_all: bool = False,
    ):
        self.rows, self.asked, self.base, self.counts_all = rows, asked, base, counts_all
        self.actor = actor
        self.path = f"{path}/_history" if path else "_history"
        self.order = f"{self.path}?{asked.order}"
        self.cursor = unseal(asked.cursor, self.order, actor=actor) if asked.cursor else None
        self.moment = self.cursor.state if self.cursor else _moment()
        self.narrowed, self.narrowed_params = self._narrowed()

    def _narrowed(self) -> tuple[str, list]:
        """What the parameters ask for, of what there was at the moment of the first page."""
        last_id, _, running = self.moment.partition(":")
        parts, params = ["v.id <= %s"], [int(last_id)]
        if running:
            parts.append("v.transaction <> all(%s::bigint[])")
            params.append([int(each) for each in running.split(",")])
        if self.asked.since:
            parts.append("v.last_updated >= %s")
            params.append(self.asked.since)
        if self.asked.at:
            # Current from when it was written until the next was.
            parts.append(
                "v.last_updated < %s and not exists (select 1 from fhir_resourceversion n"
                " where n.resource_type = v.resource_type and n.resource_id = v.resource_id"
                " and n.version_id = v.version_id + 1 and n.last_updated <= %s)"
            )
            params += [self.asked.at.high, self.asked.at.low]
        return "".join(f" and {part}" for part in parts), params

    def bundle(self) -> str:
        count, cursor = self.asked.count, self.cursor
        skipped = 0 if cursor else self.asked.offset
        found = self._page(skipped + count + 1) if count else []
        page, more = found[skipped : skipped + count], len(found) > skipped + count > skipped
        total = cursor.total if cursor else self._total(len(found), full=more or not count)
        head: dict = {"type": "history"}
        if total is not None:
            head["total"] = total
        head["link"] = [{"relation": "self", "url": self._url(self.asked.cursor)}]
        if more:
            *_, last_updated, _, _, _, row_id = page[-1]
            following = seal(
                Cursor([last_updated, row_id], total, self.moment), self.order, actor=self.actor
            )
            head["link"].append({"relation": "next", "url": self._url(following)})
        return bundle(head, (_entry(self.base, *row) for row in page))

    def _page(self, limit: int) -> list[tuple]:
        direction, sign = ("", ">") if self.asked.oldest_first else (" desc", "<")
        later, later_params = "", []
        if self.cursor:
            later = f" and (v.last_updated, v.id) {sign} (%s::timestamptz, %s)"
            later_params = self.cursor.values
        statements, params = [], []
        for rows in self.rows:
            seen = f" and {rows.visible}" if rows.visible else ""
            statements.append(
                f"(select {COLUMNS} from fhir_resourceversion v"
                f" where {rows.where}{self.narrowed}{later}{seen}"
                f" order by v.last_updated{direction}, v.id{direction} limit {limit})"
            )
            params += [*rows.params, *self.narrowed_params, *later_params, *rows.visible_params]
        if not statements:
            return []
        return sql.rows(
            f"select * from ({' union all '.join(statements)}) v"
            f" order by last_updated{direction}, id{direction} limit {limit}",
            params,
            prepare=False,
        )

    # --- totals -----------------------------------------------------------------------------------

    def _total(self, found: int, *, full: bool) -> int | None:
        if not full:
            return None if self.asked.total == "none" else found
        if self.counts_all or not self.asked.count or self.asked.total == "accurate":
            return self._counted("")
        if self.asked.total == "none":
            return None
        if any(rows.visible for rows in self.rows):
            # Whether few enough were looked at would tell of those that the actor may not see.
            return None
        total = self._counted(f" limit {COUNTED + 1}")
        return total if total <= COUNTED else None

    def _counted(self, limit: str) -> int:
        """How many versions the actor may see, of as many as the limit lets be looked at."""
        statements, params = [], []
        for rows in self.rows:
            statements.append(
                f"(select {rows.visible or 'true'} visible from fhir_resourceversion v"
                f" where {rows.where}{self.narrowed}{limit})"
            )
            params += [*rows.visible_params, *rows.params, *self.narrowed_params]
        if not statements:
            return 0
        return sql.rows(
            "select count(*) filter (where visible)"
            f" from (select visible from ({' union all '.join(statements)}) l{limit}) n",
            params,
            prepare=False,
        )[0][0]

    def _url(self, cursor: str) -> str:
        pairs = dict(self.asked.pairs)
        if cursor:
            pairs.pop("_offset", None)
            pairs[CURSOR] = cursor
        url = f"{self.base}/{self.path}"
        return f"{url}?{urlencode(pairs, quote_via=quote, safe=':')}" if pairs else url


def _moment() -> str:
    """Now, as `<the last version>:<transactions that may still commit others before it>`."""
    ((last_id, snapshot, own),) = sql.rows(
        "select (select coalesce(max(id), 0) from fhir_resourceversion),"
        " pg_current_snapshot()::text, pg_current_xact_id_if_assigned()::text"
    )
    running = [each for each in snapshot.split(":")[2].split(",") if each != own]
    return f"{last_id}:{','.join(running)}"


def _entry(
    base, resource_type, resource_id, version_id, last_updated, document, interaction, actor, _
) -> str:
    reference = f"{resource_type}/{resource_id}"
    created = interaction == "create"
    method = {"create": "POST", "delete": "DELETE", "patch": "PATCH"}.get(interaction, "PUT")
    who = {"reference": actor} if "/" in actor and not actor.startswith("User/") else None
    rest = json.dumps(
        {
            "fullUrl": f"{base}/{reference}",
            "extension": [
                {
                    "url": ACTOR_EXTENSION,
                    "valueReference": who or {"display": actor.removeprefix("User/")},
                }
            ],
            "request": {"method": method, "url": resource_type if created else reference},
            "response": {
                "status": "201" if created else "204" if method == "DELETE" else "200",
                "etag": etag(version_id),
                "lastModified": to_instant(last_updated),
            },
        }
    ).decode()
    return f'{rest[:-1]},"resource":{document}}}' if document else rest
