"""What a site calls itself and how it works, as far as admins may change it while it runs.

What they leave empty in the form (SiteSettings) is as the environment says. The row is read with one
query and kept for half a minute: every page asks. Whoever saves it is shown it at once; other
processes see it when their half minute is over.
"""

from time import monotonic
from typing import Any

from django.conf import settings

from fhir import sql

ENVIRONMENT = {
    "name": "TASKWARD_SITE_NAME",
    "brand": "TASKWARD_BRAND",
    "on_brand": "TASKWARD_ON_BRAND",
    "brand_tint": "TASKWARD_BRAND_TINT",
    "idle_minutes": "TASKWARD_IDLE_MINUTES",
    "undo_seconds": "TASKWARD_UNDO_SECONDS",
    "stats_smallest": "TASKWARD_STATS_SMALLEST",
    "sla_goal": "TASKWARD_SLA_GOAL",
}
"""Field of SiteSettings → the setting that says it while the field is empty."""
EMPTY = (None, "", [])
KEPT_FOR = 30.0
"""Seconds."""

_kept: tuple[float, dict[str, Any]] | None = None


def setting(field: str) -> Any:
    """What a field of SiteSettings says, or the environment in its place."""
    chosen = _chosen().get(field)
    return unset(field) if chosen in EMPTY else chosen


def unset(field: str) -> Any:
    """What the environment says."""
    return getattr(settings, ENVIRONMENT[field])


def _chosen() -> dict[str, Any]:
    if _kept is None or monotonic() > _kept[0]:
        rows = sql.rows("select to_json(s) from accounts_sitesettings s")
        keep(rows[0][0] if rows else {})
    return _kept[1] if _kept else {}


def keep(chosen: dict[str, Any]) -> None:
    """Hold for a while what was chosen."""
    global _kept
    _kept = (monotonic() + KEPT_FOR, chosen)


def forget() -> None:
    """Read anew what is chosen when it is needed next."""
    global _kept
    _kept = None
