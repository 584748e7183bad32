"""The colours and the logo of a site, refused where they could not be read: at the start those of
the environment, in the form those that admins choose in their place (accounts.site).

They are sent as a style sheet of a few lines after ours (tasks.assets: site.css).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings
from django.core.checks import Error
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import site

TEXT, CONTROL = 4.5, 3.0
"""Contrast that WCAG 2.2 asks for: of text (1.4.3), and of borders of controls and of lines (1.4.11)."""

FIELDS = {"brand": "brand", "on-brand": "on_brand", "brand-tint": "brand_tint"}
"""Token → what says it (accounts.site): for both themes, or for the light and the dark one."""
PAIRS = (
    ("on-brand", "brand"),
    ("brand", "surface"),
    ("brand", "surface-2"),
    ("brand", "brand-tint"),
)
"""Text of the first stands on the second."""
THEMES = {"light": gettext_lazy("In the light theme"), "dark": gettext_lazy("In the dark theme")}
HEX = re.compile("#[0-9a-fA-F]{6}")


def tokens() -> dict[str, tuple[str, str]]:
    """Our colours in static/css/tokens.css: token → (light, dark)."""
    text = (settings.STATICFILES_DIRS[0] / "css" / "tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    return {name: (light, dark) for name, light, dark in found}


def site_colours() -> dict[str, tuple[str, str]]:
    """What the site set: token → (light, dark)."""
    return themed({token: site.setting(field) for token, field in FIELDS.items()})


def themed(found: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """One colour is for both themes; none is none."""
    return {token: (pair[0], pair[-1]) for token, pair in found.items() if pair}


def are_colours(found: Sequence[str]) -> bool:
    """Whether they are one, or one for each theme, or none."""
    return len(found) <= len(THEMES) and all(HEX.fullmatch(each) for each in found)


def style_sheet() -> str:
    """Only what the site set, and what follows from its brand; "" when it set nothing."""
    set_here = site_colours()
    lines = [f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in set_here.items()]
    if "brand" in set_here:
        lines += [
            "--brand-hover: color-mix(in srgb, var(--brand) 82%, var(--ink));",
            "--brand-line: color-mix(in srgb, var(--brand) 45%, var(--surface));",
        ]
    if "brand-tint" in set_here:
        lines.append("--select: var(--brand-tint);")
    return f"@layer tokens {{ :root {{ {' '.join(lines)} }} }}" if lines else ""


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio of two colours #rrggbb."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_branding(app_configs, **options) -> list[Error]:
    """`manage.py check`, and each start: colours that are none, or that could not be read."""
    found = {token: site.unset(field) for token, field in FIELDS.items()}
    wrong = [
        Error(
            f"{site.ENVIRONMENT[FIELDS[token]]} must be one colour or two, light and dark:"
            " #rrggbb or #rrggbb,#rrggbb.",
            id="accounts.E001",
        )
        for token, pair in found.items()
        if not are_colours(pair)
    ]
    if not wrong:
        hint = "Set TASKWARD_BRAND, TASKWARD_ON_BRAND and TASKWARD_BRAND_TINT together."
        wrong = [Error(each, hint=hint, id="accounts.E002") for each in unreadable(themed(found))]
    return wrong + _foreign()


def unreadable(chosen: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """A sentence for each text of ours that could not be read in colours so chosen."""
    colours = tokens() | chosen
    for text, ground in PAIRS:
        for theme, one, other in zip(THEMES.values(), colours[text], colours[ground], strict=True):
            if (ratio := contrast(one, other)) < TEXT:
                yield _(
                    "%(theme)s, --%(text)s %(one)s on --%(ground)s %(other)s has a contrast of"
                    " %(ratio).2f:1; text needs %(least)s:1."
                ) % {
                    "theme": theme,
                    "text": text,
                    "one": one,
                    "ground": ground,
                    "other": other,
                    "ratio": ratio,
                    "least": TEXT,
                }


def _foreign() -> list[Error]:
    """Addresses that the browser would refuse, or that must not be."""
    found = []
    logo, sign_on = settings.TASKWARD_LOGO, settings.TASKWARD_SSO_URL
    if logo and not re.match("/(?!/)", logo):
        found.append(
            Error("TASKWARD_LOGO must be an address on this server: /…", id="accounts.E003")
        )
    if sign_on and not re.match("https://|/(?!/)", sign_on):
        found.append(
            Error("TASKWARD_SSO_URL must begin with https:// or with /.", id="accounts.E004")
        )
    return found
