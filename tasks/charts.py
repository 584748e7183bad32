"""Charts as SVG, drawn here: they print, need no script, and take their colours from the style sheet.

Each is one image with a sentence that says what it shows; the numbers stand beside it in a table.
Lines differ by weight and dashes as well as by colour, and are named where they end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """`values` has one for each place along the axis, None where there is none. `kind` is its look."""

    kind: str
    values: Sequence[float | None]
    label: str
    """What stands where it ends."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with its name; `note` stands below. `kind` is its look: "", "warn", "now"."""

    name: str
    value: float
    text: str
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """The ticks of an axis that begins at 0: (value, what it is called). `top` is where it ends."""

    ticks: Sequence[tuple[float, str]]
    top: float


def steps(top: float, sizes: Iterable[float], most: int = 4) -> list[float]:
    """0 and the multiples of the first size of which not more than `most` reach the top."""
    size = next((each for each in sizes if top <= each * most), top or 1)
    return [size * number for number in range(max(1, ceil(top / size)) + 1)]


def _svg(width: float, height: float, sentence: str, kind: str, parts: Iterable[str]) -> SafeString:
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        kind, _short(width), _short(height), sentence, _joined(parts),
    )  # fmt: skip


def _joined(parts: Iterable[str]) -> SafeString:
    return format_html_join("", "{}", ((each,) for each in parts))


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _text(x: float, y: float, text: str, kind: str = "") -> SafeString:
    return format_html('<text class="{}" x="{}" y="{}">{}</text>', kind, _short(x), _short(y), text)


def _rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> SafeString:
    ends = (_short(each) for each in (x1, y1, x2, y2))
    return format_html('<path class="{}" d="M{} {}L{} {}"/>', kind, *ends)


def _box(x: float, y: float, width: float, height: float, kind: str) -> SafeString:
    shape = (_short(each) for each in (x, y, width, height))
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>', kind, *shape
    )


# --- lines along time -----------------------------------------------------------------------------

TALL, ABOVE, BELOW, BEFORE = 270, 34, 30, 46
"""Of a drawing of lines: its height, and the space around them."""
APART = 15
"""Between two names at the end of lines."""
LETTER = 6.8
"""How wide a letter is, taken from a font with wide ones."""


def lines(
    sentence: str,
    labels: Sequence[str],
    series: Sequence[Line],
    axis: Axis,
    *,
    width: int,
    kind: str,
    goal: tuple[float, str] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> SafeString:
    """`goal` is a value with its name; `marks` are places between 0 and 1 along time, with theirs."""
    after = 118 if width > 400 else 96
    right, bottom = width - after, TALL - BELOW

    def x(number: float) -> float:
        return BEFORE + (right - BEFORE) * number / max(1, len(labels) - 1)

    def y(value: float) -> float:
        return bottom - (bottom - ABOVE) * value / axis.top

    parts: list[str] = []
    for value, name in axis.ticks:
        parts += [_rule(BEFORE, y(value), right, y(value), "grid")]
        parts += [_text(BEFORE - 8, y(value) + 4, name, "scale end")]
    every = max(1, ceil(len(labels) / (6 if width > 400 else 3)))
    last = len(labels) - 1
    for number, label in enumerate(labels):
        if (last - number) % every == 0:
            parts.append(_text(x(number), TALL - 8, label, "scale middle"))
    for number, (place, name) in enumerate(marks):
        at = BEFORE + (right - BEFORE) * place
        side = "end" if place > 0.5 else ""
        parts.append(_rule(at, 8 + 14 * (number % 2), at, bottom, "mark"))
        said = _fitting(name, (at if side else width - at) - 6)
        parts.append(_text(at + (-6 if side else 6), 16 + 14 * (number % 2), said, f"said {side}"))
    if goal and goal[0] <= axis.top:
        parts.append(_rule(BEFORE, y(goal[0]), right, y(goal[0]), "goal"))
        parts.append(_text(BEFORE + 6, y(goal[0]) - 5, goal[1], "said"))
    if len(series) > 1:
        parts += _bands(series[0], series[1], x, y)
    ends: list[tuple[float, Line, Point]] = []
    for each in series:
        points = [(x(n), y(value)) for n, value in enumerate(each.values) if value is not None]
        parts += [_path(run, each.kind) for run in _runs(each.values, x, y)]
        if points:
            parts.append(_dot(points[-1], each.kind))
            ends.append((points[-1][1], each, points[-1]))
    beneath = float("inf")
    for height, each, _ in sorted(ends, key=lambda end: -end[0]):
        beneath = min(height + 4, beneath - APART)
        parts.append(_text(right + 8, beneath, each.label, "name"))
    return _svg(width, TALL, sentence, kind, parts)


def _fitting(name: str, room: float) -> str:
    """As much of a name as there is room for."""
    most = int(room / LETTER)
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def _runs(values: Sequence[float | None], x, y) -> list[list[Point]]:
    """The unbroken parts of a line."""
    runs: list[list[Point]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(number), y(value)))
    return [run for run in runs if run]


def _path(points: Sequence[Point], kind: str) -> SafeString:
    return format_html('<path class="line {}" d="{}"/>', kind, _along(points))


def _along(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _dot(point: Point, kind: str) -> SafeString:
    return format_html(
        '<circle class="dot {}" cx="{}" cy="{}" r="3.5"/>', kind, *map(_short, point)
    )


def _bands(low: Line, high: Line, x, y) -> list[SafeString]:
    """What lies between two lines, wherever both go on."""
    found, there, back = [], [], []
    for number, (under, over) in enumerate(
        [*zip(low.values, high.values, strict=True), (None, None)]
    ):
        if under is not None and over is not None:
            there.append((x(number), y(over)))
            back.append((x(number), y(under)))
            continue
        if len(there) > 1:
            found.append(format_html('<path class="band" d="{}Z"/>', _along([*there, *back[::-1]])))
        there, back = [], []
    return found


# --- bars -----------------------------------------------------------------------------------------

WIDE = 360
"""Of a drawing of bars: cards are no wider, nor is a phone."""


def across(
    sentence: str,
    bars: Sequence[Bar],
    *,
    width: int = WIDE,
    top: float | None = None,
    goal: float | None = None,
) -> SafeString:
    """One below the other, each under its name. A goal is a dashed line through all of them."""
    room = width - 46
    full = max([top or 0, *(each.value for each in bars)]) or 1
    parts: list[str] = []
    y = 12.0
    for each in bars:
        parts.append(_text(0, y, each.name))
        parts.append(_box(0, y + 6, max(2, room * each.value / full), 10, f"bar {each.kind}"))
        parts.append(_text(max(2, room * each.value / full) + 7, y + 15, each.text, "value"))
        if each.note:
            parts.append(_text(0, y + 30, each.note, f"note {each.kind}"))
        if goal is not None:
            at = room * goal / full
            parts.append(_rule(at, y + 3, at, y + 19, "goal"))
        y += 50 if each.note else 36
    return _svg(width, max(y - 8, 20), sentence, "across", parts)


HIGH = 190


def upright(sentence: str, bars: Sequence[Bar]) -> SafeString:
    """Side by side along time: the first and the last are named, and these and the largest say how
    many they are."""
    full = max((each.value for each in bars), default=0) or 1
    step = WIDE / max(1, len(bars))
    bottom, top = HIGH - 22, 20
    largest = max(bars, key=lambda each: each.value, default=None)
    parts: list[str] = []
    for number, each in enumerate(bars):
        height = max(1.5, (bottom - top) * each.value / full)
        x, width = number * step, min(40.0, step * 0.72)
        is_last = number == len(bars) - 1
        parts.append(_box(x, bottom - height, width, height, "bar now" if is_last else "bar quiet"))
        if is_last or number == 0 or each is largest:
            parts.append(_text(x + width / 2, bottom - height - 6, each.text, "value middle"))
    if bars:
        parts.append(_text(0, HIGH - 5, bars[0].name, "scale"))
        if len(bars) > 1:
            end = (len(bars) - 1) * step + min(40.0, step * 0.72)
            parts.append(_text(end, HIGH - 5, bars[-1].name, "scale end"))
    return _svg(WIDE, HIGH, sentence, "upright", parts)
