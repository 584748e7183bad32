"""Charts: what is drawn, said and left out."""

import re

import pytest

from tasks.charts import LETTER, Axis, Bar, Line, across, lines, steps, upright

AXIS = Axis([(0, "0"), (10, "10")], 10)
WEEKS = ["1 Nov", "8 Nov", "15 Nov", "22 Nov"]


def drawn(*values, **more):
    series = [
        Line(kind, each, f"{kind} last") for kind, each in zip(("p50", "p75"), values, strict=False)
    ]
    return lines("A sentence.", WEEKS, series, AXIS, width=720, kind="wide", **more)


def test_a_chart_is_one_image_with_a_sentence():
    for each in (drawn([1, 2, 3, 4]), across("A sentence.", []), upright("A sentence.", [])):
        assert re.match(
            r'<svg class="chart [a-z]+" viewBox="[^"]+" role="img" aria-label="A sentence."', each
        )
        assert each.endswith("</svg>") and "style=" not in each


def test_a_line_is_broken_where_nothing_is_known():
    chart = drawn([1, None, 3, 4], [2, 5, 6, 7])
    assert chart.count('class="line p50"') == 2 and chart.count('class="line p75"') == 1
    # Between them only where both go on.
    assert chart.count('class="band"') == 1
    assert "p50 last" in chart and "p75 last" in chart


def test_a_goal_and_marks_are_named():
    chart = drawn([1, 2, 3, 4], goal=(8, "goal 8 h"), marks=[(0.5, "9 Oct: a rule")])
    assert 'class="goal"' in chart and "goal 8 h" in chart and "9 Oct: a rule" in chart
    assert "goal 80 h" not in drawn([1, 2, 3, 4], goal=(80, "goal 80 h"))


def test_what_people_typed_is_text_only():
    chart = across('"><script>', [Bar("<b>", 1, "1", "<i>")])
    assert "<script>" not in chart and "&lt;b&gt;" in chart and "&lt;i&gt;" in chart


def test_bars_are_as_long_as_their_values():
    chart = across("A sentence.", [Bar("a", 4, "4"), Bar("b", 2, "2")])
    widths = [
        float(each)
        for each in re.findall(r'class="bar [^"]*" x="0" y="[\d.]+" width="([\d.]+)"', chart)
    ]
    assert widths[0] == 2 * widths[1]


def test_an_axis_has_few_ticks_and_reaches_the_top():
    assert steps(7, (1, 2, 4)) == [0, 2, 4, 6, 8]
    assert steps(0, (1, 2)) == [0, 1]
    assert steps(100, (1, 2))[-1] >= 100


@pytest.mark.parametrize("place", [0.0, 0.4, 0.6, 1.0])
def test_the_name_of_a_mark_ends_inside_the_drawing(place):
    name = "17 Oct: rule “A message that nobody has answered yet”"
    chart = lines(
        "A sentence.", WEEKS, [Line("p50", [1, 2], "last")], AXIS, width=340, kind="narrow",
        marks=[(place, name)],
    )  # fmt: skip
    kind, at, said = re.search(
        r'<text class="(said ?[a-z]*)" x="([^"]+)"[^>]*>([^<]+)', chart
    ).groups()
    ends = float(at) - LETTER * len(said) if "end" in kind else float(at) + LETTER * len(said)
    assert 0 <= ends <= 340 and said.startswith("17 Oct: rule")
