"""How a list looks: rows beside the task, or a table with the columns that its reader chose."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fhir.errors import InvalidSearch
from tasks.models import ListLook

COLUMNS = {
    "priority": _("Priority"),
    "patient": _("Patient"),
    "due": _("Due"),
    "status": _("Status"),
    "stage": _("Stage"),
    "owner": _("Owner"),
    "pool": _("Pool"),
    "age": _("Age"),
}
"""Those that can be left out; what a task is stands in each table."""
MODES = ("split", "table")


@dataclass(frozen=True, slots=True)
class Look:
    mode: str = "split"
    columns: tuple[str, ...] = ()
    """Empty for all."""

    @classmethod
    def from_query(cls, query: QueryDict) -> "Look | None":
        """What an address or a form asks for, None if nothing. Raises InvalidSearch."""
        if "mode" not in query:
            return None
        mode = query["mode"]
        columns = tuple(each for each in query.getlist("column") if each)
        if mode not in MODES or not COLUMNS.keys() >= set(columns):
            raise InvalidSearch(gettext("A list cannot look like that."))
        return cls(mode, tuple(each for each in COLUMNS if each in columns))

    @property
    def table(self) -> bool:
        return self.mode == "table"

    @property
    def query(self) -> str:
        return urlencode({"mode": self.mode, "column": self.columns}, True)

    @property
    def shown(self) -> tuple[str, ...]:
        return self.columns or tuple(COLUMNS)

    @property
    def heads(self) -> list[tuple[str, str, bool]]:
        """(code, what it is called, whether it is shown) of every column."""
        return [(code, str(name), code in self.shown) for code, name in COLUMNS.items()]


SPLIT = Look()


def look_of(user) -> Look:
    """The look that she left."""
    kept = ListLook.objects.filter(user_id=user.pk).first()
    return Look(kept.mode, tuple(kept.columns)) if kept else SPLIT


def keep(user, look: Look) -> None:
    ListLook.objects.update_or_create(
        user_id=user.pk, defaults={"mode": look.mode, "columns": list(look.columns)}
    )


def asked(request: HttpRequest) -> Look:
    """The look of this request: what a part of a page says that it stands in, else the user's."""
    mode = request.headers.get("Taskward-Look", "")
    if mode == "split":
        return SPLIT
    kept = look_of(request.user)
    return Look("table", kept.columns) if mode == "table" else kept
