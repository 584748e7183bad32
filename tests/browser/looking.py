"""Looking at a page in every window: WCAG 2.2 AA as far as it can be judged by a machine."""

from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser import clinic
from tests.browser.patience import settled
from tests.browser.test_accessibility import OPTIONS

WIDTHS = (1440, 768, 390)
HEIGHT = 900
NARROWEST = 320
"""CSS pixels: what 1280 are at 400 %. https://www.w3.org/WAI/WCAG22/Understanding/reflow"""
SMALLEST_TARGET = {1440: 24, 768: 24, 390: 44}
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""A theme changes nothing but colours, so that the other rules say the same in both of them."""
SCRIPT = AXE_SCRIPT + Path(__file__).with_name("looking.js").read_text()


def problems_of(page: Page, part: str) -> list[str]:
    """What is wrong with a part of a page in any window; each is told of the first that has it."""
    found: dict[str, str] = {}
    for window, *look in _looks(page, part):
        for each in settled(lambda look=look: page.evaluate(*look), []):
            found.setdefault(each, window)
    return [f"{window}: {each}" for each, window in found.items()]


def _looks(page: Page, part: str) -> Iterator[tuple]:
    """Each window, while the page stands in it, with what to evaluate there."""
    page.evaluate(SCRIPT)
    page.evaluate("part => looking.at(part)", part)
    names = clinic.CANARIES
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme, rules in (("light", OPTIONS["runOnly"]), ("dark", OF_COLOURS)):
            page.emulate_media(color_scheme=theme)
            yield f"{width} {theme}", "rules => looking.judged(rules)", rules
        look = """([least, names]) =>
            [...looking.small(least), ...looking.cut(names), ...looking.wide(), ...looking.overlapping(),
            ...looking.covered()]"""
        yield str(width), look, [SMALLEST_TARGET[width], names]
        page.evaluate("looking.spaced(true)")
        look = "names => [...looking.cut(names), ...looking.wide(), ...looking.overlapping()]"
        yield f"{width} spaced", look, names
        page.evaluate("looking.spaced(false)")
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    page.emulate_media(color_scheme="light", forced_colors="active", reduced_motion="reduce")
    look = "names => [...looking.cut(names), ...looking.wide(), ...looking.overlapping(), ...looking.edgeless(), ...looking.moving()]"
    yield str(NARROWEST), look, names
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
