"""A value over the last twelve months as a small line: drawn here, so that it prints, needs no
script and can be read out (ui.md 2.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

YEAR = timedelta(days=365)
WIDTH, HEIGHT, PAD = 76, 22, 4
SHOWN = 40
"""Points of one line; of more, the newest."""


class Point(NamedTuple):
    at: datetime
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Trend:
    """What the SVG needs, as text: coordinates are never written in the reader's language."""

    line: str
    band_y: str
    band_height: str
    x: str
    y: str
    sentence: str

    size = (WIDTH, HEIGHT)


def trend(
    points: list[Point], *, low: float | None, high: float | None, normal: str, name: str
) -> Trend | None:
    """The line through `points`, oldest first; None for fewer than two."""
    points = [each for each in points if each.at >= points[-1].at - YEAR][-SHOWN:]
    if len(points) < 2:
        return None
    ends = [each for each in (low, high) if each is not None]
    values = [each.value for each in points]
    bottom, top = min(values + ends), max(values + ends)
    room = (top - bottom) or abs(top) or 1.0
    # A band that is open on one side goes on to the edge, which is further away then.
    bottom -= room * (0.4 if low is None and ends else 0.12)
    top += room * (0.4 if high is None and ends else 0.12)
    start, length = points[0].at, points[-1].at - points[0].at

    def x(at: datetime) -> float:
        return PAD + (WIDTH - 2 * PAD) * ((at - start) / length if length else 1)

    def y(value: float) -> float:
        return HEIGHT - HEIGHT * (value - bottom) / (top - bottom)

    band_top = y(high if high is not None else top) if ends else 0.0
    band_bottom = y(low if low is not None else bottom) if ends else 0.0
    return Trend(
        line=" ".join(f"{x(each.at):.1f},{y(each.value):.1f}" for each in points),
        band_y=f"{band_top:.1f}",
        band_height=f"{max(band_bottom - band_top, 0):.1f}",
        x=f"{x(points[-1].at):.1f}",
        y=f"{y(points[-1].value):.1f}",
        sentence=_sentence(points, name, normal),
    )


def _sentence(points: list[Point], name: str, normal: str) -> str:
    """The line for those who hear it: each value, at most the last six."""
    values = ", ".join(each.text for each in points[-6:])
    told = ngettext(
        "%(name)s, %(count)s value in the last 12 months: %(values)s.",
        "%(name)s, %(count)s values in the last 12 months, oldest first: %(values)s.",
        len(points),
    ) % {"name": name, "count": len(points), "values": values}
    if len(points) > 6:
        told = _("%(name)s, %(count)s values in the last 12 months, the last six: %(values)s.") % {
            "name": name,
            "count": len(points),
            "values": values,
        }
    return told + (" " + _("Normal is %(range)s.") % {"range": normal} if normal else "")
